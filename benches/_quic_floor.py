"""What aioquic costs a room by itself: the room's ends of connections, in memory, without sockets and without a room.

In each tick each end is given one datagram to send, and takes one of the participant's, with its acknowledgement.
"""

import tempfile
import time
from pathlib import Path

from benches._report import Row
from benches.state_plane import quantile
from theta.adapters.lan_addresses import MachineNames
from theta.adapters.quic_connection import BoundedConnection, participant_configuration, room_configuration
from theta.adapters.tls_certificate import machine_clock, read_or_make_certificate

CONNECTIONS, TICKS, WARM_TICKS = 100, 120, 20
TICKS_PER_SECOND = 30.0
DOWN_BYTES, UP_BYTES = 200, 40
_ROOM, _PARTICIPANT = ("127.0.0.1", 1), ("127.0.0.1", 2)
_TRIP_SECONDS = 0.005


class _Pair:
    """Both ends of a connection, shaken hands."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.participant = BoundedConnection(configuration=participant_configuration("localhost", verify=False))
        self.room = BoundedConnection(
            configuration=room_configuration(certificate, key),
            original_destination_connection_id=self.participant.original_destination_connection_id,
        )
        self.participant.connect(_ROOM, now=0.0)
        for step in range(1, 20):
            carry(self.participant, self.room, _PARTICIPANT, step / 100.0)
            carry(self.room, self.participant, _ROOM, step / 100.0)


def carry(sender: BoundedConnection, receiver: BoundedConnection, address: tuple[str, int], now: float) -> int:
    """All packets that there are, from one end to the other; returns how many."""
    packets = sender.datagrams_to_send(now)
    for data, _ in packets:
        receiver.receive_datagram(data, address, now)
    while receiver.next_event() is not None:
        pass
    return len(packets)


def floor_rows() -> list[Row]:
    """The share of a core that is the bare protocol's, at 30 ticks a second."""
    with tempfile.TemporaryDirectory() as name:
        pair = read_or_make_certificate(Path(name), MachineNames(("localhost",), ()), machine_clock())
        pairs = [_Pair(pair.certificate, pair.key) for _ in range(CONNECTIONS)]
    seconds: list[float] = []
    for tick in range(TICKS):
        now = 1.0 + tick / TICKS_PER_SECOND
        began = time.perf_counter()
        sent = []
        for each in pairs:
            each.room.send_datagram_frame(bytes(DOWN_BYTES))
            sent.append(each.room.datagrams_to_send(now))
            each.room.get_timer()
        spent = time.perf_counter() - began
        for each, packets in zip(pairs, sent, strict=True):
            for data, _ in packets:
                each.participant.receive_datagram(data, _ROOM, now + _TRIP_SECONDS)
            while each.participant.next_event() is not None:
                pass
            each.participant.send_datagram_frame(bytes(UP_BYTES))
        answers = [each.participant.datagrams_to_send(now + _TRIP_SECONDS) for each in pairs]
        began = time.perf_counter()
        for each, packets in zip(pairs, answers, strict=True):
            for data, _ in packets:
                each.room.receive_datagram(data, _PARTICIPANT, now + 2.0 * _TRIP_SECONDS)
            while each.room.next_event() is not None:
                pass
            each.room.get_timer()
        seconds.append(spent + time.perf_counter() - began)
        assert all(len(packets) == 1 for packets in [*sent[1:], *answers]) or tick < WARM_TICKS, "one packet each way"
    median = quantile(seconds[WARM_TICKS:], 0.5)
    name = f"aioquic alone, {CONNECTIONS} connections, a datagram each way a tick"
    return [
        Row(f"{name}: a tick, median", median * 1e3, "ms", runs=TICKS - WARM_TICKS),
        Row(f"{name}: at 30 ticks a second", 100.0 * median * TICKS_PER_SECOND, "% of a core"),
    ]
