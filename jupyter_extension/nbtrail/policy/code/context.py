"""What rules about code need to know of the project around a notebook."""

from __future__ import annotations

import msgspec


class CodeContext(msgspec.Struct, frozen=True):
    """The notebook's place in its project.

    Attributes
    ----------
    category
        The one that the notebook's name says.
    path
        POSIX path of the notebook from the project root.
    project_root_names
        Names of the top-level modules and packages of the project's own code.
    locked
        Distribution names of the locked environment, as they stand there; ``None`` where the
        project has no such file and no environment is on record.
    reads, writes
        Files of the notebook, POSIX from the project root, as observed or as the code says.
    has_test
        Whether anything in the project tests what the notebook does.
    """

    category: str | None
    path: str
    project_root_names: frozenset[str] = frozenset()
    locked: frozenset[str] | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    has_test: bool = False
