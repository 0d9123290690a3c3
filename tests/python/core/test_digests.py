"""Hashes of files that are read again only when they may have changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nbtrail.files import KnownDigests, _file_clock, sha256_aside, sha256_bytes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.write_bytes(b"one")
    return made


def settle(file: Path) -> None:
    """Wait until a file written now would surely have another time."""
    found = file.stat()
    deadline = time.monotonic() + 10
    while _file_clock() <= max(found.st_ctime_ns, found.st_mtime_ns):
        assert time.monotonic() < deadline, "the clock of the file system stands still"


def test_a_file_that_stays_is_read_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = KnownDigests()
    settle(file)
    assert digests.sha256(file) == sha256_bytes(b"one")

    def never(_: Path) -> str:
        raise AssertionError("it was read again")

    monkeypatch.setattr("nbtrail.files.sha256_file", never)
    assert digests.sha256(file) == sha256_bytes(b"one")


def test_the_same_size_and_a_time_set_back_deceive_nobody(file: Path) -> None:
    digests = KnownDigests()
    settle(file)
    assert digests.sha256(file) == sha256_bytes(b"one")
    before = file.stat()
    with file.open("r+b") as stream:
        stream.write(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digests.sha256(file) == sha256_bytes(b"two")


def test_writes_one_after_the_other_are_all_seen(file: Path) -> None:
    """Faster than the file system's clock: its times tell such contents not apart."""
    digests = KnownDigests()
    for count in range(500):
        data = f"{count:03}".encode()
        with file.open("r+b") as stream:
            stream.write(data)
        assert digests.sha256(file) == sha256_bytes(data)


def test_a_hash_that_comes_late_is_not_taken_for_another_content(file: Path) -> None:
    digests = KnownDigests()
    settle(file)
    data, note = digests.read(file)
    file.write_bytes(b"two")
    note(sha256_bytes(data))
    assert digests.sha256(file) == sha256_bytes(b"two")


def test_a_file_that_goes_away_has_none(file: Path) -> None:
    digests = KnownDigests(size=2)
    assert digests.sha256(file) is not None
    file.unlink()
    assert digests.sha256(file) is None
    for name in "abc":
        (file.parent / name).write_text(name)
        settle(file.parent / name)
        assert digests.sha256(file.parent / name) == sha256_bytes(name.encode())


@pytest.mark.parametrize("size", [0, 10, 3 << 20])
def test_hashing_aside_gives_the_same(size: int) -> None:
    data = bytes(size)
    assert sha256_aside(data)() == sha256_bytes(data)
