"""Writing runs and their steps."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from nbtrail.errors import ConflictError, NotFoundError, UsageError
from nbtrail.ledger import tables as t
from nbtrail.ledger.blobs import BlobStore
from nbtrail.ledger.history import notebook_id
from nbtrail.ledger.records import FINISHED, FileAccess
from nbtrail.masking import mask_facts
from nbtrail.notebooks.datasets import family_of

#: A tag can stand in an address and behind ``@run:``, and never be taken for an option.
_TAG = re.compile(r"\w[\w.+-]{0,63}")
_LIKE_A_RUN_ID = re.compile(r"\d{8}-\d{6}")
_LONGEST_NOTE = 20_000
#: Columns that hold what people and programs said; secrets in them are masked.
_SAID = frozenset({"differences", "error", "message", "note", "params"})
#: Where a masked request names the blob that has it as it was.
_VERBATIM = "verbatim"


def new_run_id(now: float | None = None) -> str:
    """A run's name: sortable by time, and unique across machines and branches."""
    moment = time.gmtime(time.time() if now is None else now)
    return f"{time.strftime('%Y%m%d-%H%M%S', moment)}-{secrets.token_hex(3)}"


def create_run(
    connection: Connection,
    run: str,
    kind: str,
    *,
    request: Mapping[str, Any],
    git: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    against: str | None = None,
    started_at: float | None = None,
) -> None:
    """Begin a run in status ``queued``; secrets in its request and parameters are masked."""
    connection.execute(
        t.runs.insert().values(
            id=run,
            kind=kind,
            status="queued",
            started_at=time.time() if started_at is None else started_at,
            heartbeat_at=time.time(),
            cancel_requested=False,
            request=mask_facts(request),
            git=mask_facts(git) if git else None,
            params=mask_facts(params or {}),
            against=against,
        )
    )


def update_run(connection: Connection, run: str, **values: Any) -> None:
    """Set columns of a run; a finished status also sets its end."""
    if values.get("status") in FINISHED:
        values.setdefault("ended_at", time.time())
    connection.execute(update(t.runs).where(t.runs.c.id == run).values(**_masked(values)))


def _masked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: mask_facts(value) if key in _SAID else value for key, value in values.items()}


def keep_request(blobs: BlobStore, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as `create_run` takes it.

    A parameter may be a secret, which the ledger must not hold and the run needs. Then the
    request as it was is kept in a blob, which stays on this machine.
    """
    if mask_facts(request) == request:
        return dict(request)
    import msgspec

    # Salted, for the blob's name is in the ledger: nobody finds the secret by trying.
    content = {"salt": secrets.token_hex(16), "request": request}
    return {**request, _VERBATIM: blobs.put(msgspec.json.encode(content))}


def blob_of_request(request: Any) -> str | None:
    """The blob that a run's request names, where it held a secret."""
    return request.get(_VERBATIM) if isinstance(request, dict) else None


def request_of(blobs: BlobStore, request: Any) -> dict[str, Any]:
    """A run's request as it was made, from the one that the ledger holds.

    Raises
    ------
    NotFoundError
        When it held a secret and was made on another machine.
    """
    blob = blob_of_request(request)
    if blob is None:
        return request if isinstance(request, dict) else {}
    import msgspec

    try:
        content = blobs.get(blob)
    except NotFoundError as error:
        raise NotFoundError(
            "The parameters of the run hold a secret, which only the machine that ran it knows.",
            hint="Start a new run with the parameters.",
        ) from error
    found: dict[str, Any] = msgspec.json.decode(content)["request"]
    return found


def find_run(connection: Connection, name: str) -> str:
    """Id of the run of that id or tag.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = connection.execute(
        select(t.runs.c.id).where(or_(t.runs.c.id == name, t.runs.c.tag == name))
    ).scalar()
    if found is None:
        raise NotFoundError(f"There is no run {name}.", hint="List them with `nbtrail runs`.")
    return str(found)


def annotate(
    connection: Connection,
    run: str,
    *,
    tag: str | None = None,
    note: str | None = None,
    append: bool = False,
    move: bool = False,
) -> list[str]:
    """Tag a run or note something of it; returns the ids of the runs that changed, its own first.

    Parameters
    ----------
    run
        Id or tag.
    tag, note
        Empty takes it away, ``None`` leaves it as it is.
    append
        The note becomes another line of the one that is there.
    move
        The tag is taken from the run that has it.

    Raises
    ------
    NotFoundError
        When there is no such run.
    UsageError
        When the tag cannot be one, or the note is too long.
    ConflictError
        When another run has the tag.
    """
    identity = find_run(connection, run)
    changed = [identity]
    values: dict[str, Any] = {}
    if tag is not None:
        values["tag"] = tag or None
        if tag:
            changed += _free_tag(connection, tag, identity, move)
    if note is not None:
        before = _note_of(connection, identity) if append else ""
        text = "\n".join(part for part in (before, note.strip()) if part)
        if len(text) > _LONGEST_NOTE:
            raise UsageError(
                f"A note has {_LONGEST_NOTE} characters at most, not {len(text)}.",
                hint="Keep it in a file of the project and name that.",
            )
        values["note"] = text or None
    if values:
        update_run(connection, identity, **values)
    return changed


def _free_tag(connection: Connection, tag: str, run: str, move: bool) -> list[str]:
    """Make sure that no other run has the tag; returns the one that had it."""
    if not _TAG.fullmatch(tag):
        raise UsageError(
            f"{tag!r} cannot be a tag.",
            hint="Use up to 64 letters, digits, dots, dashes and underscores, no dash in front.",
        )
    is_run = select(t.runs.c.id).where(t.runs.c.id == tag)
    if _LIKE_A_RUN_ID.match(tag) or connection.execute(is_run).scalar() is not None:
        raise UsageError(f"{tag!r} looks like the id of a run.", hint="Choose another tag.")
    holder = connection.execute(
        select(t.runs.c.id).where(t.runs.c.tag == tag, t.runs.c.id != run)
    ).scalar()
    if holder is None:
        return []
    if not move:
        raise ConflictError(
            f"Run {holder} has the tag {tag}.",
            hint="Give it to this one with --move, or choose another.",
            detail={"run": holder, "tag": tag},
        )
    update_run(connection, holder, tag=None)
    return [str(holder)]


def _note_of(connection: Connection, run: str) -> str:
    return connection.execute(select(t.runs.c.note).where(t.runs.c.id == run)).scalar() or ""


def heartbeat(connection: Connection, run: str) -> bool:
    """Say that the run's process lives; returns whether somebody asked to cancel it."""
    connection.execute(update(t.runs).where(t.runs.c.id == run).values(heartbeat_at=time.time()))
    return bool(
        connection.execute(select(t.runs.c.cancel_requested).where(t.runs.c.id == run)).scalar()
    )


def request_cancel(connection: Connection, run: str) -> str:
    """Ask a run to stop; returns its status at this moment.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    run = find_run(connection, run)
    status = connection.execute(select(t.runs.c.status).where(t.runs.c.id == run)).scalar_one()
    if status not in FINISHED:
        connection.execute(update(t.runs).where(t.runs.c.id == run).values(cancel_requested=True))
    return str(status)


def plan_steps(connection: Connection, run: str, paths: Sequence[str]) -> None:
    """Put down the steps of a run, all waiting, numbered from 0."""
    for position, path in enumerate(paths):
        connection.execute(
            t.run_steps.insert().values(
                run_id=run,
                position=position,
                notebook_id=notebook_id(connection, path),
                path=path,
                status="waiting",
                cells_done=0,
                cells_total=0,
                params={},
                metrics={},
            )
        )


def update_step(connection: Connection, run: str, position: int, **values: Any) -> None:
    """Set columns of a step."""
    connection.execute(
        update(t.run_steps)
        .where(t.run_steps.c.run_id == run, t.run_steps.c.position == position)
        .values(**_masked(values))
    )


def set_step_files(
    connection: Connection,
    run: str,
    position: int,
    *,
    inputs: Iterable[FileAccess],
    outputs: Iterable[FileAccess],
    in_blobs: frozenset[str] = frozenset(),
) -> None:
    """Replace the files of a step; ``in_blobs`` are hashes whose content is in the store."""
    connection.execute(
        delete(t.step_files).where(
            t.step_files.c.run_id == run, t.step_files.c.position == position
        )
    )
    rows = [
        {
            "run_id": run,
            "position": position,
            "kind": kind,
            "path": access.path,
            "family": family_of(access.path),
            "sha256": access.sha256,
            "bytes": access.bytes,
            "blob": access.sha256 in in_blobs,
        }
        for kind, accesses in (("input", inputs), ("output", outputs))
        for access in accesses
    ]
    if rows:
        connection.execute(t.step_files.insert(), rows)
