"""What others need to run the project without nbtrail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbtrail.app.record import Record
from nbtrail.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from nbtrail.export.kinds import Export, Exported
    from nbtrail.export.requirements import Requirements


class Exports(Record):
    """Recipes, lock files, scripts."""

    def export_files(self, kind: str, run: str | None = None, folder: Path | None = None) -> Export:
        """The files of an export; nothing is written.

        Parameters
        ----------
        kind
            ``docker``, ``requirements``, ``script`` or ``workflow``.
        run
            Run by id or tag; for ``requirements`` an environment, too. By default the last good
            one; for ``script`` the pipeline as it is now.
        folder
            Where they will be, if not at their usual place.

        Raises
        ------
        NotFoundError
            When there is no such run, or nothing on record.
        UsageError
            When the kind is none, or the run cannot be repeated.
        """
        from nbtrail.export import kinds

        if kind == "docker":
            return kinds.docker_export(self.project, self.store, run)
        if kind == "requirements":
            return kinds.requirements_export(self.project, self.requirements_of_steps(run))
        if kind == "script":
            place = folder or self.project.root
            return kinds.script_export(self.project, self.store, run, place)
        if kind == "workflow":
            return kinds.workflow_export(self.project, self._requirements_or_none(run))
        raise UsageError(f"There is no export {kind}.", hint=f"Known: {', '.join(kinds.KINDS)}.")

    def export(
        self, kind: str, folder: Path | None = None, *, run: str | None = None, force: bool = False
    ) -> Exported:
        """Write an export into a folder; arguments and errors as of `export_files`.

        Raises
        ------
        ConflictError
            When files of another content are there; with ``force`` they are kept and replaced.
        UsageError
            Also as of `nbtrail.export.kinds.check_recipe_folder`.
        """
        from nbtrail.export import kinds

        if kind == "docker":
            kinds.check_recipe_folder(self.project, folder)
        found = self.export_files(kind, run, folder)
        return kinds.write_export(found, folder, force=force)

    def requirements_of_steps(self, name: str | None = None) -> tuple[Requirements, ...]:
        """What the steps of a run take to install, one for each environment that differs.

        An environment by its id serves, too; without a name as `requirements`.
        """
        from nbtrail.export.recipe import environments_of
        from nbtrail.export.requirements import distinct
        from nbtrail.ledger.steps import finished_runs, run_row, steps_of

        with self.store.read() as connection:
            good = finished_runs(connection, limit=1) if name is None else []
            row = good[0] if good else run_row(connection, name or "")
            steps = [] if row is None else steps_of(connection, row.id)
            found, _places = distinct(environments_of(connection, steps).values())
        return found or (self.requirements(name),)

    def _requirements_or_none(self, name: str | None) -> Requirements | None:
        try:
            return self.requirements(name)
        except NotFoundError:
            if name is not None:
                raise
            return None
