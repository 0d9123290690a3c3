"""What do time and memory of a Jupyter Server's start gain by nbtrail?

JupyterLab's server is started with nbtrail switched off and on, in turns, on an empty folder.
Time runs until the server answers ``GET /api/status``; memory is the process's resident set then.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tables import Table, clean_environment, milliseconds, python

#: What nbtrail may add: seconds, and bytes before it is first used.
TIME_LIMIT, MEMORY_LIMIT = 0.1, 15 * 2**20
DEADLINE = 60.0


def measure(repeat: int) -> Table:
    """Start servers without and with nbtrail, in turns."""
    results: dict[bool, list[tuple[float, int]]] = {False: [], True: []}
    for turn in range(repeat + 1):
        for enabled in (False, True):
            result = _start(enabled)
            if turn:
                results[enabled].append(result)
    off, on = (_medians(results[enabled]) for enabled in (False, True))
    # Each pair was measured side by side, so that its difference says more than the medians'.
    pairs = list(zip(results[False], results[True], strict=True))
    more_time = statistics.median(b[0] - a[0] for a, b in pairs)
    more_memory = statistics.median(b[1] - a[1] for a, b in pairs)
    limits = []
    if more_time > TIME_LIMIT:
        limits.append(f"nbtrail adds {milliseconds(more_time)}, more than 100 ms")
    if more_memory > MEMORY_LIMIT:
        limits.append(f"nbtrail adds {_megabytes(more_memory)}, more than 15 MB")
    return Table(
        title="Start of JupyterLab's server",
        command="jupyter lab --no-browser, until GET /api/status answers",
        header=("server", "time", "memory"),
        rows=(
            ("without nbtrail", milliseconds(off[0]), _megabytes(off[1])),
            ("with nbtrail", milliseconds(on[0]), _megabytes(on[1])),
            ("added (median of pairs)", milliseconds(more_time), _megabytes(more_memory)),
        ),
        limits=tuple(limits),
    )


def _medians(results: list[tuple[float, int]]) -> tuple[float, float]:
    return statistics.median(r[0] for r in results), statistics.median(r[1] for r in results)


def _megabytes(size: float) -> str:
    return f"{size / 2**20:.1f} MB"


def _start(enabled: bool) -> tuple[float, int]:
    """Seconds until a fresh server answers, and its resident memory in bytes."""
    with tempfile.TemporaryDirectory(prefix="nbtrail-bench-") as home:
        port = _free_port()
        command = python("-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}")
        command += [f"--ServerApp.root_dir={home}", "--IdentityProvider.token="]
        command += ["--ServerApp.port_retries=0"]
        command += [f"--ServerApp.jpserver_extensions=nbtrail={enabled}"]
        environment = {**clean_environment(), "HOME": home, "JUPYTER_RUNTIME_DIR": f"{home}/run"}
        environment = {k: v for k, v in environment.items() if not k.startswith("XDG_")}
        begin = time.perf_counter()
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as server:
            try:
                address = f"http://127.0.0.1:{port}"
                _wait_for(f"{address}/api/status", server)
                result = time.perf_counter() - begin, _resident(server.pid)
                _check(f"{address}/nbtrail/api/project", enabled)
                return result
            finally:
                server.terminate()
                server.communicate()


def _wait_for(url: str, server: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            _, said = server.communicate()
            raise RuntimeError(f"The server ended before it answered:\n{said}")
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.005)
    raise RuntimeError(f"The server did not answer within {DEADLINE:.0f} s.")


def _check(url: str, enabled: bool) -> None:
    """Make sure that the server measured is the one that was meant."""
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE):
            answers = True
    except urllib.error.HTTPError as error:
        answers = error.code != 404
    if answers is not enabled:
        raise RuntimeError(f"nbtrail is {'not ' * enabled}running in the server measured.")


def _resident(process: int) -> int:
    status = Path(f"/proc/{process}/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    answer = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process)], check=True, capture_output=True, text=True
    )
    return int(answer.stdout) * 1024


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
