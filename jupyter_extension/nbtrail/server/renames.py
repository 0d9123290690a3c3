"""REST routes of names: proposals, renames, references, changes on record and undoing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbtrail.errors import UsageError
from nbtrail.server.handlers import PATH, ApiHandler, route

if TYPE_CHECKING:
    from nbtrail.app import OpenProject
    from nbtrail.policy.renaming.records import RenameResult


class ProposalHandler(ApiHandler):
    """``GET notebooks/proposal``: the name that a new notebook would get."""

    @route
    async def get(self) -> None:
        category = self.get_query_argument("category", "")
        description = self.get_query_argument("description", "")
        folder = self.get_query_argument("folder", "")
        origin = self.get_query_argument("from", "") or None
        opened = await self.opened()
        self.answer(
            await self.off_loop(
                lambda: opened.propose_new(category, description, origin=origin, folder=folder)
            )
        )


class RenamesHandler(ApiHandler):
    """``POST renames``: several notebooks at once, all or none."""

    @route
    async def post(self) -> None:
        body = self.body(frozenset({"renames", "references", "dry_run"}))
        pairs = _pairs(body.get("renames"))
        references = bool(body.get("references", True))
        dry_run = bool(body.get("dry_run"))
        opened = await self.opened()
        done = await self.off_loop(
            lambda: opened.rename_notebooks(pairs, references=references, dry_run=dry_run)
        )
        self.answer(done)
        if not dry_run:
            _tell(self, opened, done)


class ReferencesHandler(ApiHandler):
    """``notebooks/<path>/references``: what still names the notebook by a name that it had.

    ``GET ?was=`` shows what would follow, ``POST {"was"}`` lets it follow.
    """

    @route
    async def get(self, path: str) -> None:
        was = self.get_query_argument("was")
        opened = await self.opened()
        planned = await self.off_loop(
            lambda: opened.update_references(path, was, dry_run=True)
        )  # fmt: skip
        self.answer(planned.plan)

    @route
    async def post(self, path: str) -> None:
        was = self.body(frozenset({"was"})).get("was")
        if not isinstance(was, str) or not was:
            raise UsageError("was is missing.", hint="Send the path that the notebook had.")
        opened = await self.opened()
        done = await self.off_loop(opened.update_references, path, was)
        self.answer(done)
        _tell(self, opened, done)


class ChangesHandler(ApiHandler):
    """``GET changes``: renames on record, newest first."""

    @route
    async def get(self) -> None:
        limit, _ = self.page()
        opened = await self.opened()
        self.answer({"changes": await self.off_loop(opened.changes, limit)})


class UndoHandler(ApiHandler):
    """``POST changes/<id>/undo``: names, twins, histories and references as they were."""

    @route
    async def post(self, change: str) -> None:
        self.body(frozenset())
        opened = await self.opened()
        done = await self.off_loop(opened.undo, change)
        self.answer(done)
        _tell(self, opened, done)


def _tell(handler: ApiHandler, opened: OpenProject, done: RenameResult) -> None:
    """All clients learn which notebooks changed."""
    renamed = [rename.new_path for rename in done.plan.renames]
    edited = [r.path for r in done.plan.references if r.path.endswith(".ipynb")]
    for path in dict.fromkeys([*renamed, *edited]):
        handler.tell(opened, path)


def _pairs(given: Any) -> list[tuple[str, str]]:
    known = {"path", "new_path"}
    if not isinstance(given, list) or not all(
        isinstance(one, dict)
        and set(one) == known
        and all(isinstance(value, str) and value for value in one.values())
        for one in given
    ):
        raise UsageError("renames is not a list of {path, new_path}.")
    return [(one["path"], one["new_path"]) for one in given]


#: Patterns below the API's prefix, for `nbtrail.server.routes.handlers`.
ROUTES: list[tuple[str, type[ApiHandler]]] = [
    ("notebooks/proposal", ProposalHandler),
    ("renames", RenamesHandler),
    (rf"notebooks/{PATH}/references", ReferencesHandler),
    ("changes", ChangesHandler),
    (r"changes/(?P<change>[0-9a-f-]+)/undo", UndoHandler),
]
