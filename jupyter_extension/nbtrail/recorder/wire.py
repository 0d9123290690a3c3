"""The kernel protocol as far as the recorder needs it: frames, signatures, a few messages."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.errors import KernelError

_DELIMITER = b"<IDS|MSG>"
PROTOCOL_VERSION = "5.4"


class Header(msgspec.Struct, frozen=True):
    """Part of a message's header, or of its parent's."""

    msg_id: str = ""
    msg_type: str = ""
    session: str = ""
    date: str = ""


class Message(msgspec.Struct, frozen=True):
    """A message from IOPub whose content has not been looked at yet."""

    topic: bytes
    header: Header
    parent: Header
    content: bytes
    signed: bool


class Connection(msgspec.Struct, frozen=True):
    """Where a kernel listens, and the key that its messages are signed with."""

    transport: str
    ip: str
    shell_port: int
    iopub_port: int
    control_port: int
    key: bytes
    digest: str
    curve_publickey: bytes | None = None
    curve_secretkey: bytes | None = None

    @classmethod
    def of(cls, info: Mapping[str, Any] | Path | str) -> Connection:
        """From a connection file, or the dictionary that a kernel manager gives.

        Raises
        ------
        KernelError
            When the file cannot be read or something is missing.
        """
        try:
            known: Mapping[str, Any]
            if isinstance(info, str | Path):
                known = json.loads(Path(info).read_text(encoding="utf-8"))
            else:
                known = info
            scheme = str(known.get("signature_scheme") or "hmac-sha256")
            return cls(
                transport=str(known.get("transport", "tcp")),
                ip=str(known["ip"]),
                shell_port=int(known["shell_port"]),
                iopub_port=int(known["iopub_port"]),
                control_port=int(known["control_port"]),
                key=_bytes(known.get("key")) or b"",
                digest=scheme.partition("-")[2] or "sha256",
                curve_publickey=_bytes(known.get("curve_publickey")),
                curve_secretkey=_bytes(known.get("curve_secretkey")),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KernelError(
                f"The kernel cannot be listened to: its connection is incomplete ({error!r}).",
                hint="Restart the kernel.",
            ) from error

    def url(self, channel: str) -> str:
        """Address of ``shell``, ``iopub`` or ``control``."""
        port = getattr(self, f"{channel}_port")
        separator = ":" if self.transport == "tcp" else "-"
        return f"{self.transport}://{self.ip}{separator}{port}"

    def sign(self, parts: Sequence[bytes]) -> bytes:
        """Signature of header, parent header, metadata and content."""
        if not self.key:
            return b""
        digest = hmac.new(self.key, digestmod=getattr(hashlib, self.digest))
        for part in parts:
            digest.update(part)
        return digest.hexdigest().encode()


def _bytes(value: Any) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


_decode_header = msgspec.json.Decoder(Header).decode


def split(frames: Sequence[bytes], connection: Connection, unsigned: frozenset[str]) -> Message:
    """Take a message apart without looking at its content.

    The signature of types in ``unsigned`` is not checked, because that means going through all
    of their content: of outputs only the number counts, and some text that search finds.

    Raises
    ------
    ValueError
        When it is no message, or its signature is wrong.
    """
    place = frames.index(_DELIMITER)
    signature, header, parent, metadata, content = frames[place + 1 : place + 6]
    head = _decode_header(header)
    signed = head.msg_type not in unsigned
    if signed and connection.key:
        expected = connection.sign((header, parent, metadata, content))
        if not hmac.compare_digest(expected, signature):
            raise ValueError("wrong signature")
    return Message(frames[0] if place else b"", head, _decode_header(parent), content, signed)


def request(
    connection: Connection, msg_type: str, content: Mapping[str, Any], session: str
) -> tuple[str, list[bytes]]:
    """A signed request: its id and the frames to send."""
    msg_id = uuid.uuid4().hex
    header = {
        "msg_id": msg_id,
        "msg_type": msg_type,
        "username": os.environ.get("USER", "nbtrail"),
        "session": session,
        "date": datetime.now(timezone.utc).isoformat(),
        "version": PROTOCOL_VERSION,
    }
    parts = [msgspec.json.encode(part) for part in (header, {}, {}, content)]
    return msg_id, [_DELIMITER, connection.sign(parts), *parts]


def seconds_of(date: str) -> float:
    """A message's date in seconds since the epoch; the present where it has none."""
    try:
        moment = msgspec.convert(date, datetime)
    except msgspec.ValidationError:
        return time.time()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
