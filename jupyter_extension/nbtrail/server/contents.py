"""The contents layer: pairs, names and histories follow what clients do with files.

It wraps five methods of the contents manager *object* that is there once all extensions are
loaded, because save hooks see neither rename nor delete, and because another extension may
have replaced the manager meanwhile. For the pairs of a project jupytext's own pairing is
passed by; everything else goes through untouched.

Each operation is written once, as a generator of steps: `Away` runs off the event loop,
`Here` is the manager's own work. One driver serves managers with coroutines, another those
without. A failure in a step of ours is logged once and changes nothing for the client; only a
name that a rule forbids, or a file in the way of a twin, is refused.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from tornado.web import HTTPError

from nbtrail.errors import ConflictError, NbtrailError, OutsideProjectError, UnreadableNotebookError
from nbtrail.notebooks.names import is_draft
from nbtrail.pairing import moves
from nbtrail.pairing.base import load_base
from nbtrail.pairing.decide import Action
from nbtrail.pairing.formats import is_paired
from nbtrail.pairing.sync import (
    SaveTicket,
    SyncResult,
    after_save,
    before_save,
    pair_state,
    sync,
)
from nbtrail.policy.baseline import load_baseline
from nbtrail.policy.names import draft_refusal, name_problem

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp
    from jupyter_server.services.contents.manager import ContentsManager

    from nbtrail.app import OpenProject
    from nbtrail.ledger.store import Store
    from nbtrail.server.projects import Projects

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_MARK = "_nbtrail_layer"
_WRAPPED = ("get", "save", "rename_file", "delete_file", "copy", "new_untitled")
#: Paths whose lock the present task holds: the manager's own nested calls pass.
_held: ContextVar[frozenset[str]] = ContextVar("nbtrail_held", default=frozenset())
#: Whether the server itself is choosing a name for a new notebook.
_untitled: ContextVar[bool] = ContextVar("nbtrail_untitled", default=False)


@dataclass(frozen=True)
class Away:
    """A step of ours: off the event loop."""

    work: Callable[[], Any]


@dataclass(frozen=True)
class Here:
    """A step of the manager's own."""

    work: Callable[[], Any]


Steps = Generator[Away | Here, Any, Any]


@dataclass(frozen=True)
class Owner:
    """The project that a notebook belongs to, and its path there."""

    opened: OpenProject
    path: str

    @property
    def is_paired(self) -> bool:
        """Whether its pair is nbtrail's to keep."""
        return is_paired(self.opened.project, self.path)


def install(
    serverapp: ServerApp,
    projects: Projects,
    on_change: Callable[[OpenProject, str], None] | None = None,
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
        made.append(ContentsLayer(manager, projects, on_change))
    return made


def draft_gate(projects: Projects, contents_path: str) -> str | None:
    """Why the notebook at this path of the Contents API must not be executed yet.

    ``None`` lets it run: a notebook with a name, scratch, no project, or a project that does
    not enforce categories. Costs a name's comparison where the notebook is no draft.
    """
    if not is_draft(contents_path):
        return None
    owner = _find_owner(projects, contents_path)
    return None if owner is None else draft_refusal(owner.opened.project, owner.path)


class ContentsLayer:
    """The wrapping of one contents manager; `remove` undoes it."""

    def __init__(
        self,
        manager: ContentsManager,
        projects: Projects,
        on_change: Callable[[OpenProject, str], None] | None = None,
    ) -> None:
        self._manager: Any = manager
        self._projects = projects
        self._on_change = on_change
        self._plain_class = _class_without_jupytext(type(manager))
        self._originals: dict[str, Callable[..., Any]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._said: set[tuple[str, str]] = set()
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
        owner = yield from self._owner_of(path)
        if owner is None or type == "directory":
            return (yield Here(partial(self._originals["get"], path, **call)))
        if content and path.strip("/") not in _held.get():
            result = yield Away(partial(self._quietly, "get", self._sync, owner))
            self._carry_trust(owner, result)
        return (yield Here(partial(self._plain("get"), path, **call)))

    def _save(self, model: dict[str, Any], path: str = "") -> Steps:
        if not _is_notebook(path) or model.get("type") == "directory":
            return (yield Here(partial(self._originals["save"], model, path)))
        if not _untitled.get():
            yield Away(partial(self._judge, "save", self._refuse_new, path))
        owner = yield from self._owner_of(path)
        if owner is None:
            return (yield Here(partial(self._originals["save"], model, path)))
        chunk = model.get("chunk")
        ticket = None
        if chunk is None:
            ticket = yield Away(partial(self._quietly, "save", self._before_save, owner))
        saved = yield Here(partial(self._plain("save"), model, path))
        if chunk in (None, -1):
            known = ticket or SaveTicket(None)
            yield Away(partial(self._quietly, "save", self._after_save, owner, known))
        return saved

    def _rename_file(self, old_path: str, new_path: str) -> Steps:
        plain = partial(self._originals["rename_file"], old_path, new_path)
        if self._is_folder(old_path):
            done = yield Here(plain)
            yield Away(partial(self._quietly, "rename", self._folder_renamed, old_path, new_path))
            return done
        if not (_is_notebook(old_path) and _is_notebook(new_path)):
            return (yield Here(plain))
        yield Away(partial(self._judge, "rename", self._refuse_rename, old_path, new_path))
        finish = yield Away(partial(self._plan_rename, old_path, new_path))
        owner = yield from self._owner_of(old_path)
        if owner is not None:
            plain = partial(self._plain("rename_file"), old_path, new_path)
        done = yield Here(plain)
        yield Away(partial(self._quietly, "rename", finish))
        return done

    def _delete_file(self, path: str) -> Steps:
        if not _is_notebook(path) or self._is_folder(path):
            return (yield Here(partial(self._originals["delete_file"], path)))
        owner = yield from self._owner_of(path)
        if owner is None:
            done = yield Here(partial(self._originals["delete_file"], path))
            yield Away(partial(self._quietly, "delete", self._forget, path))
            return done
        delete = self._plain("delete_file")
        removal = yield Away(partial(self._quietly, "delete", self._plan_delete, owner))
        done = yield Here(partial(delete, path))
        if removal is None:
            return done
        if removal.twin is not None:
            folder, _, _ = path.strip("/").rpartition("/")
            twin = f"{folder}/{os.path.basename(removal.twin)}".strip("/")
            try:
                yield Here(partial(delete, twin))
            except HTTPError as error:
                self._say("delete", error)
        yield Away(partial(self._quietly, "delete", self._deleted, owner, removal))
        return done

    def _copy(self, from_path: str, to_path: str | None = None) -> Steps:
        model = yield Here(partial(self._originals["copy"], from_path, to_path))
        copy = model.get("path", "") if isinstance(model, dict) else ""
        if _is_notebook(from_path) and _is_notebook(copy):
            yield Away(partial(self._quietly, "copy", self._copied, from_path, copy))
        return model

    def _new_untitled(self, path: str = "", type: str = "", ext: str = "") -> Steps:
        # The server chooses the name, possibly a translated one: it is never refused.
        token = _untitled.set(True)
        try:
            return (yield Here(partial(self._originals["new_untitled"], path, type, ext)))
        finally:
            _untitled.reset(token)

    # Our steps; all run off the event loop where the manager has one

    def _sync(self, owner: Owner) -> SyncResult:
        project = owner.opened.project
        if not project.resolve(owner.path).is_file():
            raise OutsideProjectError(f"{owner.path} is not there.")
        store = owner.opened.store_or_none()
        if _waits_in_baseline(owner, store):
            return SyncResult(Action.IN_SYNC, None, "")
        result = sync(project, store, owner.path)
        if result.wrote_notebook or result.wrote_twin:
            self._changed(owner)
        return result

    def _before_save(self, owner: Owner) -> SaveTicket:
        return before_save(owner.opened.project, owner.opened.store_or_none(), owner.path)

    def _after_save(self, owner: Owner, ticket: SaveTicket) -> None:
        after_save(owner.opened.project, owner.opened.store_or_none(), owner.path, ticket)
        self._changed(owner)

    def _refuse_new(self, path: str) -> None:
        owner = _find_owner(self._projects, path)
        if owner is not None and not self._exists(path) and not is_draft(path):
            _refuse(owner)

    def _refuse_rename(self, old_path: str, new_path: str) -> None:
        owner = _find_owner(self._projects, new_path)
        if owner is None or is_draft(new_path):
            return
        before = _find_owner(self._projects, old_path)
        same_project = (
            before is not None and before.opened.project.root == owner.opened.project.root
        )
        old_name, new_name = os.path.basename(old_path), os.path.basename(new_path)
        if same_project and old_name == new_name and not _leaves_scratch(before, owner):
            return  # moved, not named
        _refuse(owner)

    def _plan_rename(self, old_path: str, new_path: str) -> Callable[[], None]:
        """What is to be done once the notebook is moved; raises 409 where it must not be."""
        try:
            before = _find_owner(self._projects, old_path)
            after = _find_owner(self._projects, new_path)
            if before is None:
                return partial(self._settle, after)
            store = before.opened.store_or_none()
            project = before.opened.project
            if after is None or after.opened.project.root != project.root:
                removal = moves.plan_delete(project, store, before.path)
                return partial(self._left_project, before, removal, after)
            move = moves.plan_rename(project, store, before.path, after.path)
            return partial(self._renamed, before, move, after)
        except ConflictError as error:
            raise HTTPError(409, str(error)) from error
        except Exception as error:
            self._say("rename", error)
            return lambda: None

    def _renamed(self, before: Owner, move: moves.Move, after: Owner) -> None:
        store = before.opened.store_or_none()
        moves.finish_rename(before.opened.project, store, move)
        self._settle(after)

    def _left_project(self, before: Owner, removal: moves.Removal, after: Owner | None) -> None:
        if removal.twin is not None:
            before.opened.project.resolve(removal.twin).unlink(missing_ok=True)
        self._deleted(before, removal)
        self._settle(after)

    def _settle(self, owner: Owner | None) -> None:
        """Give a notebook that arrived under a new name its twin."""
        if owner is None:
            return
        if owner.is_paired:
            self._sync(owner)
        self._changed(owner)

    def _folder_renamed(self, old_path: str, new_path: str) -> None:
        before = _find_owner(self._projects, old_path)
        after = _find_owner(self._projects, new_path)
        if before is None or after is None:
            return
        project = before.opened.project
        if project.root == after.opened.project.root and project.root != self._absolute(new_path):
            store = before.opened.store_or_none()
            moves.rename_folder(project, store, before.path, after.path)
            self._changed(after)

    def _plan_delete(self, owner: Owner) -> moves.Removal:
        return moves.plan_delete(owner.opened.project, owner.opened.store_or_none(), owner.path)

    def _deleted(self, owner: Owner, removal: moves.Removal) -> None:
        moves.finish_delete(owner.opened.project, owner.opened.store_or_none(), removal)
        self._changed(owner)

    def _forget(self, path: str) -> None:
        owner = _find_owner(self._projects, path)
        if owner is not None:
            self._deleted(owner, moves.Removal(owner.path, None))

    def _copied(self, from_path: str, to_path: str) -> None:
        before = _find_owner(self._projects, from_path)
        after = _find_owner(self._projects, to_path)
        if before is None or after is None:
            return
        if before.opened.project.root == after.opened.project.root:
            moves.note_copy(before.opened.store_or_none(), before.path, after.path)
        self._changed(after)

    # Helpers

    def _owner_of(self, path: str) -> Generator[Away | Here, Any, Owner | None]:
        """The owner of a notebook whose pair is ours to keep; ``None`` for everything else."""
        if not _is_notebook(path):
            return None
        owner: Owner | None = yield Away(partial(self._quietly, "find", self._paired_owner, path))
        return owner

    def _paired_owner(self, path: str) -> Owner | None:
        owner = _find_owner(self._projects, path)
        return owner if owner is not None and owner.is_paired else None

    def _plain(self, name: str) -> Callable[..., Any]:
        """The manager's method without jupytext's pairing."""
        if self._plain_class is None:
            return self._originals[name]
        method = getattr(self._plain_class, name).__get__(self._manager)
        assert callable(method)
        return method  # type: ignore[no-any-return]

    def _absolute(self, path: str) -> Path:
        return self._projects.root / path.strip("/")

    def _exists(self, path: str) -> bool:
        return os.path.lexists(self._absolute(path))

    def _is_folder(self, path: str) -> bool:
        return self._absolute(path).is_dir()

    def _changed(self, owner: Owner) -> None:
        if self._on_change is not None:
            self._on_change(owner.opened, owner.path)

    def _carry_trust(self, owner: Owner, result: SyncResult | None) -> None:
        """A trusted notebook stays trusted when its twin's edits come in.

        The outputs are those that were trusted; edits in a text bring none.
        """
        if result is None or result.before is None:
            return
        try:
            import nbformat

            notary = self._manager.notary
            read: Callable[..., Any] = partial(nbformat.reads, as_version=4)
            if notary.check_signature(read(result.before.decode())):
                file = owner.opened.project.resolve(owner.path)
                notary.sign(read(file.read_text(encoding="utf-8")))
        except Exception as error:
            self._say("trust", error)

    def _judge(self, what: str, rule: Callable[..., None], *args: Any) -> None:
        """Let a rule refuse; a rule that cannot be judged refuses nothing."""
        try:
            rule(*args)
        except HTTPError:
            raise
        except Exception as error:
            self._say(what, error)

    def _quietly(self, what: str, work: Callable[..., _T], *args: Any) -> _T | None:
        """Run a step of ours; whatever goes wrong there is no reason to fail the client."""
        try:
            return work(*args)
        except (OutsideProjectError, UnreadableNotebookError):
            return None  # the manager has its own answer, and the finding says the rest
        except Exception as error:
            self._say(what, error)
            return None

    def _say(self, what: str, error: Exception) -> None:
        """Log a failure once: the same again says nothing new."""
        key = (what, f"{type(error).__name__}: {error}")
        if key in self._said:
            return
        self._said.add(key)
        expected = isinstance(error, NbtrailError)
        log.warning("nbtrail left a %s to the server alone: %s", what, error, exc_info=not expected)

    # Drivers

    def _drive(self, name: str, *args: Any, **kwargs: Any) -> Any:
        path = _locked_path(name, *args, **kwargs)
        generator: Steps = getattr(self, f"_{name}")(*args, **kwargs)
        try:
            step = next(generator)
            while True:
                try:
                    with _holding(path if isinstance(step, Here) else None):
                        value = step.work()
                except Exception as error:
                    step = generator.throw(error)
                else:
                    step = generator.send(value)
        except StopIteration as end:
            return end.value

    async def _drive_async(self, name: str, *args: Any, **kwargs: Any) -> Any:
        path = _locked_path(name, *args, **kwargs)
        generator: Steps = getattr(self, f"_{name}")(*args, **kwargs)
        if path is None or path in _held.get():
            return await _run(generator, None)
        async with self._locks.setdefault(path, asyncio.Lock()):
            return await _run(generator, path)


async def _run(generator: Steps, path: str | None) -> Any:
    try:
        step = next(generator)
        while True:
            try:
                if isinstance(step, Away):
                    value = await asyncio.to_thread(step.work)
                else:
                    with _holding(path):
                        value = step.work()
                        value = await value if inspect.isawaitable(value) else value
            except Exception as error:
                step = generator.throw(error)
            else:
                step = generator.send(value)
    except StopIteration as end:
        return end.value


def _locked_path(name: str, *args: Any, **kwargs: Any) -> str | None:
    """The notebook that one operation at a time may touch, ``None`` where several may."""
    if name == "save":
        path = kwargs.get("path", args[1] if len(args) > 1 else "")
    elif name == "get":
        content = kwargs.get("content", args[1] if len(args) > 1 else True)
        path = kwargs.get("path", args[0] if args else "") if content else ""
    elif name == "delete_file":
        path = kwargs.get("path", args[0] if args else "")
    elif name == "rename_file":
        path = kwargs.get("old_path", args[0] if args else "")
    else:
        return None
    return path.strip("/") if _is_notebook(path) else None


@contextmanager
def _holding(path: str | None) -> Iterator[None]:
    """Let the manager's nested calls about ``path`` pass."""
    if path is None:
        yield
        return
    token = _held.set(_held.get() | {path})
    try:
        yield
    finally:
        _held.reset(token)


def _is_notebook(path: str) -> bool:
    return path.rstrip("/").endswith(".ipynb")


def _find_owner(projects: Projects, contents_path: str) -> Owner | None:
    """The project of a file of the Contents API; ``None`` for what leads out of it."""
    plain = contents_path.strip("/")
    folder, _, _ = plain.rpartition("/")
    try:
        opened = projects.for_path(folder)
        return Owner(opened, opened.project.relative(projects.root / plain))
    except OutsideProjectError:
        return None


def _refuse(owner: Owner) -> None:
    """Answer 422 with message and fix where a name that is enforced is broken."""
    project = owner.opened.project
    problem = name_problem(project, owner.path, new=True) if project.adopted else None
    if problem is None or problem.severity != "error":
        return
    store = owner.opened.store_or_none()
    if owner.path in load_baseline(project).notebooks or load_base(store, owner.path) is not None:
        return  # its file went away under an open document: saving is never refused
    raise HTTPError(422, f"{problem.message} ({problem.code})", reason="Unprocessable Entity")


def _leaves_scratch(before: Owner | None, after: Owner) -> bool:
    return (
        before is not None
        and before.opened.project.is_scratch(before.path)
        and not (after.opened.project.is_scratch(after.path))
    )


def _waits_in_baseline(owner: Owner, store: Store | None) -> bool:
    """Whether a notebook from before the rules has no twin yet: opening it makes none."""
    project = owner.opened.project
    baseline = load_baseline(project)
    if owner.path not in baseline.notebooks or load_base(store, owner.path) is not None:
        return False
    return (
        baseline.holds(project, owner.path)
        and pair_state(project, store, owner.path).state == "missing"
    )


def _class_without_jupytext(kind: type) -> type | None:
    """The class whose methods know nothing of jupytext's pairs; ``None``: all of them."""
    if not any(_is_jupytext(base) for base in kind.__mro__):
        return None
    return next(
        (base for base in kind.__mro__ if not _is_jupytext(base) and hasattr(base, "save")), None
    )


def _is_jupytext(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "jupytext"
