"""REST routes of versions, timelines and restoring, and the snapshots of what clients save."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbtrail.app import OpenProject
from nbtrail.errors import ConflictError, NbtrailError, NotFoundError, UsageError
from nbtrail.files import fingerprint
from nbtrail.server.documents import Documents
from nbtrail.server.follow import find_owner
from nbtrail.server.handlers import PATH, ApiHandler, optional_text, route, texts

if TYPE_CHECKING:
    from nbtrail.diff.images import PixelBudget
    from nbtrail.history.restore import Plan, Restored
    from nbtrail.history.versions import Sources
    from nbtrail.notebooks.document import Notebook
    from nbtrail.server.projects import Projects

log = logging.getLogger(__name__)

#: Seconds after a save before its snapshot is taken: the answer comes first, and saves that
#: follow each other at once make one.
_LINGER = 0.3


class Rememberer:
    """Takes snapshots of notebooks that clients opened or saved, on a thread of its own.

    Parameters
    ----------
    projects
        The open projects.
    tell
        Called with a project and a notebook's path when its timeline has something new.
    """

    def __init__(self, projects: Projects, tell: Callable[[OpenProject, str | None], None]) -> None:
        self._projects = projects
        self._tell = tell
        self._queue: queue.SimpleQueue[tuple[str, str] | threading.Event | None] = (
            queue.SimpleQueue()
        )
        self._stopped = threading.Event()
        self._said: set[str] = set()
        #: What the files looked like whose snapshots were taken.
        self._marks: dict[Path, tuple[int, int, int]] = {}
        self._thread = threading.Thread(target=self._run, name="nbtrail-history", daemon=True)

    def start(self) -> None:
        """Begin to take what is handed over."""
        self._thread.start()

    def remember(self, path: str, kind: str = "save") -> None:
        """Have a snapshot taken soon of a notebook by its contents path; never blocks."""
        self._queue.put((path, kind))

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until what was handed over so far is taken; false after ``timeout`` seconds."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout)

    def stop(self) -> None:
        """Take what is left, and end the thread. May be called twice."""
        self._stopped.set()
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(10)

    def _run(self) -> None:
        running = True
        while running:
            items: list[Any] = [self._queue.get()]
            if isinstance(items[0], tuple):
                self._stopped.wait(_LINGER)
            while not self._queue.empty():
                items.append(self._queue.get())
            running = None not in items
            wanted: dict[str, str] = {}
            for path, kind in (item for item in items if isinstance(item, tuple)):
                if kind == "save" or path not in wanted:
                    wanted[path] = kind
            for path, kind in wanted.items():
                self._take(path, kind)
            for item in items:
                if isinstance(item, threading.Event):
                    item.set()

    def _take(self, path: str, kind: str) -> None:
        try:
            owner = find_owner(self._projects, path)
            if owner is None or (kind == "found" and not owner.opened.project.adopted):
                return
            file = owner.opened.project.resolve(owner.path)
            mark = fingerprint(file)
            if mark is None or self._marks.get(file) == mark:
                return
            if owner.opened.remember(owner.path, kind):
                self._tell(owner.opened, owner.path)
            self._marks[file] = mark
        except NotFoundError:
            return  # it was renamed or deleted meanwhile
        except Exception as error:
            # A notebook that is gone or broken, a ledger that is: no save waits for this.
            if str(error) not in self._said:
                self._said.add(str(error))
                expected = isinstance(error, NbtrailError)
                log.warning("nbtrail took no snapshot: %s", error, exc_info=not expected)


class VersionsHandler(ApiHandler):
    """``GET notebooks/<path>/versions``: the timeline, newest first."""

    @route
    async def get(self, path: str) -> None:
        limit, after = self.page()
        opened = await self.opened()
        found, cursor = await self.off_loop(lambda: opened.timeline(path, limit=limit, after=after))
        self.answer({"notebook": path, "versions": found, "next": cursor})


class VersionHandler(ApiHandler):
    """``GET notebooks/<path>/versions/<version>``: the notebook as it was."""

    @route
    async def get(self, path: str, version: str) -> None:
        opened = await self.opened()
        notebook = await self.off_loop(opened.version, path, version)
        self.answer({"path": path, "version": version, "notebook": notebook})


class CellVersionsHandler(ApiHandler):
    """``GET notebooks/<path>/cells/<id>/versions``: one cell with its outputs, newest first."""

    @route
    async def get(self, path: str, cell: str) -> None:
        limit, after = self.page()
        opened = await self.opened()
        found, cursor = await self.off_loop(
            lambda: opened.cell_versions(path, cell, limit=limit, after=after)
        )
        self.answer({"notebook": path, "cell_id": cell, "versions": found, "next": cursor})


class RestoreHandler(ApiHandler):
    """``POST notebooks/<path>/restore``: put back ``version``, or one ``cell`` of it."""

    @route
    async def post(self, path: str) -> None:
        body = texts(self.body(frozenset({"version", "cell", "to"})), required=("version",))
        opened = await self.opened()
        cell, to = body.get("cell"), body.get("to")
        work = partial(opened.plan_restore, path, body["version"], cell=cell, to=to)
        plan, sources = await self.off_loop(work)
        document = self._open_document(opened, plan.path)
        if document is None:
            restored = await self.off_loop(_into_file, sources, plan)
        else:
            restored = await self._into_document(document, sources, plan, body.get("cell"))
        undo = None if restored.kept is None else {"version": restored.kept, "cell": None}
        answer = {"undo": undo, "open": document is not None}
        self.answer({**msgspec.structs.asdict(restored), **answer})
        self.tell(opened, restored.path)

    def _open_document(self, opened: OpenProject, path: str) -> Any:
        """The shared document of a notebook that is open; ``None`` where none is."""
        documents = Documents(self.serverapp) if self.serverapp is not None else None
        if documents is None or not documents.possible:
            return None
        root = self.projects.contents_root(opened)
        return documents.open(f"{root}/{path}" if root else path, None)[0]

    async def _into_document(
        self, document: Any, sources: Sources, plan: Plan, cell: str | None
    ) -> Restored:
        """Change what is open: its own saving brings the change to the disk."""
        from nbtrail.history import restore

        live = document.source
        content = plan.content
        if cell is not None:
            then = content
            content = await self.off_loop(restore.with_cell, live, then, cell, plan.version)
        kept = await self.off_loop(restore.keep_present, sources, plan, live)
        if document.source != live:
            raise ConflictError(
                "The notebook was edited while it was being restored.",
                hint="Nothing was changed; try again.",
            )
        document.source = content
        await self.off_loop(_note, sources, plan, kept, content)
        return restore.Restored(
            plan.path, plan.version, plan.cell, kept, True,
            message="The notebook is open: it changes there, and is saved from there.",
        )  # fmt: skip


def _into_file(sources: Sources, plan: Plan) -> Restored:
    from nbtrail.history.restore import carry_out, keep_present

    return carry_out(sources, plan, keep_present(sources, plan))


def _note(sources: Sources, plan: Plan, kept: str | None, content: Notebook) -> None:
    from nbtrail.history.restore import note_restored
    from nbtrail.notebooks.document import dump_notebook

    note_restored(sources, plan, kept, dump_notebook(content))


def _pixels(text: str | None) -> PixelBudget | None:
    """How much of images is compared: by default little, with ``all`` everything."""
    from nbtrail.diff.images import PixelBudget

    if text not in (None, "all"):
        raise UsageError(f"pixels={text} is unknown.", hint="Leave it out, or say pixels=all.")
    return None if text is None else PixelBudget(None, heat_maps=True)


class DiffHandler(ApiHandler):
    """``GET diff?a=&b=``; ``POST diff`` brings along what is on screen, as ``PATH@working``."""

    @route
    async def get(self) -> None:
        opened = await self.opened()
        a = self.get_query_argument("a")
        b = self.get_query_argument("b", None)
        pixels = _pixels(self.get_query_argument("pixels", None))
        self.answer(await self.off_loop(lambda: opened.diff(a, b, pixels=pixels)))

    @route
    async def post(self) -> None:
        body = self.body(frozenset({"a", "b", "working", "pixels"}))
        working = body.get("working")
        if not isinstance(working, dict) or not isinstance(working.get("cells"), list):
            raise UsageError("working is not a notebook.", hint="Send the model's content.")
        a, b = optional_text(body, "a"), optional_text(body, "b")
        if a is None:
            raise UsageError("a is missing.")
        pixels = _pixels(optional_text(body, "pixels"))
        opened = await self.opened(a.partition("@")[0])
        self.answer(await self.off_loop(lambda: opened.diff(a, b, working=working, pixels=pixels)))


class CompareHandler(ApiHandler):
    """``GET compare?run=&run=``: runs side by side, and what explains a changed metric."""

    @route
    async def get(self) -> None:
        runs = self.get_query_arguments("run")
        opened = await self.opened()
        self.answer(await self.off_loop(opened.compare, runs))


ROUTES: list[tuple[str, type[ApiHandler]]] = [
    (rf"notebooks/{PATH}/versions", VersionsHandler),
    (rf"notebooks/{PATH}/versions/(?P<version>.+)", VersionHandler),
    (rf"notebooks/{PATH}/cells/(?P<cell>[^/]+)/versions", CellVersionsHandler),
    (rf"notebooks/{PATH}/restore", RestoreHandler),
    ("diff", DiffHandler),
    ("compare", CompareHandler),
]
