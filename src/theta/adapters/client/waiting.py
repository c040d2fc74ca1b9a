"""Who waits for what in a room: commands for their outcome, and anybody for a condition."""

import asyncio
from collections import deque
from collections.abc import Callable

from theta.adapters.client.errors import CommandRefused, NoEffect
from theta.base.errors import NotConnected, UsageError
from theta.base.identifiers import CommandName
from theta.editor.unit import Outcome
from theta.node.events import Answer, Answered, Applied, ConflictFound, Event, Joined, Rejected
from theta.wire.messages import RequestRefused

CONFLICTS_KEPT_MAX = 256


class Waiting:
    """Futures of one event loop, settled by the room's events; `listeners` hear every event before watchers look.

    `conflicts` are those that nobody asked for yet.
    """

    def __init__(self) -> None:
        self._commands: dict[CommandName, asyncio.Future[Outcome]] = {}
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._watchers: list[asyncio.Future[None]] = []
        self.conflicts: deque[ConflictFound] = deque(maxlen=CONFLICTS_KEPT_MAX)
        self.failure: UsageError | None = None
        self.listeners: list[Callable[[Event], None]] = []

    def expect(self, names: list[CommandName]) -> list[asyncio.Future[Outcome]]:
        """A future for each command's outcome; call it before the commands are sent."""
        loop = asyncio.get_running_loop()
        return [self._commands.setdefault(name, loop.create_future()) for name in names]

    async def settled(self, futures: list[asyncio.Future[Outcome]]) -> None:
        """Return once all are applied.

        Raises:
            CommandRefused: the room did not admit them.
            NoEffect: one came to nothing.
            NotConnected: the room was left before.
        """
        for outcome in await asyncio.gather(*futures):
            if not outcome.did_something:
                raise NoEffect(outcome.reason)

    async def answered(self, request: int) -> Answer:
        """The room's answer to a request of this number.

        Raises:
            CommandRefused: the room does not answer it; says why.
            ConnectionFailed, NotConnected: as for `until`.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[request] = future
        try:
            return await future
        finally:
            self._answers.pop(request, None)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once `condition()` holds.

        Raises:
            ConnectionFailed: the room closed the door for good.
            NotConnected: the room was left.
        """
        while not condition():
            if self.failure is not None:
                raise self.failure
            watcher = asyncio.get_running_loop().create_future()
            self._watchers.append(watcher)
            await watcher

    def handle_event(self, event: Event) -> None:
        """Settle what the event decides, and let everybody look at their condition again."""
        if isinstance(event, Applied):
            self._settle(event.name, event.outcome)
        elif isinstance(event, Rejected):
            self._settle(event.name, CommandRefused(event.code, event.reason))
        elif isinstance(event, ConflictFound):
            self.conflicts.append(event)
        elif isinstance(event, Answered):
            self._answer(event.answer)
        elif isinstance(event, Joined):
            self._fail_answers(NotConnected("the connection was lost meanwhile: ask again"))
        for listener in list(self.listeners):
            listener(event)
        self.look_again()

    def handle_failed(self, failure: UsageError) -> None:
        """The room closed the door for good, or was left: nobody will hear of anything any more."""
        self.failure = failure
        for name in list(self._commands):
            self._settle(name, failure)
        self._fail_answers(failure)
        self.look_again()

    def _settle(self, name: CommandName, result: Outcome | Exception) -> None:
        future = self._commands.pop(name, None)
        if future is None or future.done():
            return
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)

    def _answer(self, answer: Answer | RequestRefused) -> None:
        future = self._answers.get(answer.request)
        if future is None or future.done():
            return
        if isinstance(answer, RequestRefused):
            future.set_exception(CommandRefused(answer.code, answer.reason))
        else:
            future.set_result(answer)

    def _fail_answers(self, failure: UsageError) -> None:
        for future in self._answers.values():
            if not future.done():
                future.set_exception(failure)

    def look_again(self) -> None:
        """Let everybody look at their condition again."""
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)
