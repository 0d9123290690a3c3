"""Cells, outputs and pictures to make notebooks of."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image


def code(source: str, identity: str | None = None, outputs: Any = ()) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": list(outputs),
        "execution_count": None,
    }
    return cell | ({"id": identity} if identity else {})


def markdown(source: str, identity: str | None = None) -> dict[str, Any]:
    cell = {"cell_type": "markdown", "source": source, "metadata": {}}
    return cell | ({"id": identity} if identity else {})


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def display(**data: Any) -> dict[str, Any]:
    """An output whose types are written with two underscores for the slash."""
    bundle = {mime.replace("__", "/"): value for mime, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": bundle}


def error(name: str, value: str, trace: str = "") -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": [trace]}


def png(
    dots: dict[tuple[int, int], Any] | None = None, size: tuple[int, int] = (20, 10), **saved: Any
) -> str:
    """A white picture with some dots in it, in base64."""
    image = Image.new("RGB", size, "white")
    for place, colour in (dots or {}).items():
        image.putpixel(place, colour)
    file = io.BytesIO()
    image.save(file, "png", **saved)
    return base64.b64encode(file.getvalue()).decode()


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def nbtrail(
    folder: Path, *arguments: str, code: int, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``nbtrail …`` in a folder and insist on its exit status."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "NO_COLOR", "FORCE_"))}
    done = subprocess.run(
        [sys.executable, "-m", "nbtrail.cli", *arguments], cwd=folder, capture_output=True,
        text=True, timeout=120, check=False, env={**env, **environment},
    )  # fmt: skip
    assert done.returncode == code, (done.stdout, done.stderr)
    return done
