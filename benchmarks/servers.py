"""JupyterLab's server, started for a benchmark with nbtrail or without."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tables import clean_environment, python

DEADLINE = 60.0


@dataclass(frozen=True)
class Server:
    """A server that answers. ``seconds`` is how long it took to, ``resident`` its bytes then."""

    port: int
    process: int
    seconds: float
    resident: int

    @property
    def address(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it as a power cut would: nothing is told, nothing is written."""
        os.kill(self.process, signal.SIGKILL)


def _resident(process: int) -> int:
    status = Path(f"/proc/{process}/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    answer = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process)], check=True, capture_output=True, text=True
    )
    return int(answer.stdout) * 1024


@contextlib.contextmanager
def running(home: Path, *, enabled: bool, options: tuple[str, ...] = ()) -> Iterator[Server]:
    """A fresh server on ``home``, where everything else that it writes goes, too."""
    port = _free_port()
    command = python("-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}")
    command += [f"--ServerApp.root_dir={home}", "--IdentityProvider.token="]
    command += ["--ServerApp.port_retries=0", "--ServerApp.disable_check_xsrf=True", *options]
    command += [f"--ServerApp.jpserver_extensions=nbtrail={enabled}"]
    environment = {**clean_environment(), "HOME": str(home), "JUPYTER_RUNTIME_DIR": f"{home}/run"}
    environment = {k: v for k, v in environment.items() if not k.startswith("XDG_")}
    begin = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/api/status", process)
            seconds = time.perf_counter() - begin
            server = Server(port, process.pid, seconds, _resident(process.pid))
            _check(f"{address}/nbtrail/api/project", enabled)
            yield server
        finally:
            process.terminate()
            process.communicate()


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
