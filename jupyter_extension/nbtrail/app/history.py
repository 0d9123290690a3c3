"""What notebooks were: versions, timelines, restoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbtrail.app.access import Access
from nbtrail.errors import NbtrailError, NotFoundError
from nbtrail.files import sha256_bytes

if TYPE_CHECKING:
    from nbtrail.diff.images import PixelBudget
    from nbtrail.history.compare import Compared
    from nbtrail.history.restore import Plan, Restored
    from nbtrail.history.timeline import GitEvent, TimelineEntry
    from nbtrail.history.versions import Sources, Version
    from nbtrail.ledger.snapshots import Snapshots
    from nbtrail.ledger.store import Store
    from nbtrail.notebooks.document import Notebook


#: Notebooks of which it is remembered what git says.
_REMEMBERED = 64


class History(Access):
    """Versions of notebooks, what happened to them, and putting them back."""

    _snapshots: tuple[Store, Snapshots] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: What git said of notebooks, and how it stood then.
        self._of_git: dict[str, tuple[bytes, list[GitEvent]]] = {}

    def snapshots(self) -> Snapshots:
        """The snapshots in the ledger; raises StoreError when it cannot be used."""
        from nbtrail.ledger.snapshots import Snapshots

        store = self.store
        known = self._snapshots
        if known is None or known[0] is not store:
            known = self._snapshots = (store, Snapshots(store))
        return known[1]

    def remember(self, path: str, kind: str = "save") -> bool:
        """Take a snapshot of a notebook as it lies on the disk; false where nothing is new.

        What its last run left is on the timeline with the run.

        Raises
        ------
        NotFoundError, UnreadableNotebookError, StoreError
            When there is no such notebook, it is none, or it cannot be kept.
        """
        relative = self.project.relative(path)
        try:
            data = self.project.resolve(relative).read_bytes()
        except OSError as error:
            raise NotFoundError(f"There is no notebook {relative}.", hint="Check it.") from error
        if kind == "found" and self._is_what_a_run_left(relative, data):
            return False
        taken = self.snapshots().take(relative, data, kind)
        if taken.is_new:
            # What changed is found out now, while nobody waits for it.
            self._told(relative, limit=1, git=False)
        return taken.is_new

    def _is_what_a_run_left(self, path: str, data: bytes) -> bool:
        from nbtrail.ledger import queries

        with self.store.read() as connection:
            step = queries.last_step_row(connection, path)
        return step is not None and step.executed_blob == sha256_bytes(data)

    def timeline(
        self, path: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[TimelineEntry], str | None]:
        """A page of what happened to a notebook, newest first, and the next page's cursor.

        Raises
        ------
        NotFoundError
            When there is no such notebook, neither now nor on record.
        UsageError
            For a bad cursor or limit.
        """
        self._follow_files()
        relative = self.project.relative(path)
        return self._told(relative, limit=limit, after=after)

    def _told(
        self, relative: str, *, limit: int, after: str | None = None, git: bool = True
    ) -> tuple[list[TimelineEntry], str | None]:
        from nbtrail.history.stored import newest_identity
        from nbtrail.history.telling import Teller
        from nbtrail.history.timeline import as_entry, read_page

        store = self.store
        events = self._git_events(relative) if git else []
        with store.read() as connection:
            identity = newest_identity(connection, relative)
            items, cursor = read_page(connection, identity, events, limit=limit, after=after)
        if not items and after is None and not self.project.resolve(relative).is_file():
            raise NotFoundError(
                f"There is no notebook {relative}, and none is on record.", hint="Check the path."
            )
        teller = Teller(self.project, store, self.snapshots())
        names = self.project.config.names
        found = [
            as_entry(item, names, told, version)
            for item, (told, version) in zip(items, teller.tell(items), strict=True)
        ]
        return found, cursor

    def _git_events(self, path: str) -> list[GitEvent]:
        """What git says of a notebook; it is asked again when a branch or a checkout is new."""
        from nbtrail.history.gitlog import git_events, git_mark

        mark = git_mark(self.project.root)
        known = self._of_git.get(path)
        if known is None or known[0] != mark:
            known = self._of_git[path] = (mark, git_events(self.project.root, path))
            while len(self._of_git) > _REMEMBERED:
                self._of_git.pop(next(iter(self._of_git)))
        return known[1]

    def version(self, path: str, which: str) -> Notebook:
        """The notebook at ``path`` in a version such as ``snap:ID``.

        Raises
        ------
        UsageError, NotFoundError
            When there is no such version; says which there are.
        """
        from nbtrail.history.versions import Version, checked, load_version

        version = Version(self.project.relative(path), checked(which))
        return load_version(self._sources(version), version)

    def cell_versions(
        self, path: str, cell: str, *, limit: int = 20, after: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Versions in which a cell was another one than in the version before, newest first.

        Each is an entry of the timeline with ``cell``, the cell with its outputs (``None`` where
        it was removed), and ``index``, its place.
        """
        relative = self.project.relative(path)
        self._follow_files()
        found: list[dict[str, Any]] = []
        cursor = after
        while not found:
            page, cursor = self._told(relative, limit=limit, after=cursor)
            for entry in page:
                self._add_cell(found, relative, cell, entry)
            if cursor is None:
                break
        return found, cursor

    def _add_cell(
        self, found: list[dict[str, Any]], path: str, cell: str, entry: TimelineEntry
    ) -> None:
        """Add the cell as an entry has it, unless it was no other one than later."""
        import msgspec

        from nbtrail.notebooks.cells import cells_of

        is_first = not entry.cell_ids and entry.kind not in ("rename", "category", "branch")
        if entry.version is None or not (entry.run or is_first or cell in entry.cell_ids):
            return
        try:
            notebook = self.version(path, entry.version)
        except NbtrailError:
            return
        index = next((c.index for c in cells_of(notebook) if c.id == cell), None)
        raw = None if index is None else notebook["cells"][index]
        if found and found[-1]["cell"] == raw:
            found.pop()
        if raw is None and not found:
            return
        found.append({**msgspec.structs.asdict(entry), "cell": raw, "index": index})

    def restore(
        self, path: str, which: str, *, cell: str | None = None, to: str | None = None
    ) -> Restored:
        """Put a notebook or a cell back as it was; `nbtrail.history.restore`.

        The present is kept first; restoring ``kept`` of the answer undoes it.
        """
        from nbtrail.history.restore import carry_out, keep_present

        plan, sources = self.plan_restore(path, which, cell=cell, to=to)
        return carry_out(sources, plan, keep_present(sources, plan))

    def plan_restore(
        self, path: str, which: str, *, cell: str | None = None, to: str | None = None
    ) -> tuple[Plan, Sources]:
        """What a restore would write, and what it is read from and kept in."""
        from nbtrail.history.restore import plan_restore
        from nbtrail.history.versions import Version, checked
        from nbtrail.policy.naming import refuse_bad_name

        version = Version(self.project.relative(path), checked(which))
        target = None if to is None else self.project.relative(to)
        if target is not None:
            refuse_bad_name(self.project, target)
        sources = self._sources(version, always=True)
        return plan_restore(sources, version, cell=cell, to=target), sources

    def diff(
        self,
        a: str,
        b: str | None = None,
        *,
        working: Notebook | None = None,
        pixels: PixelBudget | None = None,
    ) -> dict[str, Any]:
        """The difference between two versions of notebooks, such as ``a.ipynb@last``.

        With one version, between the notebook's last run and that version. ``working`` is the
        content of ``@working``: what a client has on screen. ``pixels`` is how much of images is
        looked at, some plots by default.
        """
        from nbtrail.diff.images import PIXELS_FOR_PEOPLE, PixelBudget
        from nbtrail.diff.notebooks import diff_notebooks, with_outputs
        from nbtrail.history.versions import Version, load_version, parse_version
        from nbtrail.notebooks.cells import language

        right = parse_version(self.project, b if b is not None else a)
        left = parse_version(self.project, a) if b is not None else Version(right.path, "last")
        sources = self._sources(left, right, working=working)
        before, after = load_version(sources, left), load_version(sources, right)
        pixels = PixelBudget(PIXELS_FOR_PEOPLE) if pixels is None else pixels
        found = with_outputs(diff_notebooks(before, after, pixels=pixels), before, after)
        return {**found, "language": language(after), "a": str(left), "b": str(right)}

    def compare(self, runs: Sequence[str]) -> Compared:
        """Two or more runs, each by id or tag, side by side; `nbtrail.history.compare`."""
        from nbtrail.history.compare import compare_runs

        return compare_runs(self.project, self.store, runs)

    def _sources(
        self, *versions: Version, working: Notebook | None = None, always: bool = False
    ) -> Sources:
        """Where these versions are read from; the ledger is opened where one needs it."""
        from nbtrail.history.versions import Sources

        if always or any(version.needs_store for version in versions):
            return Sources(self.project, self.store, self.snapshots(), working)
        paired = any(version.which in ("twin", "base") for version in versions)
        store = self.store_or_none() if paired else None
        return Sources(self.project, store, None, working)
