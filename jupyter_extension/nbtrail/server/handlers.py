"""What every REST handler shares: authentication, one call on a thread, one shape of errors."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from nbtrail.app import OpenProject
from nbtrail.errors import ConflictError, NbtrailError, UsageError
from nbtrail.server.projects import Projects

Result = TypeVar("Result")
Handler = Callable[..., Awaitable[None]]
#: Tells all clients that a project's notebooks changed; the path is that of one, or ``None``.
Tell = Callable[[OpenProject, str | None], None]

#: A notebook's path in a route.
PATH = r"(?P<path>.+\.ipynb)"

log = logging.getLogger(__name__)
#: Status of errors that handlers did not foresee.
_REASONS = {400: "usage", 401: "unauthorized", 403: "forbidden", 404: "not-found", 409: "conflict"}


def route(method: Handler) -> Handler:
    """Authenticate, authorise, and turn a typed error into its answer."""

    @functools.wraps(method)
    async def guarded(self: ApiHandler, **path: str) -> None:
        try:
            await method(self, **path)
        except NbtrailError as error:
            self.answer(error.as_json(), status=error.status)
        except OSError as error:
            log.warning("nbtrail: %s failed", self.request.path, exc_info=True)
            refused = ConflictError(
                f"The file system refused: {error.strerror}.", hint="Check the path and its folder."
            )
            self.answer(refused.as_json(), status=refused.status)
        except OverflowError:
            wrong = UsageError("A number in the request is too large.")
            self.answer(wrong.as_json(), status=wrong.status)

    return cast(Handler, web.authenticated(authorized(guarded)))


class ApiHandler(APIHandler):
    """Base of nbtrail's handlers."""

    auth_resource = "nbtrail"

    def initialize(self, projects: Projects, threads: ThreadPoolExecutor, tell: Tell) -> None:
        """Called by Tornado with what the extension registered."""
        self.projects = projects
        self.tell = tell
        self._threads = threads

    async def off_loop(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run ``function`` on a thread: the event loop never waits for disk or hashing."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, functools.partial(function, *args))

    async def opened(self, path: str | None = None) -> OpenProject:
        """The project named by ``project=``, or by ``path=``, or the one of the root."""
        name = self.get_query_argument("project", None)
        if name is not None:
            return await self.off_loop(self.projects.for_folder, name)
        return await self.off_loop(
            self.projects.for_path, self.get_query_argument("path", path or "")
        )

    def answer(self, data: Any, status: int = 200) -> None:
        """Send JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(data))

    def body(self, known: frozenset[str]) -> dict[str, Any]:
        """The request's JSON object, with no keys but the known ones."""
        if not self.request.body:
            return {}
        try:
            data = msgspec.json.decode(self.request.body)
        except msgspec.DecodeError as error:
            raise UsageError(f"The request's body is not JSON: {error}.") from error
        if not isinstance(data, dict):
            raise UsageError("The request's body is not a JSON object.")
        unknown = sorted(set(data) - known)
        if unknown:
            raise UsageError(
                f"Unknown key {unknown[0]!r}.", hint=f"Known: {', '.join(sorted(known))}."
            )
        return data

    def page(self) -> tuple[int, str | None]:
        """``limit`` and ``after`` of a list."""
        text = self.get_query_argument("limit", "50")
        try:
            limit = int(text)
        except ValueError:
            raise UsageError(f"limit={text!r} is no number.") from None
        return limit, self.get_query_argument("after", None)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The same shape for what Tornado and the server raise."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        message = getattr(error, "log_message", None) or self._reason
        reason = _REASONS.get(status_code, "error")
        if status_code >= 500:
            log.error("nbtrail: %s %s failed", self.request.method, self.request.path)
            message = "nbtrail failed; the server's log says more."
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"message": message, "reason": reason, "detail": {}}))


def optional_text(body: dict[str, Any], key: str) -> str | None:
    """A string of the body, or ``None`` where there is none."""
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{key} is not a string.")
    return value


def texts(body: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, str]:
    """The body's keys as strings, empty ones left out."""
    for key in required:
        if not body.get(key):
            raise UsageError(f"{key} is missing.")
    found = {key: optional_text(body, key) for key in body}
    return {key: value for key, value in found.items() if value}
