"""The JSON of a difference between two notebooks; `docs/diff.md` explains it with an example.

All are plain dictionaries. ``a`` is the older side and ``b`` the newer one everywhere.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

CellOp = Literal["equal", "modify", "insert", "delete", "move"]
LineOp = Literal["equal", "delete", "insert"]
#: The same; different only by what differs from run to run; different in what it says.
Verdict = Literal["same", "noise", "changed"]
Kind = Literal[
    "text", "number", "table", "image", "vega", "plotly", "html", "markdown", "error", "data"
]

#: What is worse comes later.
VERDICTS: tuple[Verdict, ...] = ("same", "noise", "changed")


class _Line(TypedDict):
    op: LineOp
    text: str


class Line(_Line, total=False):
    """A line of source.

    ``spans`` are ``[start, end)`` in characters (Unicode code points) of ``text``: what differs
    from the line's counterpart. A line without counterpart has none.
    """

    spans: list[list[int]]


class MetadataChange(TypedDict):
    """A key of metadata (or ``id``, ``execution_count``, ``nbformat``) that differs.

    ``a`` and ``b`` are the values; ``None`` where there is none, and for noise that is no plain
    value. ``verdict`` is noise or changed, ``why`` the reason in words.
    """

    key: str
    a: Any
    b: Any
    verdict: Verdict
    why: str


class AttachmentChange(TypedDict):
    """A file attached to a markdown cell that came, went or differs."""

    name: str
    op: Literal["insert", "delete", "modify"]
    verdict: Verdict
    why: str


class OutputDiff(TypedDict):
    """One output beside its counterpart.

    ``a`` and ``b`` are indices into the cells' outputs (the first one where neighbouring pieces
    of a stream are compared as one), ``None`` where there is no counterpart. ``details`` depend
    on ``kind``:

    - text, html, markdown, error: ``line`` (from 1), ``a``, ``b``: the first lines that differ
    - number: ``a``, ``b``, ``relative``
    - table: ``cells`` (the first of ``count``: ``row``, ``column``, ``a``, ``b``),
      ``rows`` and ``columns``, each with ``added`` and ``removed``
    - image: ``share`` of pixels that differ (0 to 1), ``size_a``, ``size_b`` (width, height),
      ``heat_map``: PNG in base64 where it was asked for
    - vega, plotly, data: ``paths`` (the first of ``count``: ``path``, ``a``, ``b``)
    """

    a: int | None
    b: int | None
    kind: Kind
    verdict: Verdict
    why: str
    details: dict[str, Any]


class _Cell(TypedDict):
    op: CellOp
    a: int | None
    b: int | None
    cell_id: str
    cell_type: str
    source: list[Line]
    source_changed: bool
    related: dict[str, Any] | None
    metadata: list[MetadataChange]
    attachments: list[AttachmentChange]
    outputs: Verdict
    why: str
    outputs_detail: list[OutputDiff]
    cell: dict[str, Any] | None


class CellDiff(_Cell, total=False):
    """A cell beside its counterpart.

    Attributes
    ----------
    op
        ``modify`` when source, type, attachments or metadata that matters differ; ``move`` when
        it changed its place (and perhaps more: see ``source_changed``).
    a, b
        Indices of the cell, ``None`` where it does not exist.
    source_changed
        Whether the text differs.
    related
        How a new or deleted cell came about: ``{"how": "split", "cell": index}`` in ``b`` of the
        cell that it was split from, ``{"how": "merge", …}`` of the one that it went into.
    outputs, why
        The worst verdict over the outputs, and the reason in words.
    outputs_detail
        Each output that is not the same.
    cell
        The cell as it is in ``b`` where anything in it differs, else ``None``: for patching.
    a_outputs, b_outputs
        The outputs of both sides, where whoever asked wants to show them.
    """

    a_outputs: list[Any]
    b_outputs: list[Any]


class NotebookDiff(TypedDict):
    """The cells in the order of ``b``, with deleted cells where they stood.

    ``summary`` counts cells: equal, modified, inserted, deleted, moved, outputs_changed,
    outputs_noise, metadata_changed. ``metadata`` is that of the notebook. ``notebook`` holds the
    top-level fields of ``b`` where they differ, else ``None``: for patching.
    """

    cells: list[CellDiff]
    summary: dict[str, int]
    metadata: list[MetadataChange]
    notebook: dict[str, Any] | None


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several verdicts; ``same`` for none."""
    return max(verdicts, key=VERDICTS.index, default="same")
