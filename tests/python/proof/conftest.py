"""Verifies run on the same small projects as pipelines do."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrail.proof import verify

_spec = importlib.util.spec_from_file_location(
    "nbtrail_pipeline_conftest", Path(__file__).parent.parent / "pipeline" / "conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_pipeline = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_pipeline)


class ProofFolder(_pipeline.Folder):  # type: ignore[name-defined,misc]
    """A project folder that can be verified."""

    def verify(self, against: str | None = None) -> Any:
        return self.wait(verify.start(self.project, self.store, against=against))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ProofFolder]:
    made = ProofFolder(tmp_path / "project")
    yield made
    made.close()
