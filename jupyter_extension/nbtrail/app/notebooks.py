"""Notebooks, their twins and their names, and the rules for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbtrail.overview import NotebookStatus, NotebookSummary
    from nbtrail.pairing.resolve import ConflictView
    from nbtrail.policy.adopt import Adopted, Adoption, Copies
    from nbtrail.policy.findings import Finding
    from nbtrail.policy.fix import FixResult
    from nbtrail.policy.init import InitResult
    from nbtrail.policy.naming import Made, Renamed
    from nbtrail.policy.origin import NewName
    from nbtrail.policy.registry import RuleInfo
    from nbtrail.policy.renaming.records import ChangeSummary, RenamePlan, RenameResult
    from nbtrail.policy.splitting import Split
from nbtrail.app.access import Access


class Notebooks(Access):
    """What notebooks are there, how they stand, and changing them."""

    def notebooks(self) -> list[NotebookSummary]:
        """All notebooks of the project, each in short."""
        from nbtrail.overview import summaries

        self._follow_files()
        with self._looking:
            return summaries(self.project, self.store_or_none())

    def status(self, path: str) -> NotebookStatus:
        """One notebook: name, pairing, order of its cells, environment, findings."""
        from nbtrail.overview import status

        self._follow_files()
        relative = self.project.relative(path)
        kernel = self._kernel_environment(self.project.root / relative)
        with self._looking:
            return status(self.project, self.store_or_none(), relative, kernel)

    def check(self, paths: Sequence[str] | None = None) -> list[Finding]:
        """Broken rules in the whole project, or in some notebooks."""
        from nbtrail.policy.rules import check

        with self._looking:
            return check(self.project, paths, store=self.store_or_none)

    def findings_json(self, paths: Sequence[str] | None = None) -> dict[str, Any]:
        """Broken rules, and how many notebooks were looked at."""
        from nbtrail.policy.rules import notebooks_among

        found = self.check(paths)
        looked_at = (
            self.project.notebooks() if paths is None else notebooks_among(self.project, paths)
        )
        return {"findings": found, "checked": len(looked_at)}

    def sarif(self, findings: Sequence[Finding]) -> dict[str, Any]:
        """Findings as a SARIF log, for code scanning."""
        from nbtrail import __version__
        from nbtrail.policy.registry import ALL_RULES
        from nbtrail.policy.sarif import as_sarif

        return as_sarif(self.project, findings, ALL_RULES, __version__)

    def rules(self, key: str | None = None) -> list[RuleInfo]:
        """All rules with their levels; with ``key``, a code or name, that one and its page."""
        from nbtrail.policy.registry import listed

        return listed(self.project, key)

    def init(self, *, git: bool = False) -> InitResult:
        """Make the folder a project; says what was written, nothing when it is one."""
        from nbtrail.policy.init import init_project

        return init_project(self.project.root, git=git)

    def new_notebook(
        self,
        category: str,
        description: str,
        *,
        sequence: str | None = None,
        folder: str = "",
        origin: str | None = None,
    ) -> Made:
        """Make a named notebook with its twin; `nbtrail.policy.naming.new_notebook`."""
        from nbtrail.policy.naming import new_notebook

        return new_notebook(
            self.project,
            self.store_or_none(),
            category,
            description,
            sequence=sequence,
            folder=folder,
            origin=origin,
        )

    def propose_new(
        self,
        category: str = "",
        description: str = "",
        *,
        origin: str | None = None,
        folder: str = "",
    ) -> NewName:
        """The name a new notebook would get; `nbtrail.policy.origin.propose_new`."""
        from nbtrail.policy.origin import propose_new

        start = None if origin is None else self.project.relative(origin)
        return propose_new(self.project, category, description, origin=start, folder=folder)

    def change_notebook(
        self,
        notebook: str,
        *,
        category: str | None = None,
        description: str | None = None,
        sequence: str | None = None,
        path: str | None = None,
        scratch: bool = False,
        pair: bool = False,
        references: bool = True,
    ) -> Renamed:
        """Rename, move to scratch, or pair; `nbtrail.policy.naming.change_notebook`."""
        from nbtrail.policy.naming import change_notebook

        return change_notebook(
            self.project,
            self.store_or_none(),
            notebook,
            category=category,
            description=description,
            sequence=sequence,
            to=path,
            scratch=scratch,
            pair=pair,
            references=references,
        )

    def propose_adoption(
        self, paths: Sequence[str] | None = None, *, copies: Copies = "keep"
    ) -> Adoption:
        """Names for notebooks that have none; `nbtrail.policy.adopt.propose_all`."""
        from nbtrail.pipeline.graph import observed_files
        from nbtrail.policy.adopt import propose_all

        store = self.store_or_none()
        observed = observed_files(store) if store is not None else None
        return propose_all(self.project, paths, copies=copies, observed=observed)

    def adopt(self, chosen: Sequence[tuple[str, str]]) -> Adopted:
        """Rename notebooks as proposed or otherwise; `nbtrail.policy.adopt.adopt_chosen`."""
        from nbtrail.policy.adopt import adopt_chosen

        return adopt_chosen(self.project, self.store_or_none(), chosen)

    def split(
        self,
        path: str,
        *,
        at: str | None = None,
        description: str | None = None,
        apply: bool = False,
    ) -> Split:
        """Make two notebooks of one, or say what that would give; `nbtrail.policy.splitting`."""
        from nbtrail.policy.splitting import split

        store = self.store_or_none()
        return split(self.project, store, path, at=at, description=description, apply=apply)

    def plan_change(
        self, notebook: str, *, references: bool = True, path: str | None = None, **parts: Any
    ) -> RenamePlan:
        """What `change_notebook` would rename, and what would follow; nothing is changed."""
        from nbtrail.policy.naming import changed_path

        new = changed_path(self.project, notebook, to=path, **parts)
        pairs = [(notebook, new)]
        return self.rename_notebooks(pairs, references=references, dry_run=True).plan

    def rename_notebooks(
        self, pairs: Sequence[tuple[str, str]], *, references: bool = True, dry_run: bool = False
    ) -> RenameResult:
        """Rename several at once, all or none; `nbtrail.policy.renaming.rename`."""
        from nbtrail.policy.renaming.rename import rename_notebooks

        store = self.store_or_none()
        return rename_notebooks(
            self.project, store, pairs, references=references, dry_run=dry_run
        )  # fmt: skip

    def update_references(
        self, notebook: str, was: str, *, dry_run: bool = False
    ) -> RenameResult:  # fmt: skip
        """Let references follow a rename that was done elsewhere, from ``was`` to ``notebook``."""
        from nbtrail.policy.renaming.rename import update_references

        store = self.store_or_none()
        return update_references(self.project, store, was, notebook, dry_run=dry_run)

    def undo(self, change: str | None = None) -> RenameResult:
        """Undo a rename, the newest by default; `nbtrail.policy.renaming.undo`."""
        from nbtrail.policy.renaming.undo import undo

        return undo(self.project, self.store_or_none(), change)

    def changes(self, limit: int = 50) -> list[ChangeSummary]:
        """Renames on record, newest first."""
        from nbtrail.policy.renaming.changes import summaries

        return summaries(self.project, limit)

    def pair_conflict(self, notebook: str) -> ConflictView:
        """What notebook and twin cannot both be right about, cell by cell."""
        from nbtrail.pairing.resolve import conflict_of

        return conflict_of(self.project, self.store_or_none(), self.project.relative(notebook))

    def resolve_pair(self, notebook: str, keep: str | Mapping[str, str]) -> Made:
        """End a conflict as a whole or by cell; `nbtrail.pairing.resolve.resolve`."""
        from nbtrail.pairing.resolve import resolve
        from nbtrail.policy.naming import Made

        path = self.project.relative(notebook)
        return Made(path, resolve(self.project, self.store_or_none(), path, keep).twin)

    def fix(self, paths: Sequence[str] | None = None, *, code: str | None = None) -> FixResult:
        """Mend what can be mended without a question."""
        from nbtrail.policy.fix import fix

        return fix(self.project, self.store_or_none(), paths, code)
