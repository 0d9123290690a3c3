"""What others need to run a project without nbtrail, as JSON."""

from __future__ import annotations

from typing import Any

from nbtrail.server.handlers import ApiHandler, route


class ExportHandler(ApiHandler):
    """``GET exports/<kind>?run=``: the files of an export; nothing is written."""

    @route
    async def get(self, kind: str) -> None:
        run = self.get_query_argument("run", None)
        opened = await self.opened()
        self.answer(await self.off_loop(lambda: opened.export_files(kind, run).as_json()))


ROUTES: list[tuple[str, Any]] = [(r"exports/(?P<kind>[a-z]+)", ExportHandler)]
