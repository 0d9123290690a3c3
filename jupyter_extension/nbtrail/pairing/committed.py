"""What both sides of a pair said when they were committed last.

Where the last sync does not lead to a decision, because other programs have changed both files
since (a merge, a checkout, an editor without nbtrail), the commit may: a side that is as it was
committed was not edited, and what is replaced of it is in git.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtrail.errors import UnreadableNotebookError
from nbtrail.git import committed
from nbtrail.pairing.base import BaseContent
from nbtrail.pairing.cells import read_sheet
from nbtrail.pairing.convert import decode_twin, from_text, to_text

if TYPE_CHECKING:
    from nbtrail.pairing.look import Pair


def committed_content(pair: Pair) -> BaseContent | None:
    """The pair at git's ``HEAD``; ``None`` where it is not there, or is not in sync there."""
    root = pair.project.root
    notebook, twin = (committed(root, path) for path in (pair.path, pair.twin))
    if notebook is None or twin is None:
        return None
    try:
        sheet, _ = read_sheet(notebook, pair.path)
        text = decode_twin(twin, pair.twin)
        found = from_text(text, pair.form, pair.twin)
        meant = from_text(to_text(sheet, pair.form), pair.form, pair.twin)
    except UnreadableNotebookError:
        return None
    return BaseContent(sheet, text) if found.same_content(meant) else None
