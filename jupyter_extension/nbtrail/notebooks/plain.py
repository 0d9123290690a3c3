"""A notebook as text to read: sources, and what changes their meaning."""

from __future__ import annotations

import json

from nbtrail.notebooks.cells import kernel_name, meaningful_metadata, text_of
from nbtrail.notebooks.document import Notebook


def plain_text(notebook: Notebook) -> str:
    """Cells under lines such as ``# %% markdown`` or ``# %% code tags=["parameters"]``.

    Outputs, execution counts, ids and what tools leave in metadata are left out: two notebooks
    of the same text differ in nothing that a person wrote.
    """
    parts = [f"# kernel: {kernel_name(notebook)}\n"]
    for raw in notebook.get("cells", []):
        metadata = meaningful_metadata(raw.get("metadata"))
        words = [f"{key}={json.dumps(metadata[key], sort_keys=True)}" for key in sorted(metadata)]
        parts.append("\n" + " ".join(["# %%", raw["cell_type"], *words]) + "\n")
        source = text_of(raw.get("source", ""))
        parts.append(source + "\n" if source else "")
    return "".join(parts)
