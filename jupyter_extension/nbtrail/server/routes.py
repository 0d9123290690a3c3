"""The REST routes: parse, one call, serialise."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from nbtrail.app import OpenProject
from nbtrail.errors import UsageError
from nbtrail.server.adopting import ROUTES as ADOPTING
from nbtrail.server.exporting import ROUTES as EXPORTING
from nbtrail.server.handlers import PATH, ApiHandler, Tell, optional_text, route, texts
from nbtrail.server.history import ROUTES as HISTORY
from nbtrail.server.projects import Projects
from nbtrail.server.proof import ROUTES as PROOF
from nbtrail.server.renames import ROUTES as RENAMES

if TYPE_CHECKING:
    from nbtrail.policy.naming import Made, Renamed
    from nbtrail.policy.renaming.records import RenamePlan

PREFIX = "/nbtrail/api"

#: A run's id or its tag, which may be in any script.
_SETTINGS = ("jobs", "timeout", "memory_mb", "retries", "executor", "scheduler")
_RUN_KEYS = frozenset(
    {
        "kind", "notebooks", "from", "until", "force", "write", "params", "against", "resume",
        "repeat", "fail_fast", "fresh_env",
        *_SETTINGS,
    }
)  # fmt: skip
_RUN = r"(?P<run>[^/]+)"


class ProjectHandler(ApiHandler):
    """``GET project``: what the panel needs to know first."""

    @route
    async def get(self) -> None:
        opened = await self.opened()
        described = await self.off_loop(opened.describe)
        described["store"]["lost"] += self.projects.unheard()
        self.answer({**described, "contents_root": self.projects.contents_root(opened)})


class InitHandler(ApiHandler):
    """``POST project/init``: make the folder a project."""

    @route
    async def post(self) -> None:
        opened = await self.opened()
        self.answer(await self.off_loop(opened.init), status=201)
        self.tell(opened, None)


class NotebooksHandler(ApiHandler):
    """``GET notebooks`` lists, ``POST notebooks`` makes a named one with its twin."""

    @route
    async def get(self) -> None:
        opened = await self.opened()
        self.answer({"notebooks": await self.off_loop(opened.notebooks)})

    @route
    async def post(self) -> None:
        keys = frozenset({"category", "description", "sequence", "folder", "from"})
        given = self.body(keys)
        body = texts(given, required=("category", "description"))
        # An empty number is a choice: none. Without the key the next one is taken.
        sequence = "" if given.get("sequence") == "" else body.get("sequence")
        opened = await self.opened()
        made = await self.off_loop(
            lambda: opened.new_notebook(
                body["category"],
                body["description"],
                sequence=sequence,
                folder=body.get("folder", ""),
                origin=body.get("from"),
            )
        )
        self.answer(made, status=201)
        self.tell(opened, made.path)


class NotebookHandler(ApiHandler):
    """``PATCH notebooks/<path>``: category, description, place, pairing.

    With ``dry_run`` a rename is only planned.
    """

    @route
    async def patch(self, path: str) -> None:
        texts_of = {"category", "description", "sequence", "path", "keep"}
        flags_of = {"scratch", "pair", "references", "dry_run"}
        body = self.body(frozenset(texts_of | flags_of))
        flags = flags_of & set(body)
        changes: dict[str, Any] = {key: bool(body.pop(key)) for key in flags}
        if isinstance(body.get("keep"), dict):
            changes["keep"] = body.pop("keep")
        changes.update(texts(body))
        opened = await self.opened()
        dry_run = changes.pop("dry_run", False)
        if dry_run:
            self.answer(await self.off_loop(plan_change, opened, path, changes))
            return
        made = await self.off_loop(change_notebook, opened, path, changes)
        self.answer(made)
        self.tell(opened, made.path)


class ConflictHandler(ApiHandler):
    """``GET notebooks/<path>/conflict``: both versions of each cell that needs a choice."""

    @route
    async def get(self, path: str) -> None:
        opened = await self.opened()
        self.answer(await self.off_loop(opened.pair_conflict, path))


class StatusHandler(ApiHandler):
    """``GET notebooks/<path>/status``."""

    @route
    async def get(self, path: str) -> None:
        opened = await self.opened()
        self.answer(await self.off_loop(opened.status, path))


class ExecutionsHandler(ApiHandler):
    """``GET executions`` and ``GET notebooks/<path>/executions``: newest first."""

    @route
    async def get(self, path: str | None = None) -> None:
        limit, after = self.page()
        opened = await self.opened()
        notebook = None if path is None else path
        found, cursor = await self.off_loop(lambda: opened.log(notebook, limit=limit, after=after))
        self.answer({"executions": found, "next": cursor})


class SearchHandler(ApiHandler):
    """``GET search?q=``: what holds all the words, newest first."""

    @route
    async def get(self) -> None:
        limit, after = self.page()
        query = self.get_query_argument("q")
        opened = await self.opened()
        hits, cursor = await self.off_loop(lambda: opened.search(query, limit=limit, after=after))
        self.answer({"hits": hits, "next": cursor})


class GraphHandler(ApiHandler):
    """``GET graph``: the inferred pipeline."""

    @route
    async def get(self) -> None:
        opened = await self.opened()
        self.answer(await self.off_loop(opened.graph_json))


class RunsHandler(ApiHandler):
    """``GET runs`` lists, ``POST runs`` starts one and answers at once."""

    @route
    async def get(self) -> None:
        limit, after = self.page()
        opened = await self.opened()
        found, cursor = await self.off_loop(lambda: opened.runs(limit=limit, after=after))
        self.answer({"runs": found, "next": cursor})

    @route
    async def post(self) -> None:
        body = self.body(_RUN_KEYS)
        opened = await self.opened()
        self.answer({"run": await self.off_loop(start_run, opened, body)}, status=202)


class RunHandler(ApiHandler):
    """``GET runs/<id>`` shows, ``PATCH`` tags and notes, ``DELETE`` cancels; a tag will do, too."""

    @route
    async def get(self, run: str) -> None:
        opened = await self.opened()
        detail = await self.off_loop(opened.run_detail, run)
        self.answer(detail.as_json())

    @route
    async def patch(self, run: str) -> None:
        body = self.body(frozenset({"tag", "note", "append", "move"}))
        # Null takes away, as an empty text does; a key that is not there changes nothing.
        changes = {key: optional_text(body, key) or "" for key in ("tag", "note") if key in body}
        append, move = bool(body.get("append")), bool(body.get("move"))
        opened = await self.opened()
        detail = await self.off_loop(
            lambda: opened.annotate_run(run, append=append, move=move, **changes)
        )
        self.answer(detail.as_json())
        self.tell(opened, None)

    @route
    async def delete(self, run: str) -> None:
        opened = await self.opened()
        status = await self.off_loop(opened.cancel, run)
        self.answer({"run": run, "status": status}, status=202)


class StepNotebookHandler(ApiHandler):
    """``GET runs/<id>/steps/<n>/notebook``: the executed copy."""

    @route
    async def get(self, run: str, step: str) -> None:
        opened = await self.opened()
        self.answer(await self.off_loop(opened.executed_notebook, run, int(step)))


class EnvironmentHandler(ApiHandler):
    """``GET environments/<id>``."""

    @route
    async def get(self, identity: str) -> None:
        opened = await self.opened()
        self.answer(await self.off_loop(opened.environment, identity))


class FindingsHandler(ApiHandler):
    """``GET findings``: broken rules; with ``path=``, once or several times, of some notebooks."""

    @route
    async def get(self) -> None:
        paths = self.get_query_arguments("path") or None
        opened = await self.opened()
        self.answer(await self.off_loop(opened.findings_json, paths))


class FixHandler(ApiHandler):
    """``POST findings/fix``: mend what can be mended without a question."""

    @route
    async def post(self) -> None:
        body = texts(self.body(frozenset({"path", "code"})))
        paths = [body["path"]] if "path" in body else None
        opened = await self.opened()
        self.answer(await self.off_loop(lambda: opened.fix(paths, code=body.get("code"))))
        self.tell(opened, None)


class RulesHandler(ApiHandler):
    """``GET rules`` lists, ``GET rules/<code>`` gives one by its code or name, with its page."""

    @route
    async def get(self, key: str | None = None) -> None:
        opened = await self.opened()
        found = await self.off_loop(opened.rules, key)
        self.answer({"rules": found} if key is None else found[0])


def plan_change(opened: OpenProject, path: str, changes: dict[str, Any]) -> RenamePlan:
    """What ``PATCH notebooks/<path>`` with ``dry_run`` asks for."""
    if {"pair", "keep"} & set(changes):
        raise UsageError("Only a rename can be planned.", hint="Leave pair and keep out.")
    return opened.plan_change(path, **changes)


def change_notebook(opened: OpenProject, path: str, changes: dict[str, Any]) -> Made | Renamed:
    """Do what ``PATCH notebooks/<path>`` asks for."""
    keep = changes.pop("keep", None)
    if keep is None:
        return opened.change_notebook(path, **changes)
    sides = list(keep.values()) if isinstance(keep, dict) else [keep]
    if changes or not all(isinstance(side, str) for side in sides):
        raise UsageError(
            "keep cannot be used like this.",
            hint='Send {"keep": "notebook"} or {"keep": {CELL: "twin"}} alone.',
        )
    return opened.resolve_pair(path, keep)


def start_run(opened: OpenProject, body: dict[str, Any]) -> str:
    """Start what ``POST runs`` asks for; returns the run's id."""
    kind = body.get("kind", "pipeline")
    if kind == "verify":
        return opened.start_verify(
            against=optional_text(body, "against"),
            repeat=body.get("repeat", 1),
            fail_fast=bool(body.get("fail_fast")),
            fresh_environment=bool(body.get("fresh_env")),
        )
    if kind != "pipeline":
        raise UsageError(f"There is no run of kind {kind!r}.", hint="Use pipeline or verify.")
    settings = {key: body.get(key) for key in _SETTINGS}
    if body.get("resume"):
        run = None if body["resume"] is True else optional_text(body, "resume")
        return opened.resume_run(run, **settings)
    notebooks = body.get("notebooks") or []
    params = body.get("params") or {}
    if not isinstance(notebooks, list) or not all(isinstance(n, str) for n in notebooks):
        raise UsageError("notebooks is not a list of paths.")
    if not isinstance(params, dict):
        raise UsageError("params is not an object.")
    return opened.start_run(
        notebooks=tuple(notebooks),
        start=optional_text(body, "from"),
        until=optional_text(body, "until"),
        force=bool(body.get("force")),
        write=bool(body.get("write", True)),
        params=params,
        **settings,
    )


def handlers(projects: Projects, threads: ThreadPoolExecutor, tell: Tell) -> list[tuple[Any, ...]]:
    """What the server extension registers."""
    routes: list[tuple[str, type[ApiHandler]]] = [
        ("project", ProjectHandler),
        ("project/init", InitHandler),
        ("notebooks", NotebooksHandler),
        (rf"notebooks/{PATH}/status", StatusHandler),
        (rf"notebooks/{PATH}/conflict", ConflictHandler),
        (rf"notebooks/{PATH}/executions", ExecutionsHandler),
        *RENAMES,
        *HISTORY,
        (rf"notebooks/{PATH}", NotebookHandler),
        *EXPORTING,
        *PROOF,
        *ADOPTING,
        ("executions", ExecutionsHandler),
        ("search", SearchHandler),
        ("graph", GraphHandler),
        ("runs", RunsHandler),
        (rf"runs/{_RUN}", RunHandler),
        (rf"runs/{_RUN}/steps/(?P<step>\d+)/notebook", StepNotebookHandler),
        (r"environments/(?P<identity>[0-9a-f]+)", EnvironmentHandler),
        ("findings", FindingsHandler),
        ("findings/fix", FixHandler),
        ("rules", RulesHandler),
        (r"rules/(?P<key>[A-Za-z0-9-]+)", RulesHandler),
    ]
    arguments = {"projects": projects, "threads": threads, "tell": tell}
    return [(f"{PREFIX}/{pattern}", handler, arguments) for pattern, handler in routes]
