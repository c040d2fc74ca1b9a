"""Several ways to connect, one after the other until the first stands, as in RFC 8305 ("happy eyeballs")."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from theta.adapters.transport import Transport, TransportClosed
from theta.base.errors import PeerError

AnyTransport = TypeVar("AnyTransport", bound=Transport)


async def first_to_open(
    attempts: Sequence[Callable[[], Awaitable[AnyTransport]]], head_start_seconds: float
) -> tuple[int, AnyTransport]:
    """The number of the first attempt that stands, and what it opened; all others are given up or closed.

    Each begins `head_start_seconds` after the one before, or as soon as all that began have failed.

    Args:
        attempts: at least one; each opens a transport or raises TransportClosed or a PeerError, and can be cancelled.
        head_start_seconds: see above.

    Raises:
        TransportClosed, PeerError: all failed; what the last of them said.
    """
    waiting = list(enumerate(attempts))[::-1]
    running: dict[asyncio.Task[AnyTransport], int] = {}
    errors: dict[int, BaseException] = {}
    won: asyncio.Task[AnyTransport] | None = None
    try:
        while won is None:
            if waiting:
                number, attempt = waiting.pop()
                running[asyncio.create_task(_run(attempt), name="theta connecting")] = number
            elif not running:
                raise errors[max(errors)]
            won = await _first_of(running, errors, head_start_seconds if waiting else None)
        return running.pop(won), won.result()
    finally:
        await _give_up(running)


async def _first_of(
    running: dict[asyncio.Task[AnyTransport], int], errors: dict[int, BaseException], seconds: float | None
) -> asyncio.Task[AnyTransport] | None:
    """Wait until one stands, all have failed, or so many seconds have passed."""
    until = None if seconds is None else asyncio.get_running_loop().time() + seconds
    while running:
        left = None if until is None else max(0.0, until - asyncio.get_running_loop().time())
        done, _ = await asyncio.wait(running, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            return None
        for task in sorted(done, key=running.__getitem__):
            error = task.exception()
            if error is None:
                return task
            errors[running.pop(task)] = error
            if not isinstance(error, TransportClosed | PeerError):
                raise error
    return None


async def _give_up(running: dict[asyncio.Task[AnyTransport], int]) -> None:
    for task in running:
        task.cancel()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if not isinstance(result, BaseException):
            await result.close()


async def _run(attempt: Callable[[], Awaitable[AnyTransport]]) -> AnyTransport:
    return await attempt()
