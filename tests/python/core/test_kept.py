"""What is kept by path comes back, and never stands in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtrail.kept import Kept


def test_what_is_kept_comes_back_and_what_is_gone_does_not(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "numbers.msgpack"
    kept: Kept[int] = Kept(file, int)
    for number, path in enumerate(("a", "b", "c")):
        kept.put(path, number)
    kept.drop("a")
    kept.forget_others(["b"])
    kept.save()
    again: Kept[int] = Kept(file, int)
    assert [again.get(path) for path in ("a", "b", "c")] == [None, 1, None]
    assert "b" in again


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    file = tmp_path / "numbers.msgpack"
    Kept(file, int).save()
    assert not file.exists()


@pytest.mark.parametrize("content", [b"", b"no msgpack", b"\x81\xa1a\xa1x"])
def test_a_file_that_cannot_be_read_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "numbers.msgpack"
    file.write_bytes(content)
    kept: Kept[int] = Kept(file, int)
    assert kept.get("a") is None
    kept.put("a", 1)
    kept.save()
    assert Kept(file, int).get("a") == 1


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    kept: Kept[int] = Kept(tmp_path / "file" / "numbers.msgpack", int)
    kept.put("a", 1)
    kept.save()
    assert (tmp_path / "file").read_text() == "in the way"
