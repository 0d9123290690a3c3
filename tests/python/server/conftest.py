"""A real Jupyter Server with nbtrail, on a folder of the test's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from nbtrail.notebooks.document import Notebook, write_notebook
from nbtrail.server.extension import NbtrailExtension

Answer = tuple[int, Any]
Api = Callable[..., Coroutine[Any, Any, Answer]]


def code(source: str, identity: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": identity, "source": source, "metadata": {},
        "outputs": [], "execution_count": None,
    }  # fmt: skip


def notebook(*sources: str, kernel: str = "python3") -> Notebook:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel}},
        "cells": [code(source, f"cell-{n}") for n, source in enumerate(sources)],
    }


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"nbtrail": True}}}


@pytest.fixture
def root(jp_root_dir: Path) -> Path:
    """The server's root: an adopted project with two notebooks that depend on each other."""
    (jp_root_dir / "nbtrail.toml").write_text('[policy]\ncategory = "enforce"\n')
    write_notebook(
        jp_root_dir / "EXPERIMENTAL-use-numbers.ipynb",
        notebook(
            "import json", "total = sum(json.load(open('numbers.json')))\ntotal_score = total / 2"
        ),
    )
    write_notebook(
        jp_root_dir / "CLEANING-make-numbers.ipynb",
        notebook("import json", "json.dump([1, 2, 3], open('numbers.json', 'w'))"),
    )
    return jp_root_dir


@pytest.fixture
def extension(
    root: Path, jp_serverapp: ServerApp, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[NbtrailExtension]:
    """The extension with everything started, as a running server has it."""
    jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.start_all_extensions())
    (app,) = jp_serverapp.extension_manager.extension_apps["nbtrail"]
    assert isinstance(app, NbtrailExtension)
    yield app
    jp_asyncio_loop.run_until_complete(app.stop_extension())


@pytest.fixture
def api(extension: NbtrailExtension, jp_fetch: Any) -> Iterator[Api]:
    """Call a REST route: ``await api("GET", "graph", a="x")`` gives status and JSON."""

    async def call(method: str, path: str, body: Any = None, /, **params: str) -> Answer:
        try:
            response = await jp_fetch(
                "nbtrail", "api", *path.split("/"), method=method, params=params,
                body=None if body is None else json.dumps(body), allow_nonstandard_methods=True,
            )  # fmt: skip
        except HTTPClientError as error:
            assert error.response is not None
            return error.code, json.loads(error.response.body)
        return response.code, json.loads(response.body)

    yield call


async def until(condition: Callable[[], Coroutine[Any, Any, Any]], seconds: float = 60.0) -> Any:
    """Ask again until the answer is truthy; fails after ``seconds``."""
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        found = await condition()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the condition did not come true in time")
