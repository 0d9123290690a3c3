"""Verifies run on the same small projects as pipelines do."""

from __future__ import annotations

import importlib.util
import json
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

    def verify(self, against: str | None = None, **options: Any) -> Any:
        return self.wait(verify.start(self.project, self.store, against=against, **options))

    def certificate(self, detail: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / detail.certificate).read_text())
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ProofFolder]:
    made = ProofFolder(tmp_path / "project")
    yield made
    made.close()
