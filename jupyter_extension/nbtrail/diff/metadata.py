"""Metadata that matters apart from metadata that is noise, and attachments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbtrail.diff.shape import AttachmentChange, MetadataChange
from nbtrail.notebooks.cells import NOISE_METADATA

#: Why a key of a cell's metadata says nothing about its meaning.
_CELL_NOISE = {
    "ExecuteTime": "when it ran",
    "execution": "when it ran",
    "papermill": "when it ran",
    "collapsed": "how it is shown",
    "scrolled": "how it is shown",
    "jupyter": "how it is shown",
    "jp-MarkdownHeadingCollapsed": "how it is shown",
    "editable": "how it is shown",
    "outputId": "an editor's own notes",
    "colab": "an editor's own notes",
    "colab_type": "an editor's own notes",
    "vscode": "an editor's own notes",
    "pycharm": "an editor's own notes",
    "hidden": "how it is shown",
    "trusted": "whether outputs are trusted",
    "nbtrail": "nbtrail's own notes",
}
#: Likewise for a notebook's.
_NOTEBOOK_NOISE = {
    "toc": "how it is shown",
    "varInspector": "how it is shown",
    "hide_input": "how it is shown",
    "widgets": "state of widgets",
    "colab": "an editor's own notes",
    "vscode": "an editor's own notes",
    "accelerator": "an editor's own notes",
    "papermill": "when it ran",
    "nbtrail": "nbtrail's own notes",
    "jupytext": "how it is paired",
}
#: Keys inside of `kernelspec` and `language_info` that decide what runs the notebook.
_MATTERS = {"kernelspec": ("name", "language"), "language_info": ("name",)}


def diff_cell_fields(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[MetadataChange]:
    """What two cells differ in besides source, outputs and attachments."""
    changes: list[MetadataChange] = []
    if a.get("cell_type") != b.get("cell_type"):
        changes.append(
            _change("cell_type", a.get("cell_type"), b.get("cell_type"), "", "another type of cell")
        )
    for key, why in (("id", "a name for tools"), ("execution_count", "order of execution")):
        if a.get(key) != b.get(key):
            changes.append(_change(key, a.get(key), b.get(key), why, ""))
    old, new = _section(a), _section(b)
    if old != new:
        for key in _keys(old, new):
            noise = _CELL_NOISE.get(key) or ("a tool's own notes" if key in NOISE_METADATA else "")
            changes.append(_change(key, old.get(key), new.get(key), noise, _what(key, old, new)))
    return changes


def diff_notebook_fields(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[MetadataChange]:
    """What two notebooks differ in besides their cells."""
    changes: list[MetadataChange] = []
    rest = ("cells", "metadata")
    for key in _keys(*({k: v for k, v in side.items() if k not in rest} for side in (a, b))):
        noise = "version of the file format" if key.startswith("nbformat") else ""
        changes.append(_change(key, a.get(key), b.get(key), noise, _what(key, a, b)))
    old, new = _section(a), _section(b)
    for key in _keys(old, new):
        before, after = old.get(key), new.get(key)
        noise = _NOTEBOOK_NOISE.get(key, "")
        if key in _MATTERS and not _differs_in(before, after, _MATTERS[key]):
            noise = "version or name of the same kernel"
        changes.append(_change(key, before, after, noise, _what(key, old, new)))
    return changes


def diff_attachments(a: Any, b: Any) -> list[AttachmentChange]:
    """Files attached to a cell that came, went or differ."""
    old = a if isinstance(a, dict) else {}
    new = b if isinstance(b, dict) else {}
    changes: list[AttachmentChange] = []
    for name in _keys(old, new):
        if name not in old:
            changes.append({"name": name, "op": "insert", "verdict": "changed", "why": "added"})
        elif name not in new:
            changes.append({"name": name, "op": "delete", "verdict": "changed", "why": "removed"})
        else:
            why = "another content"
            changes.append({"name": name, "op": "modify", "verdict": "changed", "why": why})
    return changes


def _section(holder: Mapping[str, Any]) -> dict[str, Any]:
    found = holder.get("metadata")
    return found if isinstance(found, dict) else {}


def _keys(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Keys whose values differ, in order."""
    return [k for k in dict.fromkeys([*a, *b]) if (k in a) != (k in b) or a[k] != b[k]]


def _change(key: str, a: Any, b: Any, noise: str, why: str) -> MetadataChange:
    if noise:
        a, b = _scalar(a), _scalar(b)
        return {"key": key, "a": a, "b": b, "verdict": "noise", "why": noise}
    return {"key": key, "a": a, "b": b, "verdict": "changed", "why": why}


def _scalar(value: Any) -> Any:
    return value if isinstance(value, (str, int, float)) else None


def _what(key: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    return f"{key} {'added' if key not in a else 'removed' if key not in b else 'changed'}"


def _differs_in(a: Any, b: Any, keys: tuple[str, ...]) -> bool:
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return True
    return any(a.get(key) != b.get(key) for key in keys)
