"""Making the merged notebook: raw cells of the present one, with the twin's edits in them."""

from __future__ import annotations

import uuid
from typing import Any

from nbtrail.notebooks.cells import text_of
from nbtrail.notebooks.document import Notebook
from nbtrail.pairing.merge import Merged, PlannedCell


def apply_merge(notebook: Notebook, merged: Merged) -> Notebook:
    """The notebook with the planned cells; the one given is not changed."""
    raw = notebook.get("cells", [])
    with_ids = (notebook.get("nbformat", 4), notebook.get("nbformat_minor", 0)) >= (4, 5)
    taken = {cell.get("id") for cell in raw}
    cells = [
        _new_cell(plan, _fresh_id(taken) if with_ids else None)
        if plan.index is None
        else _edited(raw[plan.index], plan)
        for plan in merged.cells
    ]
    result = {**notebook, "cells": cells}
    if merged.kernel is not None:
        result["metadata"] = _with_kernel(notebook.get("metadata", {}), merged.kernel)
    return result


def _edited(raw: dict[str, Any], plan: PlannedCell) -> dict[str, Any]:
    same_source = text_of(raw.get("source", "")) == plan.source
    if (
        same_source
        and raw["cell_type"] == plan.type
        and not (plan.metadata or plan.removed_metadata)
    ):
        return raw
    cell = dict(raw)
    if not same_source:
        cell["source"] = plan.source
    if raw["cell_type"] != plan.type:
        cell["cell_type"] = plan.type
        for key in ("outputs", "execution_count", "attachments"):
            cell.pop(key, None)
        if plan.type == "code":
            cell |= {"outputs": [], "execution_count": None}
    metadata = {**cell.get("metadata", {}), **plan.metadata}
    for key in plan.removed_metadata:
        metadata.pop(key, None)
    cell["metadata"] = metadata
    return cell


def _new_cell(plan: PlannedCell, identity: str | None) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": plan.type,
        "metadata": dict(plan.metadata),
        "source": plan.source,
    }
    if identity is not None:
        cell["id"] = identity
    if plan.type == "code":
        cell |= {"outputs": [], "execution_count": None}
    return cell


def _fresh_id(taken: set[Any]) -> str:
    while True:
        identity = uuid.uuid4().hex[:8]
        if identity not in taken:
            taken.add(identity)
            return identity


def _with_kernel(metadata: dict[str, Any], kernel: dict[str, str]) -> dict[str, Any]:
    result = {**metadata, "kernelspec": {**kernel, "display_name": kernel["name"]}}
    info = metadata.get("language_info")
    if isinstance(info, dict) and info.get("name") != kernel.get("language"):
        result.pop("language_info", None)
    return result
