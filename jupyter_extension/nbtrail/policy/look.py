"""Looking at one notebook and its twin, and at many in several processes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbtrail.config import Config
from nbtrail.errors import NbtrailError, OutsideProjectError, UnreadableNotebookError
from nbtrail.files import fingerprint
from nbtrail.notebooks.document import NOT_JSON, read_notebook
from nbtrail.policy.catalogue import Problem
from nbtrail.policy.code import CodeContext
from nbtrail.policy.content import Content, look_into
from nbtrail.policy.record import Record
from nbtrail.policy.twins import TwinCheck, check_twin
from nbtrail.project import Project
from nbtrail.workers import shares, spread

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

_OF_RULES = ("policy", "policy/code", "notebooks", "ledger", "pairing")


class Seen(msgspec.Struct, frozen=True):
    """What was found; ``stat`` was taken before reading, ``None``: it could not be read."""

    stat: tuple[int, int, int] | None
    content: Content
    twin: TwinCheck


class Share(msgspec.Struct, frozen=True):
    """What one process needs to look at its notebooks. All contexts have the same project."""

    root: str
    config: Config
    adopted: bool
    state: str
    modules: frozenset[str]
    locked: frozenset[str] | None
    contexts: dict[str, CodeContext]


def look_at(project: Project, record: Record, path: str, context: CodeContext) -> Seen:
    """Ask all rules that concern the notebook at ``path`` alone."""
    stat = fingerprint(project.root / path)
    try:
        notebook = read_notebook(project.resolve(path))
        history, session = record.history(path)
        content = look_into(notebook, context, history, session)
        return Seen(stat, content, check_twin(project, record.store, path))
    except (UnreadableNotebookError, OutsideProjectError) as error:
        code = str(error.detail.get("code", NOT_JSON))
        return Seen(None, Content((Problem(code, str(error)),)), TwinCheck(None, None))


def look_at_many(project: Project, contexts: Mapping[str, CodeContext]) -> dict[str, Seen]:
    """The same for many notebooks; those that are better looked at one by one are left out."""
    parts = shares(list(contexts))
    if len(parts) < 2:
        return {}
    first = next(iter(contexts.values()))
    replace = msgspec.structs.replace
    payloads = [
        msgspec.msgpack.encode(
            Share(
                root=str(project.root),
                config=project.config,
                adopted=project.adopted,
                state=str(project.state_dir),
                modules=first.project_root_names,
                locked=first.locked,
                contexts={
                    path: replace(contexts[path], project_root_names=frozenset(), locked=None)
                    for path in part
                },
            )
        )
        for part in parts
    ]
    found: dict[str, Seen] = {}
    for answer in spread("nbtrail.policy.look:look_at_some", payloads):
        with contextlib.suppress(msgspec.MsgspecError):
            found.update(msgspec.msgpack.decode(answer or b"", type=dict[str, Seen]))
    return found


def look_at_some(payload: bytes) -> bytes:
    """The part of one process."""
    share = msgspec.msgpack.decode(payload, type=Share)
    project = Project(Path(share.root), share.config, share.adopted, Path(share.state))
    opened: list[Store] = []

    def store() -> Store | None:
        from nbtrail.ledger.store import Store

        try:
            opened.append(Store.open(project))
        except NbtrailError:
            return None
        return opened[0]

    record = Record(project, store)
    try:
        seen = {
            path: look_at(
                project,
                record,
                path,
                msgspec.structs.replace(
                    context, project_root_names=share.modules, locked=share.locked
                ),
            )
            for path, context in share.contexts.items()
        }
    finally:
        for one in opened:
            one.close()
    return msgspec.msgpack.encode(seen)


def rules_stamp() -> str:
    """Identity of the rules' own code, which changes without a version while it is worked on."""
    package = Path(__file__).parent.parent
    files = [file for folder in _OF_RULES for file in (package / folder).glob("*.py")]
    prints = (fingerprint(file) for file in files)
    return str(max((found[1], found[0]) for found in prints if found is not None))
