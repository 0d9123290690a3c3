"""What conda installed is part of the environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nbtrail.ledger.environments import diff_environments
from nbtrail.recorder.probe import environment


def test_packages_of_conda_are_told_with_their_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment.conda_packages() == {}
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    (tmp_path / "conda-meta").mkdir()
    for name in ("libopenblas-0.3.30-pthreads_1.json", "history", "odd.json"):
        (tmp_path / "conda-meta" / name).touch()
    found = environment.gather()
    assert found["conda"] == {"libopenblas": "0.3.30=pthreads_1"}
    other = {**found, "id": "b", "conda": {"libopenblas": "0.3.31=pthreads_0"}}
    assert diff_environments({**found, "id": "a"}, other).other == {
        "conda.libopenblas": ("0.3.30=pthreads_1", "0.3.31=pthreads_0")
    }
