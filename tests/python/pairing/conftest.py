"""A project folder with one paired notebook, and hands that edit both files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrail.ledger.store import Store
from nbtrail.notebooks.document import dump_notebook, read_notebook, write_notebook
from nbtrail.pairing.sync import SyncResult, sync
from nbtrail.project import Project, load_project

CONFIG = '[policy]\ncategory = "enforce"\ndescription = "enforce"\ntwin = "enforce"\n'
NAME = "1-EXPLORATION-survival.ipynb"


def code(identity: str, source: str, *, text: str = "", **metadata: Any) -> dict[str, Any]:
    """A code cell that has been run."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": text}] if text else []
    return {
        "cell_type": "code", "id": identity, "metadata": metadata, "source": source,
        "outputs": outputs, "execution_count": 1 if text else None,
    }  # fmt: skip


def markdown(identity: str, source: str, **metadata: Any) -> dict[str, Any]:
    """A markdown cell."""
    return {"cell_type": "markdown", "id": identity, "metadata": metadata, "source": source}


def notebook(*cells: dict[str, Any], language: str = "python") -> dict[str, Any]:
    """A notebook of nbformat 4.5."""
    return {
        "cells": list(cells),
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": language},
            "language_info": {"name": language},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


class Desk:
    """A project on disk, with the store open, and shorthands for editing."""

    def __init__(self, root: Path) -> None:
        (root / "nbtrail.toml").write_text(CONFIG)
        self.project: Project = load_project(root)
        self.store: Store | None = Store.open(self.project)
        self.path = NAME

    @property
    def file(self) -> Path:
        return self.project.root / self.path

    @property
    def twin(self) -> Path:
        return self.file.with_suffix(".py")

    def write(self, content: dict[str, Any]) -> None:
        write_notebook(self.file, content)

    def read(self) -> dict[str, Any]:
        return read_notebook(self.file)

    def edit(self, index: int, source: str) -> None:
        """What saving an edited cell from Lab leaves on disk."""
        content = self.read()
        content["cells"][index]["source"] = source
        self.write(content)

    def edit_twin(self, old: str, new: str) -> None:
        """What an editor leaves on disk."""
        text = self.twin.read_text(encoding="utf-8")
        assert old in text
        self.twin.write_text(text.replace(old, new, 1), encoding="utf-8")

    def sync(self) -> SyncResult:
        return sync(self.project, self.store, self.path)

    def sources(self) -> list[str]:
        return ["".join(cell["source"]) for cell in self.read()["cells"]]

    def ids(self) -> list[str]:
        return [cell["id"] for cell in self.read()["cells"]]

    def outputs(self) -> list[str]:
        return [
            "".join("".join(output["text"]) for output in cell.get("outputs", []))
            for cell in self.read()["cells"]
        ]

    def both(self) -> tuple[bytes, bytes]:
        return self.file.read_bytes(), self.twin.read_bytes()

    def restore(self, contents: tuple[bytes, bytes]) -> None:
        self.file.write_bytes(contents[0])
        self.twin.write_bytes(contents[1])

    def kept(self, path: str) -> list[bytes]:
        """Everything that was kept of a path, oldest first."""
        from sqlalchemy import select

        from nbtrail.ledger.tables import kept

        assert self.store is not None
        with self.store.read() as connection:
            rows = connection.execute(
                select(kept.c.sha256).where(kept.c.path == path).order_by(kept.c.id)
            ).scalars()
            return [self.store.blobs.get(digest) for digest in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A project with one notebook of four cells, run and in sync with its twin."""
    root = tmp_path / "titanic"
    root.mkdir()
    made = Desk(root)
    made.write(
        notebook(
            markdown("title", "# Survival by class"),
            code("load", "import pandas as pd\ndf = pd.read_csv('data/train.csv')", text="ok\n"),
            code("mean", "df.groupby('pclass').survived.mean()", text="0.62\n", tags=["keep"]),
            code("plot", "df.plot()", text="figure\n"),
        )
    )
    made.sync()
    store = made.store
    yield made
    if store is not None:
        store.close()


__all__ = ["Desk", "code", "dump_notebook", "markdown", "notebook"]
