"""Which file a mention means, and how the same place is written after a rename."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from pathlib import Path

from nbtrail.policy.renaming.mentions import Mention

_LONGEST = 4096


class Places:
    """What the paths in files of a project mean.

    Parameters
    ----------
    root
        The project's root.
    moves
        New path by old path, of notebooks and twins, POSIX from the root.
    """

    def __init__(self, root: Path, moves: Mapping[str, str]) -> None:
        self.root = root
        self.moves = moves
        #: How the names in ``moves`` end.
        self.endings = {posixpath.splitext(path)[1] for path in moves}
        self._known: dict[str, bool] = {}

    def followed(self, mention: Mention, referrer: str) -> str | None:
        """What the mention has to say after the rename; ``None`` where it stays as it is.

        A path is relative to the folder of the file that names it or, if there is no such file,
        to the project's root. The form is kept.
        """
        if mention.style == "run" and not mention.value.endswith((".py", ".ipynb")):
            new = self._followed(mention.value + ".py", referrer, mention)
            return new.removesuffix(".py") if new is not None and new.endswith(".py") else None
        return self._followed(mention.value, referrer, mention)

    def _followed(self, value: str, referrer: str, mention: Mention) -> str | None:
        if not value or len(value) > _LONGEST or "\0" in value or "://" in value:
            return None
        top = f"{self.root.as_posix()}/"
        if value.startswith("/"):
            lead = top if value.startswith(top) else "/"
            if lead == "/" and mention.style not in ("link", "angle"):
                return None
            new = self.moves.get(posixpath.normpath(value[len(lead) :]))
            return None if new is None else lead + new
        home = posixpath.dirname(referrer)
        new_home = posixpath.dirname(self.moves.get(referrer, referrer))
        for base, new_base in dict.fromkeys(((home, new_home), ("", ""))):
            path = posixpath.normpath(posixpath.join(base, value))
            if path in self.moves:
                return self._changed(value, self.moves[path], new_base)
            if self.exists(path):
                is_ours = path.endswith(".ipynb") or mention.style == "run"
                stays = base == new_base or not is_ours
                return None if stays else self._changed(value, path, new_base)
        return None

    def _changed(self, value: str, path: str, base: str) -> str | None:
        text = posixpath.relpath(path, base or ".")
        if value.startswith("./") and not text.startswith("../"):
            text = f"./{text}"
        return None if text == value else text

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder at this path from the root."""
        if path not in self._known:
            inside = path != ".." and not path.startswith("../")
            self._known[path] = inside and os.path.lexists(self.root / path)
        return self._known[path]

    def is_another(self, text: str, folder: str) -> bool:
        """Whether a path in some text means a file that is not renamed."""
        return any(
            path not in self.moves and self.exists(path)
            for path in (posixpath.normpath(posixpath.join(base, text)) for base in (folder, ""))
        )
