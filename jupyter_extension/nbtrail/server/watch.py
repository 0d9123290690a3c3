"""What the ledger learns, told to whoever looks.

Executions come from this process, runs from worker processes, and both end in the database.
One thread looks there: at once when this process has committed, and otherwise several times a
second at SQLite's ``data_version``, which costs microseconds and changes when any other
process has committed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbtrail.app import OpenProject
from nbtrail.errors import NbtrailError
from nbtrail.server import events
from nbtrail.server.renamed import Renames

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

Emit = Callable[[str, dict[str, Any]], None]

log = logging.getLogger(__name__)
_INTERVAL_S = 0.25
_ACTIVE = ("queued", "running")


class Watcher:
    """Emits events for what changed in the ledgers of open projects.

    Parameters
    ----------
    opened
        Gives the projects to look at.
    contents_root
        Name of a project in events.
    emit
        Takes schema id and data; called on the watcher's thread.
    on_executed
        Called with a project and a notebook, of which an execution has ended.
    """

    def __init__(
        self,
        opened: Callable[[], list[OpenProject]],
        contents_root: Callable[[OpenProject], str],
        emit: Emit,
        on_executed: Callable[[OpenProject, str | None], None] = lambda *_: None,
    ) -> None:
        self._opened = opened
        self._contents_root = contents_root
        self._emit = emit
        self._on_executed = on_executed
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._seen: dict[OpenProject, _Seen] = {}
        self._problems: dict[OpenProject, str] = {}
        self._renames: dict[OpenProject, Renames] = {}
        self._thread = threading.Thread(target=self._run, name="nbtrail-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def wake(self) -> None:
        """Something was committed: look now."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait(_INTERVAL_S)
            self._wake.clear()
            for opened in self._opened():
                if self._stopped.is_set():
                    return
                self._look(opened)

    def _look(self, opened: OpenProject) -> None:
        opened.take_in()
        for data in self._renames.setdefault(opened, Renames(opened)).news():
            self._send(opened, events.PROJECT, data)
        if not opened.store_is_open:
            return
        try:
            store = opened.store
            seen = self._seen.get(opened)
            if seen is None or seen.store is not store:
                if seen is not None:
                    # Another database lies there now: clients ask for everything anew.
                    self._send(opened, events.PROJECT, {"what": "store", "path": None})
                seen = self._seen[opened] = _Seen(store)
            changes = seen.changes()
        except NbtrailError as error:
            if self._problems.get(opened) != str(error):
                self._problems[opened] = str(error)
                self._send(opened, events.PROJECT, {"what": "store", "path": None})
            return
        except Exception:
            log.exception("nbtrail: watching the ledger failed")
            return
        self._problems.pop(opened, None)
        for schema, data in changes:
            self._send(opened, schema, data)
            if schema == events.EXECUTION and data["status"] != "running":
                self._on_executed(opened, data["notebook"])

    def _send(self, opened: OpenProject, schema: str, data: dict[str, Any]) -> None:
        self._emit(schema, {"project": self._contents_root(opened), **data})


class _Seen:
    """What of one ledger has been told already."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._version: int | None = None
        self._last_execution: int | None = None
        self._running: frozenset[int] = frozenset()
        self._runs: dict[str, tuple[Any, ...]] = {}

    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        """Events for what changed in the ledger since the last call."""
        # Imported here, because it brings SQLAlchemy along, which a server that is only
        # started does not need.
        from nbtrail.ledger import queries

        version = self.store.change_marker()
        if version == self._version:
            return []
        first = self._version is None
        with self.store.read() as connection:
            since = queries.newest_execution_id(connection) if first else self._last_execution or 0
            rows = queries.executions_since(connection, since, self._running)
            states = queries.run_states(connection)
        self._version = version
        self._running = frozenset(row.id for row in rows if row.status == "running")
        self._last_execution = max([since, *(row.id for row in rows)])
        return [
            *(
                (
                    events.EXECUTION,
                    {"notebook": row.notebook, "execution": row.id, "status": row.status},
                )
                for row in rows
            ),
            *self._run_changes({state["run"]: state for state in states}, first),
        ]

    def _run_changes(
        self, states: dict[str, dict[str, Any]], first: bool
    ) -> list[tuple[str, dict[str, Any]]]:
        found: list[tuple[str, dict[str, Any]]] = []
        for run, state in states.items():
            key = tuple(state.values())
            if self._runs.get(run) == key:
                continue
            # A pass of somebody's is on record only once it is over.
            ended = not first and state["status"] not in _ACTIVE
            self._runs[run] = key
            if first and state["status"] not in _ACTIVE:
                continue
            found.append((events.RUN, state))
            if ended:
                found.append((events.PROJECT, {"what": "graph", "path": None}))
        self._runs = {run: key for run, key in self._runs.items() if run in states}
        return found
