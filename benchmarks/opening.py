"""Is JupyterLab opened more slowly in a project of 1,000 notebooks?

Two servers on the same 1,000 notebooks, one with nbtrail. What JupyterLab's page and file browser
ask for when they open is timed. Behind it, as it does once JupyterLab is open, the panel asks
for its own, all at once: project, findings, and what dialogs ask for, notebooks.
"""

from __future__ import annotations

import http.client
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

from servers import Server, running
from tables import Table, milliseconds

from contents import notebook_of

#: Seconds that opening may take longer.
LIMIT = 0.05
NOTEBOOKS = 1000
LAB = ("/lab", "/lab/api/settings", "/api/contents?content=1", "/api/kernelspecs", "/api/sessions")
PANEL = ("project", "notebooks", "findings")


def measure(repeat: int) -> Table:
    """Open on both servers in turns."""
    with tempfile.TemporaryDirectory(prefix="nbtrail-bench-") as name:
        plain, project = Path(name, "plain"), Path(name, "project")
        _project(plain, project)
        times: dict[str, list[float]] = {"without nbtrail": [], "with nbtrail": []}
        panel: dict[str, list[float]] = {path: [] for path in PANEL}
        with running(plain, enabled=False) as stock, running(project, enabled=True) as server:
            for turn in range(repeat + 1):
                without, _ = _open(stock, ())
                opened, asked = _open(server, PANEL)
                if turn:
                    times["without nbtrail"].append(without)
                    times["with nbtrail"].append(opened)
                    for path, seconds in asked.items():
                        panel[path].append(seconds)
    medians = {who: statistics.median(values) for who, values in times.items()}
    pairs = zip(times["without nbtrail"], times["with nbtrail"], strict=True)
    added = statistics.median(b - a for a, b in pairs)
    limits = [f"nbtrail adds {milliseconds(added)}, more than 50 ms"] if added > LIMIT else []
    asked_for = [(f"GET {path} (panel)", statistics.median(v)) for path, v in panel.items()]
    rows = [*medians.items(), ("added (median of pairs)", added), *asked_for]
    return Table(
        title=f"Opening JupyterLab in a project of {NOTEBOOKS:,} notebooks",
        command=" ".join(LAB),
        header=("what", "time"),
        rows=tuple((what, milliseconds(seconds)) for what, seconds in rows),
        limits=tuple(limits),
    )


def _project(plain: Path, project: Path) -> None:
    """The same notebooks twice; with their twins where nbtrail is."""
    from nbtrail.notebooks.document import write_notebook
    from nbtrail.policy.init import init_project

    plain.mkdir()
    content = notebook_of(5)
    for number in range(NOTEBOOKS):
        write_notebook(plain / f"{number}-EXPLORATION-part-of-{number % 7}.ipynb", content)
    shutil.copytree(plain, project)
    init_project(project)
    for twin in project.glob("*.py"):
        shutil.copy(twin, plain)


def _open(server: Server, panel: tuple[str, ...]) -> tuple[float, dict[str, float]]:
    """Seconds until all is there that JupyterLab asks for, and of each request of the panel."""
    asked: dict[str, float] = {}

    def ask(path: str) -> None:
        asked[path] = _get(server, f"/nbtrail/api/{path}")

    threads = [threading.Thread(target=ask, args=(path,)) for path in panel]
    begun = time.perf_counter()
    for path in LAB:
        _get(server, path)
    taken = time.perf_counter() - begun
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, asked


def _get(server: Server, path: str) -> float:
    begun = time.perf_counter()
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    client.request("GET", path)
    answer = client.getresponse()
    answer.read()
    client.close()
    if answer.status >= 400:
        raise RuntimeError(f"GET {path}: {answer.status}")
    return time.perf_counter() - begun
