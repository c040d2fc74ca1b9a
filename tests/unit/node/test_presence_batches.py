"""Presence is cut into datagrams: however many people there are, every row arrives, and no message is too large."""

import pytest

from tests.support.participants import Newcomer
from tests.support.pump import Pump
from theta.base.limits import DATAGRAM_BYTES_MAX
from theta.node.outbound import PRESENCE_ROWS_MAX, presence_batches
from theta.replication.presence import HEAD_VALID, PRESENCE_BYTES, Presence, decode_rows
from theta.wire.codec import encode
from theta.wire.messages import PresenceBatch

PEOPLE = 2 * PRESENCE_ROWS_MAX + 2


@pytest.mark.parametrize("count", [0, 1, PRESENCE_ROWS_MAX, PRESENCE_ROWS_MAX + 1, 128])
def test_wire_4_rows_are_cut_into_messages_that_fit(count: int) -> None:
    rows = b"".join(bytes([number]) * PRESENCE_BYTES for number in range(count))
    batches = list(presence_batches(rows))
    assert b"".join(batch.rows for batch in batches) == rows
    assert all(0 < len(encode(batch)) <= DATAGRAM_BYTES_MAX for batch in batches)
    assert len(batches) == -(-count // PRESENCE_ROWS_MAX)


def test_a_datagram_holds_six_rows_and_not_seven() -> None:
    assert PRESENCE_ROWS_MAX == 6
    assert len(encode(PresenceBatch(bytes(7 * PRESENCE_BYTES)))) > DATAGRAM_BYTES_MAX


def test_rep_3_with_many_people_everyone_is_seen_and_each_message_fits() -> None:
    pump = Pump()
    watching = Newcomer("Watching", pump.room.invite("viewer"))
    pump.connect(watching)
    people = [pump.join(f"person {number}") for number in range(PEOPLE)]
    for person in people:
        person.show(pump.now, Presence(0, 0, HEAD_VALID))
    pump.pump()
    late = Newcomer("Late", pump.room.invite("viewer"))
    pump.connect(late)
    pump.advance(1.0)
    for seen_by in (watching, late):
        batches = seen_by.of(PresenceBatch)
        assert {row.actor for each in batches for row in decode_rows(each.rows)} >= {each.actor for each in people}
        assert all(len(encode(each)) <= DATAGRAM_BYTES_MAX for each in batches)
