"""Renames by any program, told to clients: their open documents have other names now."""

from __future__ import annotations

from typing import Any

from nbtrail.app import OpenProject
from nbtrail.files import folder_mark
from nbtrail.policy.renaming.changes import FOLDER, Changes


class Renames:
    """Looks at one project's record of renames; a look at an unchanged one costs microseconds."""

    def __init__(self, opened: OpenProject) -> None:
        self._opened = opened
        self._mark: int | None = None
        self._known: frozenset[str] | None = None

    def news(self) -> list[dict[str, Any]]:
        """What the event stream is to say of renames that are new since the last call."""
        folder = self._opened.project.state_dir / FOLDER
        mark = folder_mark(folder)
        if mark == self._mark and self._known is not None:
            return []
        self._mark = mark
        names = frozenset(file.stem for file in folder.glob("*.json"))
        before, self._known = self._known, names
        if before is None or names <= before:
            return []
        changes = Changes(self._opened.project, None)
        found = [change for name in names - before if (change := changes.find(name)) is not None]
        # What is not finished comes again: its file is replaced when it is.
        self._known = names - {change.id for change in found if change.state == "begun"}
        return [
            {"what": "notebooks", "path": rename.new_path, "was": rename.path}
            for change in sorted(found, key=lambda change: change.at)
            if change.state != "begun"
            for rename in change.renames
        ]
