"""A process beside the bench that is asked for things, a line of JSON each way: the room, or its participants.

PYTHONPATH=. python -m benches._state_room crowd        what `Child("benches._state_room", "crowd")` starts
"""

import asyncio
import json
import os
import select
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

ROOT = Path(__file__).resolve().parent.parent
ANSWER_SECONDS_MAX = 300.0

Said = dict[str, Any]


class Child:
    """One process. Use it with `with`; it is told to end at the block's end, and killed if it does not.

    Args:
        module: run with `python -m`; its main is `answer_questions`.
        arguments: of its command line.
        home: its home directory.
    """

    def __init__(self, module: str, *arguments: str, home: Path) -> None:
        environment = {**os.environ, "HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
        self._child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={name: value for name, value in environment.items() if not name.startswith("XDG_")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.process = psutil.Process(self._child.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.ask("end")
        else:
            self._child.kill()
        try:
            self._child.wait(20)
        finally:
            self._child.kill()

    def ask(self, what: str, **details: object) -> Said:
        """Its answer.

        Raises:
            RuntimeError: it ended, or says nothing for ANSWER_SECONDS_MAX.
        """
        self.tell(what, **details)
        return self.hear()

    def tell(self, what: str, **details: object) -> None:
        """Ask without waiting; `hear` gets the answer."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"what": what, **details}) + "\n")
        self._child.stdin.flush()

    def hear(self) -> Said:
        """The next answer."""
        assert self._child.stdout is not None
        ready, _, _ = select.select([self._child.stdout], [], [], ANSWER_SECONDS_MAX)
        line = self._child.stdout.readline() if ready else ""
        if not line:
            raise RuntimeError(f"{self._child.args} said nothing more")
        found: Said = json.loads(line)
        return found


async def answer_questions(answers: dict[str, Callable[[Said], Awaitable[Said]]]) -> None:
    """The other side: answers until it is told to end.

    Args:
        answers: by what is asked for.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop.add_reader(sys.stdin.fileno(), lambda: lines.put_nowait(sys.stdin.readline()))
    try:
        while True:
            line = await lines.get()
            said = json.loads(line) if line else {"what": "end"}
            if said["what"] == "end":
                _say({})
                return
            _say(await answers[said["what"]](said))
    finally:
        loop.remove_reader(sys.stdin.fileno())


def _say(answer: Said) -> None:
    with_end = json.dumps(answer) + "\n"
    sys.stdout.write(with_end)
    sys.stdout.flush()
