"""Ways to connect that race: who begins when, who wins, and that nobody is left behind."""

import asyncio

import pytest

from tests.contract.transport_contract import soon
from theta.adapters.memory_transport import MemoryTransport, memory_pair
from theta.adapters.racing import first_to_open
from theta.adapters.transport import TransportClosed
from theta.base.errors import IceFailed

NEVER = 3600.0


class Way:
    """A way to connect that stands or fails when it is told to."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.given_up = False
        self.transport: MemoryTransport = memory_pair()[1]
        self._told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self) -> MemoryTransport:
        self.begun.set()
        try:
            await self._told
        except asyncio.CancelledError:
            self.given_up = True
            raise
        return self.transport

    def stand(self) -> None:
        self._told.set_result(None)

    def fail(self, reason: str) -> None:
        self.refuse(TransportClosed(1006, reason))

    def refuse(self, error: Exception) -> None:
        self._told.set_exception(error)


def race(ways: list[Way], head_start: float) -> "asyncio.Task[tuple[int, MemoryTransport]]":
    return asyncio.create_task(first_to_open([way.open for way in ways], head_start))


async def test_the_second_waits_while_the_first_may_still_stand() -> None:
    first, second = Way(), Way()
    racing = race([first, second], NEVER)
    await soon(first.begun.wait())
    first.stand()
    assert await soon(racing) == (0, first.transport)
    assert not second.begun.is_set()


async def test_trn_16_the_second_begins_when_the_first_has_failed_and_wins() -> None:
    first, second = Way(), Way()
    racing = race([first, second], NEVER)
    first.fail("nobody listens there")
    await soon(second.begun.wait())
    second.stand()
    assert await soon(racing) == (1, second.transport)


async def test_trn_16_the_second_begins_after_the_head_start_and_the_first_may_still_win() -> None:
    first, second = Way(), Way()
    racing = race([first, second], 0.01)
    await soon(second.begun.wait())
    first.stand()
    assert await soon(racing) == (0, first.transport)
    assert second.given_up


async def test_of_two_that_stand_at_once_the_first_is_used_and_the_other_closed() -> None:
    first, second = Way(), Way()
    racing = race([first, second], 0.0)
    await soon(second.begun.wait())
    first.stand()
    second.stand()
    assert await soon(racing) == (0, first.transport)
    with pytest.raises(TransportClosed) as closed:
        await soon(second.transport.receive())
    assert closed.value.close_code == 1000


async def test_when_all_fail_the_last_one_says_why() -> None:
    first, second = Way(), Way()
    racing = race([first, second], 0.0)
    await soon(second.begun.wait())
    second.fail("404")
    first.fail("timed out")
    with pytest.raises(TransportClosed, match="404"):
        await soon(racing)


async def test_a_way_that_was_not_found_is_a_failure_like_others() -> None:
    first, second = Way(), Way()
    racing = race([first, second], NEVER)
    first.refuse(IceFailed("no way through"))
    await soon(second.begun.wait())
    second.stand()
    assert await soon(racing) == (1, second.transport)


async def test_a_bug_is_no_failure_to_connect() -> None:
    other = Way()

    async def stumble() -> MemoryTransport:
        await other.begun.wait()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await soon(first_to_open([stumble, other.open], 0.0))
    assert other.given_up


async def test_who_is_cancelled_gives_all_of_them_up() -> None:
    first, second = Way(), Way()
    racing = race([first, second], 0.0)
    await soon(second.begun.wait())
    racing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await soon(racing)
    assert first.given_up
    assert second.given_up
