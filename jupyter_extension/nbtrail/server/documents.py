"""Documents that jupyter-collaboration holds in memory while they are open in a tab.

It takes what lies on the disk for right: a file that is written behind an open document replaces
what was typed there since it was saved last (jupytext#1648). So what is open is changed in the
document, from which the collaboration's own saving brings it to the disk, and only where the
document still is what was looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrail.pairing.apply import apply_merge
from nbtrail.pairing.base import load_base, notebook_of_twin
from nbtrail.pairing.cells import sheet_of
from nbtrail.pairing.formats import is_paired
from nbtrail.pairing.live import (
    Change,
    after_save_of_open_twin,
    bring_open_pair_together,
    twin_was_saved,
)
from nbtrail.pairing.look import untouched_base
from nbtrail.pairing.sync import SaveTicket
from nbtrail.server.follow import Follower, Owner, find_owner
from nbtrail.server.steps import Away, Here, Steps

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from nbtrail.server.projects import Projects

_EXTENSION = "jupyter_server_ydoc"


class Documents:
    """The open documents of a server; none where jupyter-collaboration is not there."""

    def __init__(self, serverapp: ServerApp) -> None:
        self._serverapp = serverapp

    @property
    def possible(self) -> bool:
        """Whether documents can be open at all."""
        return self._extension() is not None

    def open(self, notebook: str, twin: str | None) -> tuple[Any, Any]:
        """The open documents of a notebook and of its twin, ``None`` for what is not open.

        Runs on the event loop, and waits for nothing: a document that is being loaded waits for
        the contents manager, and so perhaps for who asks here.
        """
        return (
            self._document(notebook, "notebook", "json"),
            None if twin is None else self._document(twin, "file", "text"),
        )

    def _document(self, path: str, content_type: str, file_format: str) -> Any:
        extension = self._extension()
        if extension is None:
            return None
        identity = self._serverapp.web_app.settings["file_id_manager"].get_id(path.strip("/"))
        rooms = extension.ywebsocket_server.rooms
        room = rooms.get(f"{file_format}:{content_type}:{identity}")
        if room is None or not room.ready:
            return None
        return import_module("jupyter_ydoc").ydocs[content_type](room.ydoc)

    def _extension(self) -> Any:
        manager = getattr(self._serverapp, "extension_manager", None)
        found = getattr(manager, "extension_apps", {}).get(_EXTENSION, ())
        return next((app for app in found if hasattr(app, "ywebsocket_server")), None)


def apply_change(
    change: Change, documents: tuple[Any, Any], gave: Callable[[Change], None]
) -> None:
    """Bring a change into open documents that are still those that it was made for.

    Runs on the event loop, where documents change only between two steps. ``gave`` is called
    when the twin's document has its new text.
    """
    notebook, twin = documents
    if change.merged is not None and notebook is not None:
        content = notebook.source
        if sheet_of(content).cells == change.sheet.cells:
            notebook.source = apply_merge(content, change.merged)
    if change.text is not None and twin is not None and twin.source == change.seen:
        twin.source = change.text
        gave(change)


class OpenPairs:
    """Pairs of which a file is open in a shared document: steps for the contents layer."""

    def __init__(self, documents: Documents, projects: Projects, follow: Follower) -> None:
        self._documents = documents
        self._projects = projects
        self._follow = follow
        #: What documents of twins have got and not saved yet, by project and notebook.
        self._given: dict[tuple[Path, str], Change] = {}

    @property
    def possible(self) -> bool:
        """Whether documents can be open at all."""
        return self._documents.possible

    def after_save(self, owner: Owner, ticket: SaveTicket, path: str) -> Steps:
        """Let the open document of a twin follow a save; false where it is not open."""
        twin = None if ticket.twin is None else self._beside(owner, path, ticket.twin)
        if twin is None:
            return False
        _, document = yield Here(partial(self._documents.open, path, twin))
        if document is None:
            return False
        key = (owner.opened.project.root, owner.path)
        work = partial(self._after_save, owner, document.source, self._given.get(key))
        change = yield Away(partial(self._follow.quietly, "save", work), waits=True)
        if change is not None:
            yield Here(partial(apply_change, change, (None, document), self._note(key)))
        return True

    def bring_together(self, owner: Owner, path: str) -> Steps:
        """Bring an open pair together; false where nothing of it is open."""
        twin = yield Away(partial(self._follow.quietly, "find", self._twin_of, owner))
        beside = None if twin is None else self._beside(owner, path, twin)
        documents = yield Here(partial(self._documents.open, path, beside))
        notebook, text = documents
        if notebook is None and text is None:
            return False
        known = partial(self._follow.quietly, "get", self._is_untouched, owner)
        if (yield Away(known)):
            return True
        content = None if notebook is None else notebook.source
        live = None if text is None else text.source
        key = (owner.opened.project.root, owner.path)
        given = self._given.get(key)
        if given is not None and given.text == live:
            return True  # its saving is on the way
        work = partial(self._bring, owner, content, live)
        change = yield Away(partial(self._follow.quietly, "get", work), waits=True)
        if change is not None:
            yield Here(partial(apply_change, change, documents, self._note(key)))
        return True

    def file_saved(self, path: str) -> Steps:
        """A client saved a file that may be a twin."""
        work = partial(self._follow.quietly, "save", self._file_saved, path)
        yield Away(work, waits=True)

    def _note(self, key: tuple[Path, str]) -> Callable[[Change], None]:
        def note(change: Change) -> None:
            self._given[key] = change

        return note

    @staticmethod
    def _beside(owner: Owner, path: str, twin: str) -> str:
        return path.strip("/").removesuffix(owner.path) + twin

    @staticmethod
    def _twin_of(owner: Owner) -> str | None:
        base = load_base(owner.opened.store_or_none(), owner.path)
        return None if base is None else base.twin

    @staticmethod
    def _is_untouched(owner: Owner) -> bool:
        store = owner.opened.store_or_none()
        return untouched_base(owner.opened.project, store, owner.path) is not None

    def _after_save(self, owner: Owner, live: str, given: Change | None) -> Change | None:
        store = owner.opened.store_or_none()
        change, digest = after_save_of_open_twin(
            owner.opened.project, store, owner.path, live, given
        )
        self._follow.saved(owner, digest)
        return change

    @staticmethod
    def _bring(owner: Owner, content: Any, live: str | None) -> Change | None:
        store = owner.opened.store_or_none()
        return bring_open_pair_together(owner.opened.project, store, owner.path, content, live)

    def _file_saved(self, path: str) -> None:
        owner = find_owner(self._projects, path)
        if owner is None:
            return
        project, store = owner.opened.project, owner.opened.store_or_none()
        notebook = notebook_of_twin(store, owner.path)
        if notebook is None or not is_paired(project, notebook):
            return
        given = self._given.pop((project.root, notebook), None)
        twin_was_saved(project, store, notebook, given)
