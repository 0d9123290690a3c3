"""NBT702: a notebook that has grown past its scope, and where to split it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbtrail.notebooks.cells import Cell, cells_of
from nbtrail.notebooks.document import Notebook
from nbtrail.policy.catalogue import Level, Problem, Rule
from nbtrail.policy.code.crossing import crossing

TOO_LONG = "NBT702"
RULES = (Rule(TOO_LONG, "too-long", "A notebook has grown past its scope", Level.WARN),)

#: Of some 370 public notebooks one in fifteen is longer than this.
MAX_CELLS, MAX_LINES = 80, 600
#: With many sections, less is too long already.
MAX_SECTIONS, MANY_CELLS, MANY_LINES = 12, 50, 400

_HEADING = re.compile(r"^(?P<level>#{1,6})\s+(?P<text>\S.*?)\s*#*$", re.MULTILINE)


def problems(notebook: Notebook) -> Iterator[Problem]:
    """At most one, at the cell where to split."""
    cells = cells_of(notebook)
    sizes = {cell.index: _lines(cell) for cell in cells if cell.type == "code"}
    count = sum(1 for size in sizes.values() if size)
    lines = sum(sizes.values())
    sections = sum(1 for cell in cells if (_level(cell) or 9) <= 2)
    many = sections > MAX_SECTIONS and (count > MANY_CELLS or lines > MANY_LINES)
    if count <= MAX_CELLS and lines <= MAX_LINES and not many:
        return
    size = f"{count} code cells with {lines} lines"
    size += f" in {sections} sections" if sections > 1 else ""
    cut = best_cut(notebook)
    if cut is None:
        message = f"{size}: more than one notebook's worth. Split it by what it is about."
        yield Problem(TOO_LONG, message)
        return
    title = heading_of(cut)
    where = f"before “{title}”" if title else "here"
    names = sorted(crossing(notebook, cut.index).data)
    needs = ", ".join(f"`{name}`" for name in names[:4]) + (" and others" if len(names) > 4 else "")
    message = f"{size}: more than one notebook's worth. Split it {where} (`nbtrail split`); " + (
        f"what follows needs {needs} from before." if names else "what follows stands alone."
    )
    yield Problem(TOO_LONG, message, cut.id)


def best_cut(notebook: Notebook) -> Cell | None:
    """The cell that a second notebook should begin with; ``None`` where there is none.

    Both parts keep a quarter of the code or more. Of the headings that allow it the one over
    which the fewest names are carried, then the one nearest to the middle.
    """
    cells = cells_of(notebook)
    done, before = 0, []
    for cell in cells:
        before.append(done)
        done += _lines(cell) if cell.type == "code" else 0
    if not done:
        return None
    middle = [c for c in cells if 0.25 <= before[c.index] / done <= 0.75]
    for level in (1, 2, 3):
        candidates = [cell for cell in middle if (_level(cell) or 9) <= level]
        if candidates:
            break
    else:
        candidates = [cell for cell in middle if cell.type == "markdown"]
    candidates = sorted(candidates, key=lambda c: abs(before[c.index] / done - 0.5))[:12]
    if not candidates:
        return None
    return min(candidates, key=lambda c: len(crossing(notebook, c.index).data))


def heading_of(cell: Cell) -> str:
    """Text of a cell's first heading, without marks; empty without one."""
    match = _HEADING.search(cell.source) if cell.type == "markdown" else None
    text = re.sub(r"<[^>]*>|[*_`]|\[|\]\([^)]*\)", "", match["text"]) if match else ""
    text = text.strip()
    return text if len(text) <= 60 else f"{text[:59]}…"


def _level(cell: Cell) -> int | None:
    match = _HEADING.search(cell.source) if cell.type == "markdown" else None
    return len(match["level"]) if match else None


def _lines(cell: Cell) -> int:
    lines = (line.strip() for line in cell.source.splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))
