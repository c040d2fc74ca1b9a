"""Starting rooms, and the bare relay beside them, as processes of their own."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
THETA = ROOT / ".venv" / "bin" / "theta"


@dataclass
class RoomProcess:
    """A room that serves: its link, and how long it took to print it."""

    url: str
    seconds: float
    process: psutil.Process


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[RoomProcess]:
    """Run a command that serves a room, until the link is printed and then until the block ends."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        try:
            assert child.stdout is not None
            for line in child.stdout:
                found = re.search(r"http://\S+#invite=\S+", line)
                if found:
                    seconds = time.perf_counter() - start
                    yield RoomProcess(found.group(), seconds, server_of(child.pid))
                    break
            else:
                errors.seek(0)
                raise RuntimeError(f"{command} ended without a link:\n{errors.read()[-4000:]}")
        finally:
            for process in [*psutil.Process(child.pid).children(recursive=True), child]:
                process.terminate()
            child.wait(30)


def server_of(pid: int) -> psutil.Process:
    """The Python process that serves, below `pid`."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return next(each for each in reversed(processes) if "python" in each.name() or "theta" in each.name())


@contextmanager
def room(folder: Path) -> Iterator[RoomProcess]:
    """A room of its own in `folder`, home directory included."""
    command = [str(THETA), "serve", "bench.theta", "--port", str(free_port()), "--log-level", "warning"]
    with serving(command, folder, environment_in(folder)) as running:
        yield running


@contextmanager
def bare_room(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The relay without an engine."""
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", "benches._bare_room", str(folder / "bare.db"), str(port)], cwd=ROOT)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/ws", psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(10)


def environment_in(home: Path) -> dict[str, str]:
    """This environment with another home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return {**kept, "HOME": str(home)}
