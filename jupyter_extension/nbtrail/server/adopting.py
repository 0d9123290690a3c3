"""REST route of adopting: proposals, and renaming those that were chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbtrail.errors import UsageError
from nbtrail.server.handlers import ApiHandler, route

if TYPE_CHECKING:
    from nbtrail.policy.adopt import Copies


class AdoptHandler(ApiHandler):
    """``GET adopt`` proposes names, ``POST adopt`` renames as chosen."""

    @route
    async def get(self) -> None:
        copies = _copies(self.get_query_argument("copies", "keep"))
        opened = await self.opened()
        self.answer(await self.off_loop(lambda: opened.propose_adoption(copies=copies)))

    @route
    async def post(self) -> None:
        chosen = _chosen(self.body(frozenset({"proposals"})))
        opened = await self.opened()
        self.answer(await self.off_loop(opened.adopt, chosen))
        self.tell(opened, None)


def _copies(text: str) -> Copies:
    """What ``copies=`` asks for."""
    if text == "keep":
        return "keep"
    if text == "scratch":
        return "scratch"
    raise UsageError(f"copies={text!r} is unknown.", hint="Use keep or scratch.")


def _chosen(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Old and new paths that ``POST adopt`` asks for; other keys of a proposal are passed over."""
    given = body.get("proposals")
    if not isinstance(given, list) or not given:
        raise UsageError("proposals is no list with something in it.")
    chosen = []
    for one in given:
        path, new = (
            one.get(key) if isinstance(one, dict) else None for key in ("path", "new_path")
        )
        if not isinstance(path, str) or not isinstance(new, str) or not path or not new:
            raise UsageError("A proposal lacks path or new_path.", hint="Send both as strings.")
        chosen.append((path, new))
    return chosen


#: Patterns below the API's prefix, for `nbtrail.server.routes.handlers`.
ROUTES: list[tuple[str, type[ApiHandler]]] = [("adopt", AdoptHandler)]
