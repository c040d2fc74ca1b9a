"""The participant's side of a packet's life, against the room's own admission: CMD-20 to CMD-22."""

from tests.unit.commands.rooms import ANNA, BEN, NOW, RENAME, Room, Speaker, later
from theta.base.identifiers import CommandName
from theta.base.limits import PACKETS_IN_FLIGHT_MAX
from theta.base.moment import Moment
from theta.commands.packets import decode_body
from theta.commands.refusals import FutureTimestamp, Refused
from theta.node.outbox import Outbox
from theta.wire.messages import PacketRefused, SubmitPacket


class Wire:
    """An outbox and a room that answers at once."""

    def __init__(self) -> None:
        self.room = Room()
        self.anna = self.room.join()
        self.outbox = Outbox(ANNA, self.anna.record.actor)
        self.outbox.handle_session(self.anna.domain, 1, resumed=False)
        self.heard: list[SubmitPacket] = []
        self.lost: list[CommandName] = []

    def poll(self, now: Moment = NOW) -> list[SubmitPacket]:
        """What the outbox sends now."""
        sent = []
        while (packet := self.outbox.poll(now, self.room.log)) is not None:
            sent.append(packet)
        return sent

    def answer(self, packet: SubmitPacket, now: Moment = NOW, speaker: Speaker | None = None) -> str:
        """The room decides and says so."""
        self.heard.append(packet)
        try:
            self.room.admit(speaker or self.anna, packet, now)
        except Refused as refusal:
            retry_ms = int(refusal.retry_after_seconds * 1000) + 1
            answer = PacketRefused(packet.nonce, refusal.code, str(refusal), refusal.retryable, retry_ms)
            self.lost += self.outbox.handle_refused(now, answer)
            return refusal.code
        self.outbox.handle_acknowledged(packet.nonce)
        return "acknowledged"

    def settle(self) -> list[str]:
        """Send, answer and wait until nothing is left."""
        answers = []
        now = NOW
        for _ in range(1_000):
            answers += [self.answer(packet, now) for packet in self.poll(now)]
            if not self.outbox.unacknowledged:
                return answers
            now = Moment(max(now.seconds, self.outbox.timeout or 0.0), now.unix_ms)
        raise AssertionError(f"{self.outbox.unacknowledged} packets were never acknowledged")


def numbers(packet: SubmitPacket) -> list[int]:
    return [envelope.number for envelope in decode_body(packet.body).commands]


def test_cmd_20_packets_stay_until_they_are_acknowledged() -> None:
    wire = Wire()
    names = wire.outbox.put([RENAME, RENAME], None) + wire.outbox.put([RENAME], 1)
    assert names == [CommandName(wire.anna.record.actor, number) for number in (1, 2, 3)]
    first, second = wire.poll()
    assert (numbers(first), numbers(second), wire.outbox.unacknowledged) == ([1, 2], [3], 2)
    assert wire.poll() == []
    assert [wire.answer(first), wire.answer(second)] == ["acknowledged"] * 2
    assert wire.outbox.unacknowledged == 0


def test_cmd_20_only_so_many_are_on_their_way() -> None:
    wire = Wire()
    for _ in range(PACKETS_IN_FLIGHT_MAX + 3):
        wire.outbox.put([RENAME], None)
    sent = wire.poll()
    assert len(sent) == PACKETS_IN_FLIGHT_MAX
    wire.outbox.handle_acknowledged(sent[0].nonce)
    assert [numbers(packet) for packet in wire.poll()] == [[PACKETS_IN_FLIGHT_MAX + 1]]


def test_cmd_20_the_clock_witnesses_what_it_has_received() -> None:
    wire = Wire()
    ben = wire.room.join(BEN, session=b"t" * 16)
    wire.room.admit(ben, ben.packet(*[RENAME] * 5))
    wire.outbox.put([RENAME, RENAME], None)
    (packet,) = wire.poll()
    assert [envelope.lamport for envelope in decode_body(packet.body).commands] == [6, 7]
    assert (packet.seen, packet.chain) == (wire.room.log.head_seq, wire.room.log.chain)


def test_cmd_21_after_a_retryable_refusal_the_same_bytes_go_first() -> None:
    wire = Wire()
    wire.room.admission.read_only_reason = "the disk is full"
    for _ in range(3):
        wire.outbox.put([RENAME], None)
    packets = wire.poll()
    assert [wire.answer(packet) for packet in packets] == ["ReadOnly"] * 3
    wire.room.admission.read_only_reason = None
    assert wire.poll(later(4.9)) == []
    assert wire.outbox.timeout is not None
    again: list[SubmitPacket] = []
    now = later(5.1)
    while wire.outbox.unacknowledged:
        for packet in wire.poll(now):
            again.append(packet)
            assert wire.answer(packet, now) == "acknowledged"
    assert again == packets


def test_cmd_21_more_than_the_bucket_holds_arrives_all_the_same_in_order() -> None:
    wire = Wire()
    for _ in range(5):
        wire.outbox.put([RENAME] * 60, None)
    answers = wire.settle()
    assert answers.count("acknowledged") == 5
    assert "RateLimited" in answers
    assert wire.room.log.command_count == 300
    assert wire.lost == []


def test_cmd_21_a_resumed_session_gets_the_same_bytes_again() -> None:
    wire = Wire()
    wire.outbox.put([RENAME], None)
    wire.outbox.put([RENAME], None)
    packets = wire.poll()
    wire.room.admit(wire.anna, packets[0])
    wire.outbox.handle_disconnected()
    assert wire.poll() == []
    wire.outbox.handle_session(wire.anna.domain, 2, resumed=True)
    again = wire.poll()
    assert again == packets
    assert [wire.answer(packet) for packet in again] == ["acknowledged"] * 2
    assert wire.room.log.command_count == 2


def test_cmd_22_under_a_new_session_commands_keep_their_names() -> None:
    wire = Wire()
    wire.outbox.put([RENAME, RENAME], None)
    wire.outbox.put([RENAME], None)
    packets = wire.poll()
    wire.room.admit(wire.anna, packets[0])
    wire.outbox.handle_disconnected()
    new = wire.room.join(session=b"t" * 16)
    wire.outbox.handle_session(new.domain, 1, resumed=False)
    again = wire.poll()
    assert [numbers(packet) for packet in again] == [[1, 2], [3]]
    assert [packet.nonce for packet in again] == [1, 2]
    assert again[0].seen == wire.room.log.head_seq
    assert [wire.answer(packet, speaker=new) for packet in again] == ["acknowledged"] * 2
    assert wire.room.log.command_count == 3


def test_cmd_22_what_is_refused_for_good_is_dropped_and_told() -> None:
    wire = Wire()
    wire.outbox.put([RENAME, RENAME], None)
    wire.outbox.put([RENAME], None)
    ahead = Moment(NOW.seconds, NOW.unix_ms + 60_000)
    (first,) = wire.poll(ahead)[:1]
    assert wire.answer(first) == FutureTimestamp.__name__
    assert wire.lost == [CommandName(wire.anna.record.actor, number) for number in (1, 2)]
    assert wire.outbox.unacknowledged == 1
    (name,) = wire.outbox.put([RENAME], None)
    assert name.number == 4, "numbers are not used again"


def test_cmd_22_a_refusal_of_something_unknown_changes_nothing() -> None:
    wire = Wire()
    wire.outbox.put([RENAME], None)
    wire.poll()
    assert wire.outbox.handle_refused(NOW, PacketRefused(99, "NotAllowed", "no", False, 0)) == []
    wire.outbox.handle_acknowledged(99)
    assert wire.outbox.unacknowledged == 1
