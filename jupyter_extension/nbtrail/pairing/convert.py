"""Notebook cells to text and back: jupytext converts, and only converts.

The header holds nothing but the kernel's name and language, so that the same cells give the
same bytes on every machine and with every version of jupytext.
"""

from __future__ import annotations

import re
from typing import Any

from nbtrail.errors import ConfigError, UnreadableNotebookError
from nbtrail.pairing.cells import LAYOUT_METADATA, PairCell, Sheet, kernel_of
from nbtrail.pairing.formats import TwinFormat

_HEADER_ONLY_KERNEL = {"notebook_metadata_filter": "kernelspec,-jupytext"}
#: Blank lines that a formatter left after the header: jupytext would read an empty cell.
_AFTER_HEADER = re.compile(r"\A(\S+ ---\n(?:[^\n]*\n)*?\S+ ---\n)\n{2,}")


def load_converter() -> None:
    """Import what converts, which takes a while: better before a lock is held than under it."""
    import jupytext
    import nbformat

    del jupytext, nbformat


def to_text(sheet: Sheet, form: TwinFormat) -> str:
    """The twin's text for these cells.

    Raises
    ------
    ConfigError
        When jupytext cannot write the format, such as one that needs a program of its own.
    """
    import jupytext
    from nbformat import from_dict

    metadata: dict[str, Any] = {"jupytext": dict(_HEADER_ONLY_KERNEL)}
    if "name" in sheet.kernel:
        # The readable name differs between machines; the twin repeats the plain one.
        metadata["kernelspec"] = {**sheet.kernel, "display_name": sheet.kernel["name"]}
    elif "language" in sheet.kernel:
        metadata["language_info"] = {"name": sheet.kernel["language"]}
    cells = [_raw_cell(index, cell) for index, cell in enumerate(sheet.cells)]
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    try:
        return str(jupytext.writes(from_dict(notebook), fmt=form.as_jupytext()))  # type: ignore[no-untyped-call]
    except Exception as error:  # jupytext raises whatever its writers raise
        raise ConfigError(
            f"No twin can be written as .{form.extension}: {_reason(error)}.",
            hint="Choose another pairing.format in nbtrail.toml.",
        ) from error


def from_text(text: str, form: TwinFormat, name: str) -> Sheet:
    """The cells of a twin's text; their ids are empty.

    Raises
    ------
    UnreadableNotebookError
        When jupytext cannot make cells of it. ``name`` is used in the message.
    """
    import jupytext

    try:
        text = _AFTER_HEADER.sub(r"\1\n", text)
        notebook = jupytext.reads(text, fmt=form.as_jupytext())
    except Exception as error:  # jupytext raises whatever its parsers raise
        raise UnreadableNotebookError(
            f"{name} cannot be read as cells: {_reason(error)}.",
            hint="Mend its header, or delete it to have it written anew.",
            detail={"code": "NBT303", "path": name},
        ) from error
    cells = tuple(
        PairCell(
            id="",
            type=str(cell["cell_type"]),
            source=str(cell["source"]),
            metadata=_plain(
                {k: v for k, v in cell["metadata"].items() if k not in LAYOUT_METADATA}
            ),
        )
        for cell in notebook["cells"]
    )
    return Sheet(cells, kernel_of(_plain(notebook["metadata"])))


def decode_twin(data: bytes, name: str) -> str:
    """The text of a twin's bytes, with line feeds as line ends and no byte order mark.

    Raises
    ------
    UnreadableNotebookError
        When it is not UTF-8.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableNotebookError(
            f"{name} is not UTF-8 text.",
            hint="Save it as UTF-8, or delete it to have it written anew.",
            detail={"code": "NBT303", "path": name},
        ) from error
    return text.replace("\r\n", "\n")


def encode_twin(text: str) -> bytes:
    """The bytes of a twin's text; a lone surrogate becomes a question mark."""
    return text.encode("utf-8", errors="replace")


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _raw_cell(index: int, cell: PairCell) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "id": f"cell-{index}",
        "cell_type": cell.type,
        "source": cell.source,
        "metadata": dict(cell.metadata),
    }
    if cell.type == "code":
        raw |= {"outputs": [], "execution_count": None}
    return raw


def _plain(value: Any) -> Any:
    """The same value in built-in types, without nbformat's attribute dictionaries."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
