"""Content-addressed blobs: one zstd file for each content, mode 0600, never changed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from nbtrail.errors import NotFoundError, StoreError
from nbtrail.files import sha256_bytes


class BlobStore:
    """Blobs below one folder, named by the SHA-256 of their uncompressed content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Keep ``data``; returns its hash. Keeping the same content again costs nothing."""
        digest = sha256_bytes(data)
        target = self._path(digest)
        if target.exists():
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

    def has(self, digest: str) -> bool:
        """Whether the content is in the store."""
        return self._path(digest).exists()

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.zst"
