"""The contents layer: pairs, names and histories follow what clients do with files.

It wraps methods of the contents manager *object* that is there once all extensions are
loaded, because save hooks see neither rename nor delete, and because another extension may
have replaced the manager meanwhile. For the pairs of a project jupytext's own pairing is
passed by; everything else goes through untouched.

A failure of ours is logged once and changes nothing for the client; only a name that a rule
forbids, or a file in the way of a twin, is refused.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from tornado.web import HTTPError

from nbtrail.notebooks.names import is_draft
from nbtrail.pairing.sync import SaveTicket, SyncResult
from nbtrail.policy.names import draft_refusal
from nbtrail.server.documents import Documents, OpenPairs
from nbtrail.server.follow import Follower, Owner, find_owner
from nbtrail.server.managers import class_without_jupytext, is_notebook, locked_path
from nbtrail.server.steps import Away, Both, Here, Steps, held, run, run_async

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp
    from jupyter_server.services.contents.manager import ContentsManager

    from nbtrail.app import OpenProject
    from nbtrail.server.projects import Projects

log = logging.getLogger(__name__)

_MARK = "_nbtrail_layer"
#: Threads for what may have to wait for another writer of pairs.
_THREADS = 4
_WRAPPED = ("get", "save", "rename_file", "delete_file", "copy", "new_untitled")
#: Whether the server itself is choosing a name for a new notebook.
_untitled: ContextVar[bool] = ContextVar("nbtrail_untitled", default=False)

#: While a folder is listed: whether its notebooks' pairs are ours. The manager asks for each entry.
_listing: ContextVar[bool | None] = ContextVar("nbtrail_listing", default=None)


def install(
    serverapp: ServerApp,
    projects: Projects,
    on_change: Callable[[OpenProject, str], None] | None = None,
    remember: Callable[[str, str], None] = lambda _path, _kind: None,
) -> list[ContentsLayer]:
    """Wrap the server's contents manager; calling it again wraps one that came later.

    Parameters
    ----------
    serverapp
        A server whose extensions are loaded.
    projects
        The open projects; their root must be the manager's.
    on_change
        Called from any thread with a project and a notebook's path after the layer has
        changed a file, a name or a pair.
    remember
        Called with the contents path of a notebook that a client opened (``found``) or saved
        (``save``); must not block.
    """
    settings = getattr(serverapp.web_app, "settings", {})
    managers: list[Any] = [serverapp.contents_manager, settings.get("contents_manager")]
    made = []
    for manager in managers:
        if manager is None or hasattr(manager, _MARK):
            continue
        root = getattr(manager, "root_dir", None)
        if not isinstance(root, str) or Path(os.path.realpath(root)) != projects.root:
            log.info("nbtrail keeps no pairs: %s does not serve the server's root", manager)
            continue
        made.append(ContentsLayer(manager, projects, Documents(serverapp), on_change, remember))
    return made


def draft_gate(projects: Projects, contents_path: str) -> str | None:
    """Why the notebook at this path of the Contents API must not be executed yet.

    ``None`` lets it run: a notebook with a name, scratch, no project, or a project that does
    not enforce categories. Costs a name's comparison where the notebook is no draft.
    """
    if not is_draft(contents_path):
        return None
    owner = find_owner(projects, contents_path)
    return None if owner is None else draft_refusal(owner.opened.project, owner.path)


class ContentsLayer:
    """The wrapping of one contents manager; `remove` undoes it."""

    def __init__(
        self,
        manager: ContentsManager,
        projects: Projects,
        documents: Documents,
        on_change: Callable[[OpenProject, str], None] | None = None,
        remember: Callable[[str, str], None] = lambda _path, _kind: None,
    ) -> None:
        self._remember = remember
        self._manager: Any = manager
        self._projects = projects
        self._follow = Follower(projects, on_change)
        # Documents are asked on the event loop, which a manager without it knows nothing of.
        self._has_loop = inspect.iscoroutinefunction(manager.get)
        self._open_pairs = OpenPairs(documents, projects, self._follow)
        self._plain_class = class_without_jupytext(type(manager))
        self._originals: dict[str, Callable[..., Any]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting = ThreadPoolExecutor(_THREADS, thread_name_prefix="nbtrail-pairs")
        setattr(manager, _MARK, self)
        for name in _WRAPPED:
            original = getattr(manager, name)
            self._originals[name] = original
            drive = self._drive_async if inspect.iscoroutinefunction(original) else self._drive
            setattr(manager, name, partial(drive, name))

    def remove(self) -> None:
        """Give the manager its own methods back."""
        for name, original in self._originals.items():
            setattr(self._manager, name, original)
        delattr(self._manager, _MARK)
        self._waiting.shutdown(wait=False)

    # Operations

    def _get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,
        format: str | None = None,
        **rest: Any,
    ) -> Steps:
        call = {"content": content, "type": type, "format": format, **rest}
        nothing_to_do = type == "directory" or not (content or self._plain_class)
        if content and is_notebook(path) and type in (None, "notebook"):
            self._remember(path, "found")
        owner = None if nothing_to_do else (yield from self._owner_of(path))
        if owner is None:
            return (yield from self._get_plain(path, call))
        plain = Here(partial(self._plain("get"), path, **call))
        if not content or path.strip("/") in held.get():
            return (yield plain)
        if self._may_be_open and (yield from self._open_pairs.bring_together(owner, path)):
            return (yield plain)
        # Nearly always the pair is in sync, and what the manager read meanwhile is right.
        bring = self._pairs("get", self._follow.bring_together, owner)
        result, model, error = yield Both(bring, plain)
        if result is not None and result.wrote_notebook:
            yield from self._carry_trust(owner, result)
            return (yield plain)
        if error is not None:
            raise error
        return model

    def _get_plain(self, path: str, call: dict[str, Any]) -> Steps:
        """As the manager does it, but a listing outlives a file that goes away meanwhile.

        The manager answers then that the folder is not there, and JupyterLab's file browser
        leaves it. Drafts that get a name make that likely.
        """
        plain = Here(partial(self._originals["get"], path, **call))
        if call["content"] and not is_notebook(path):
            ours = yield self._ours("find", self._keeps_pairs_in, path)
            plain = Here(partial(self._list, bool(ours), plain.work))
        try:
            return (yield plain)
        except HTTPError as error:
            if error.status_code != 404 or not self._is_folder(path):
                raise
        return (yield plain)

    def _save(self, model: dict[str, Any], path: str = "") -> Steps:
        if not is_notebook(path) or model.get("type") == "directory":
            saved = yield Here(partial(self._originals["save"], model, path))
            if self._may_be_open and model.get("type") == "file":
                yield from self._open_pairs.file_saved(path)
            return saved
        chunk = model.get("chunk")
        prepare = partial(self._prepare_save, path, not _untitled.get(), chunk is None)
        owner, ticket, release = yield Away(prepare)
        if owner is None:
            saved = yield Here(partial(self._originals["save"], model, path))
            if chunk in (None, -1):
                self._remember(path, "save")
            return saved
        try:
            saved = yield Here(partial(self._plain("save"), model, path))
            if chunk in (None, -1):
                self._remember(path, "save")
                yield from self._follow_save(owner, ticket or SaveTicket(None), model, path)
            return saved
        finally:
            release()

    def _follow_save(
        self, owner: Owner, ticket: SaveTicket, model: dict[str, Any], path: str
    ) -> Steps:
        if self._may_be_open and (yield from self._open_pairs.after_save(owner, ticket, path)):
            return
        yield self._pairs("save", self._follow.after_save, owner, ticket, model.get("content"))

    def _prepare_save(
        self, path: str, is_named: bool, is_whole: bool
    ) -> tuple[Owner | None, SaveTicket | None, Callable[[], None]]:
        """Judge the name, find the owner, look at the pair: one trip to a thread.

        Last comes what lets other servers save the notebook again.
        """
        if is_named:
            self._follow.judge("save", self._follow.refuse_new, path)
        owner = self._follow.quietly("find", self._paired_owner, path)
        if owner is None or not is_whole:
            return owner, None, _nothing
        release = self._follow.quietly("save", self._follow.hold_saving, owner) or _nothing
        return owner, self._follow.quietly("save", self._follow.before_save, owner), release

    def _rename_file(self, old_path: str, new_path: str) -> Steps:
        plain = partial(self._originals["rename_file"], old_path, new_path)
        if self._is_folder(old_path):
            done = yield Here(plain)
            yield self._ours("rename", self._follow.folder_renamed, old_path, new_path)
            return done
        if not is_notebook(new_path):
            return (yield Here(plain))
        if not is_notebook(old_path):
            yield Away(partial(self._follow.judge, "rename", self._follow.refuse_new, new_path))
            return (yield Here(plain))
        yield Away(
            partial(self._follow.judge, "rename", self._follow.refuse_rename, old_path, new_path)
        )
        finish = yield Away(partial(self._follow.plan_rename, old_path, new_path))
        owner = yield from self._owner_of(old_path)
        if owner is not None:
            plain = partial(self._plain("rename_file"), old_path, new_path)
        done = yield Here(plain)
        yield self._pairs("rename", finish)
        return done

    def _delete_file(self, path: str) -> Steps:
        if not is_notebook(path) or self._is_folder(path):
            return (yield Here(partial(self._originals["delete_file"], path)))
        owner = yield from self._owner_of(path)
        if owner is None:
            done = yield Here(partial(self._originals["delete_file"], path))
            yield self._ours("delete", self._follow.forget, path)
            return done
        delete = self._plain("delete_file")
        removal = yield self._ours("delete", self._follow.plan_delete, owner)
        done = yield Here(partial(delete, path))
        if removal is None:
            return done
        if removal.twin is not None:
            twin = path.strip("/").removesuffix(owner.path) + removal.twin
            try:
                yield Here(partial(delete, twin))
            except HTTPError as error:
                self._follow.say("delete", error)
        yield self._ours("delete", self._follow.deleted, owner, removal)
        return done

    def _copy(self, from_path: str, to_path: str | None = None) -> Steps:
        model = yield Here(partial(self._originals["copy"], from_path, to_path))
        copy = model.get("path", "") if isinstance(model, dict) else ""
        if is_notebook(from_path) and is_notebook(copy):
            yield self._ours("copy", self._follow.copied, from_path, copy)
        return model

    def _new_untitled(self, path: str = "", type: str = "", ext: str = "") -> Steps:
        # The server chooses the name, possibly a translated one: it is never refused.
        token = _untitled.set(True)
        try:
            return (yield Here(partial(self._originals["new_untitled"], path, type, ext)))
        finally:
            _untitled.reset(token)

    # Helpers

    @property
    def _may_be_open(self) -> bool:
        return self._has_loop and self._open_pairs.possible

    def _ours(self, what: str, work: Callable[..., Any], *args: Any) -> Away:
        """A step of ours that never fails the client."""
        return Away(partial(self._follow.quietly, what, work, *args))

    def _pairs(self, what: str, work: Callable[..., Any], *args: Any) -> Away:
        """As `_ours`, for work that writes pairs and may have to wait for that."""
        return Away(partial(self._follow.quietly, what, work, *args), waits=True)

    def _owner_of(self, path: str) -> Generator[Away | Here, Any, Owner | None]:
        """The owner of a notebook whose pair is ours to keep; ``None`` for everything else."""
        if not is_notebook(path):
            return None
        owner: Owner | None = yield self._ours("find", self._paired_owner, path)
        return owner

    def _paired_owner(self, path: str) -> Owner | None:
        owner = find_owner(self._projects, path)
        return owner if owner is not None and owner.is_paired else None

    def _plain(self, name: str) -> Callable[..., Any]:
        """The manager's method without jupytext's pairing."""
        if self._plain_class is None:
            return self._originals[name]
        method = getattr(self._plain_class, name).__get__(self._manager)
        assert callable(method)
        return method  # type: ignore[no-any-return]

    def _is_folder(self, path: str) -> bool:
        return (self._projects.root / path.strip("/")).is_dir()

    def _carry_trust(self, owner: Owner, result: SyncResult | None) -> Steps:
        """A trusted notebook stays trusted when its twin's edits come in.

        The outputs are those that were trusted; edits in a text bring none. The notary's
        database is asked where the manager asks it; the signing of whole notebooks is not.
        """
        if result is None or result.before is None:
            return
        signatures = yield self._ours("trust", self._signatures, owner, result.before)
        if signatures is None:
            return
        before, after = signatures
        try:
            notary = self._manager.notary
            if notary.store.check_signature(before, notary.algorithm):
                notary.store.store_signature(after, notary.algorithm)
        except Exception as error:
            self._follow.say("trust", error)

    def _signatures(self, owner: Owner, before: bytes) -> tuple[str, str]:
        """The notary's signatures of the notebook as it was, and as it is now."""
        import nbformat

        def sign(data: bytes) -> str:
            notebook = nbformat.reads(data.decode(), as_version=4)  # type: ignore[no-untyped-call]
            return str(self._manager.notary.compute_signature(notebook))

        now = owner.opened.project.resolve(owner.path).read_bytes()
        return sign(before), sign(now)

    # Drivers

    def _drive(self, name: str, *args: Any, **kwargs: Any) -> Any:
        path = locked_path(name, *args, **kwargs)
        return run(getattr(self, f"_{name}")(*args, **kwargs), path)

    def _list(self, ours: bool, work: Callable[[], Any]) -> Any:
        """The manager's work on a folder, in which it asks for every entry."""
        if not self._has_loop:
            token = _listing.set(ours)
            try:
                return work()
            finally:
                _listing.reset(token)

        async def listed() -> Any:
            token = _listing.set(ours)
            try:
                return await work()
            finally:
                _listing.reset(token)

        return listed()

    def _keeps_pairs_in(self, folder: str) -> bool:
        return self._paired_owner(f"{folder.strip('/')}/1-EXPLORATION-any.ipynb") is not None

    async def _drive_async(self, name: str, *args: Any, **kwargs: Any) -> Any:
        ours = _listing.get()
        if name == "get" and ours is not None and kwargs.get("content") is False:
            path = kwargs.get("path", args[0] if args else "")
            get = self._plain(name) if ours and is_notebook(path) else self._originals[name]
            return await get(*args, **kwargs)
        path = locked_path(name, *args, **kwargs)
        steps: Steps = getattr(self, f"_{name}")(*args, **kwargs)
        if path is None or path in held.get():
            return await run_async(steps, None, self._waiting)
        async with self._locks.setdefault(path, asyncio.Lock()):
            return await run_async(steps, path, self._waiting)


def _nothing() -> None:
    """Let go of what is not held."""
