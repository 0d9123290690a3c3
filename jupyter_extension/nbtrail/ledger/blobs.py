"""Content-addressed blobs: one zstd file for each content, mode 0600, never changed."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from nbtrail.errors import NotFoundError, StoreError
from nbtrail.files import sha256_bytes

#: Seconds for which a content counts as just written.
_FRESH = 600.0
#: Values that are kept in memory as well.
_REMEMBERED = 16

Value = TypeVar("Value")


class BlobStore:
    """Blobs below one folder, named by the SHA-256 of their uncompressed content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._decoded: dict[tuple[str, type], Any] = {}

    def put(self, data: bytes, *, durable: bool = True) -> str:
        """Keep ``data``; returns its hash. Keeping the same content again costs nothing.

        Not ``durable`` is what can be made again: it may be gone after a power cut.
        """
        digest = sha256_bytes(data)
        target = self._path(digest)
        if self.has(digest):
            return digest
        import zstandard

        packed = zstandard.ZstdCompressor(level=3).compress(data)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(packed)
                    stream.flush()
                    if durable:
                        os.fsync(stream.fileno())
                os.replace(name, target)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            raise StoreError(
                f"The store cannot keep a file: {error.strerror}.", hint="Make room on the disk."
            ) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The content behind a hash.

        Raises
        ------
        NotFoundError
            When the store does not have it, or has it damaged.
        """
        import zstandard

        try:
            data = (
                zstandard.ZstdDecompressor()
                .decompressobj()
                .decompress(self._path(digest).read_bytes())
            )
        except (OSError, zstandard.ZstdError) as error:
            raise NotFoundError(f"The store has no content {digest[:12]}.") from error
        if sha256_bytes(data) != digest:
            raise NotFoundError(f"The stored content {digest[:12]} is damaged.")
        return data

    def put_value(self, value: Any) -> str:
        """Keep a value as JSON that can be made again; read it back with `get_value`."""
        digest = self.put(msgspec.json.encode(value, order="sorted"), durable=False)
        self._remember(digest, value)
        return digest

    def get_value(self, digest: str, kind: type[Value]) -> Value:
        """A value that `put_value` kept; those read last are not read again.

        Raises
        ------
        NotFoundError
            When the store does not have it, or has something else.
        """
        known = self._decoded.get((digest, kind))
        if known is not None:
            return cast(Value, known)
        try:
            value = msgspec.json.decode(self.get(digest), type=kind)
        except msgspec.MsgspecError as error:
            raise NotFoundError(f"The stored content {digest[:12]} is damaged.") from error
        self._remember(digest, value)
        return value

    def _remember(self, digest: str, value: Any) -> None:
        while len(self._decoded) >= _REMEMBERED:
            self._decoded.pop(next(iter(self._decoded), ("", object)), None)
        self._decoded[digest, type(value)] = value

    def has(self, digest: str) -> bool:
        """Whether the content is in the store; who asks may refer to it for a while to come."""
        path = self._path(digest)
        try:
            found = path.stat()
            if not found.st_size:
                return False  # what a power cut leaves of a file that was just written
            if time.time() - found.st_mtime > _FRESH:
                os.utime(path)
        except FileNotFoundError:
            return False
        except OSError:
            # It is there, but not ours.
            return path.exists()
        return True

    def listing(self, now: float | None = None) -> Iterator[tuple[str, int, float]]:
        """Hash, bytes on the disk and age in seconds of all contents."""
        now = time.time() if now is None else now
        for path in self._folder.glob("??/*.zst"):
            with contextlib.suppress(OSError):
                found = path.stat()
                yield path.stem, found.st_size, now - found.st_mtime

    def remove(self, digest: str, older_than: float) -> bool:
        """Delete a content, unless it was written or asked for in the last seconds."""
        return _unlink(self._path(digest), older_than)

    def sweep(self, older_than: float) -> None:
        """Delete what writers that were killed have left."""
        for path in self._folder.glob("??/*.tmp"):
            _unlink(path, older_than)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.zst"


def _unlink(path: Path, older_than: float) -> bool:
    try:
        if time.time() - path.stat().st_mtime <= older_than:
            return False
        path.unlink()
    except OSError:
        return False
    return True
