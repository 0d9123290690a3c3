"""Certificates of verifies, as JSON and as pages."""

from __future__ import annotations

from typing import Any

from nbtrail.errors import UsageError
from nbtrail.server.handlers import ApiHandler, route

#: The page brings its own style and nothing else; whatever it held, no script of it would run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"


class CertificateHandler(ApiHandler):
    """``GET runs/<id>/certificate``: JSON; with ``format=html`` a page."""

    @route
    async def get(self, run: str) -> None:
        form = self.get_query_argument("format", "json")
        if form not in ("json", "html"):
            raise UsageError(f"There is no format {form!r}.", hint="Use json or html.")
        opened = await self.opened()
        data = await self.off_loop(lambda: opened.certificate(run, page=form == "html"))
        self.set_header("X-Content-Type-Options", "nosniff")
        if form == "json":
            self.finish(data)
            return
        self.set_header("Content-Security-Policy", _POLICY)
        self.finish(data, set_content_type="text/html; charset=utf-8")


ROUTES: list[tuple[str, Any]] = [(r"runs/(?P<run>[^/]+)/certificate", CertificateHandler)]
