"""What is text in the outputs of an execution, for search to find."""

from __future__ import annotations

import msgspec

from nbtrail.recorder.sessions import Running

#: Outputs larger than this many bytes are only counted.
READ_LIMIT = 500_000


class _Output(msgspec.Struct, frozen=True):
    """What is text in an output; images and the like are passed over."""

    text: str | list[str] = ""
    data: dict[str, msgspec.Raw] = {}


def keep_text(execution: Running, content: bytes) -> None:
    """Add an output's text to what search will find of the execution."""
    try:
        output = _decode_output(content)
        found = output.text
        if not found and "text/plain" in output.data:
            found = msgspec.json.decode(output.data["text/plain"], type=str | list[str])
    except msgspec.DecodeError:
        return
    text = found if isinstance(found, str) else "".join(found)
    if not text:
        return
    if execution.output and not execution.output[-1].endswith("\n"):
        text = f"\n{text}" if output.data else text
    execution.output.append(text[: execution.room])
    execution.room -= len(text)


_decode_output = msgspec.json.Decoder(_Output).decode
