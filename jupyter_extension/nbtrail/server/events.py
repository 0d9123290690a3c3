"""nbtrail's events on Jupyter's own event stream."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger

EXECUTION = "https://nbtrail.dev/events/execution/v1"
RUN = "https://nbtrail.dev/events/run/v1"
PROJECT = "https://nbtrail.dev/events/project/v1"

log = logging.getLogger(__name__)
_SCHEMAS = Path(__file__).parent / "schemas"


class Events:
    """Emits events from any thread.

    Parameters
    ----------
    logger
        The server's event logger.
    loop
        The server's event loop, on which listeners are called.
    """

    def __init__(self, logger: EventLogger, loop: asyncio.AbstractEventLoop) -> None:
        self._logger = logger
        self._loop = loop

    def emit(self, schema: str, data: dict[str, Any]) -> None:
        """Send one event; silent when the server is stopping."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._emit, schema, data)

    def _emit(self, schema: str, data: dict[str, Any]) -> None:
        try:
            self._logger.emit(schema_id=schema, data=data)
        except Exception:
            log.exception("nbtrail: an event was not sent")


def register_schemas(logger: EventLogger) -> None:
    """Make nbtrail's schemas known to the event logger; doing it twice is harmless."""
    for name, schema in (("execution", EXECUTION), ("run", RUN), ("project", PROJECT)):
        if schema not in logger.schemas:
            logger.register_event_schema(_SCHEMAS / f"{name}.yaml")
