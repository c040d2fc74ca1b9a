"""A room that compresses, and participants that take it: who gets what, and that nothing else changes."""

import pytest

from tests.support.participants import PatchPeer
from tests.support.pump import Pump, agree, cube
from theta.node.lanes import Lane
from theta.node.outbound import Outbound
from theta.node.packing import COMPRESSED_PLANES
from theta.node.peer import Peer
from theta.wire.codec import decode_from_room, encode, unwrap
from theta.wire.compression import Compressor, Decompressor, read_frame_header
from theta.wire.dictionaries import Dictionary, train
from theta.wire.messages import (
    Commit,
    Compressed,
    CompressionDictionary,
    InviteMade,
    LogRecord,
    Message,
    Ping,
    SessionAcknowledge,
    SnapshotPart,
)
from theta.wire.planes import PLANES
from theta.wire.state_messages import StateFrame, StateSection
from tools.compression_vectors import a_dictionary

ZSTD = ("fold", "presence", "chat", "zstd")


class Wiretap:
    """Every frame to each connection, as it is sent."""

    def __init__(self, pump: Pump) -> None:
        self.frames: list[tuple[int, bytes]] = []
        pump.meddle = self._note

    def _note(self, connection: int, lane: Lane, frame: bytes) -> bytes:
        self.frames.append((connection, frame))
        return frame

    def messages(self, connection: int) -> list[Message]:
        return [decode_from_room(frame) for number, frame in self.frames if number == connection]

    def compressed(self, connection: int) -> list[Compressed]:
        return [each for each in self.messages(connection) if isinstance(each, Compressed)]


def join(pump: Pump, name: str, capabilities: tuple[str, ...] = ZSTD) -> Peer:
    peer = pump.peer(name, capabilities=capabilities)
    pump.connect(peer)
    return peer


def build(pump: Pump, peer: Peer, count: int) -> None:
    for number in range(count):
        peer.perform(pump.now, [cube(f"the cube of number {number}")])
        pump.pump()


def recorded_dictionary() -> Dictionary:
    pump = Pump(3)
    tap = Wiretap(pump)
    ada = join(pump, "Ada", ZSTD[:-1])
    build(pump, ada, 60)
    frames = [frame for _, frame in tap.frames if isinstance(decode_from_room(frame), Commit)]
    return train(frames, 4_096)


def test_wire_44_who_can_take_it_gets_commits_and_documents_compressed_others_get_them_as_they_are() -> None:
    pump = Pump()
    tap = Wiretap(pump)
    ada, bob = join(pump, "Ada"), join(pump, "Bob", ZSTD[:-1])
    page = PatchPeer("page", pump.room.invite("editor"))
    pump.connect(page)
    build(pump, ada, 3)
    ada.perform(pump.now, [cube(f"cube {number}") for number in range(20)])
    pump.pump()
    agree(pump, ada, bob)
    assert page.hash == pump.room.document_hash
    assert tap.compressed(pump.number_of(ada))
    assert tap.compressed(pump.number_of(bob)) == []
    assert tap.compressed(pump.number_of(page)) == []
    sent = [frame for number, frame in tap.frames if number == pump.number_of(ada)]
    given = [frame for number, frame in tap.frames if number == pump.number_of(bob)]
    assert sum(map(len, sent)) < sum(map(len, given))


def test_wire_44_what_a_session_is_caught_up_with_is_compressed_too() -> None:
    pump = Pump()
    ada = join(pump, "Ada")
    build(pump, ada, 12)
    tap = Wiretap(pump)
    bob = join(pump, "Bob")
    agree(pump, ada, bob)
    (packed,) = tap.compressed(pump.number_of(bob))
    commit = unwrap(packed, Decompressor())
    assert isinstance(commit, Commit)
    assert len(commit.records) > 12


def test_wire_44_only_the_planes_of_commands_and_assets_are_compressed() -> None:
    outbound = Outbound()
    outbound.agree(1, ZSTD)
    secret = InviteMade(1, "editor", "a" * 2_000, 0)
    part = SnapshotPart(1, 0, bytes(2_000))
    assert PLANES[InviteMade] not in COMPRESSED_PLANES
    assert outbound.send(1, secret) == encode(secret)
    packed = decode_from_room(outbound.send(1, part))
    assert unwrap(packed, Decompressor()) == part != packed


def test_wire_44_sections_of_state_that_no_datagram_holds_are_compressed_and_datagrams_are_not() -> None:
    outbound = Outbound()
    outbound.agree(1, ZSTD)
    body = b"what is written on a sign, and on another sign, " * 40
    section, frame = StateSection(1, 1, body), StateFrame(2, 1, 0, False, body[:1_000])
    packed = decode_from_room(outbound.send(1, section))
    assert unwrap(packed, Decompressor()) == section != packed
    assert outbound.send(1, frame) == encode(frame)
    assert outbound.send(2, section) == encode(section)


def test_wire_44_a_message_for_many_is_compressed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    outbound = Outbound(a_dictionary())
    for number in (1, 2, 3):
        outbound.agree(number, ZSTD if number != 2 else ())
    while outbound.poll_transmit() is not None:
        pass
    made: list[int] = []
    compress = Compressor.compress

    def counted(self: Compressor, data: bytes, overhead: int = 0) -> bytes | None:
        made.append(len(data))
        return compress(self, data, overhead)

    monkeypatch.setattr(Compressor, "compress", counted)
    outbound.send_all((1, 2, 3), SnapshotPart(1, 0, bytes(2_000)))
    first, second, third = (outbound.poll_transmit() for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.frame is third.frame
    assert decode_from_room(second.frame) == SnapshotPart(1, 0, bytes(2_000))
    assert len(made) == 1


def test_wire_48_a_room_gives_its_dictionary_once_and_uses_it_from_then_on() -> None:
    pump = Pump()
    dictionary = pump.dictionary = recorded_dictionary()
    pump.restart()
    tap = Wiretap(pump)
    ada = join(pump, "Ada")
    build(pump, ada, 5)
    heard = [unwrap(each, Decompressor([dictionary])) for each in tap.messages(pump.number_of(ada))]
    kinds = [type(each) for each in heard]
    assert kinds.count(CompressionDictionary) == 1
    assert kinds.index(SessionAcknowledge) < kinds.index(CompressionDictionary) < kinds.index(Commit)
    used = {read_frame_header(each.data).dictionary for each in tap.compressed(pump.number_of(ada))}
    assert dictionary.id in used
    agree(pump, ada)

    pump.drop(ada)
    tap.frames.clear()
    number = pump.connect(ada)
    again = tap.messages(number)
    acknowledge = next(each for each in again if isinstance(each, SessionAcknowledge))
    assert acknowledge.capabilities == [*ZSTD, dictionary.capability]
    assert not any(isinstance(unwrap(each, Decompressor([dictionary])), CompressionDictionary) for each in again)
    build(pump, ada, 2)
    assert {read_frame_header(each.data).dictionary for each in tap.compressed(number)} == {dictionary.id}
    agree(pump, ada)


def test_wire_48_no_lane_needs_the_dictionary_before_its_ping_is_answered() -> None:
    """On another lane a frame may be there before the dictionary is."""
    dictionary = recorded_dictionary()
    outbound = Outbound(dictionary)
    outbound.agree(1, ZSTD)
    outbound.agree(2, (*ZSTD, dictionary.capability))
    given = [outbound.poll_transmit() for _ in range(3)]
    assert given[2] is None
    assert [(each.connection, each.lane, type(decode_from_room(each.frame))) for each in given[:2] if each] == [
        (1, Lane.CONTROL, CompressionDictionary),
        (1, Lane.CONTROL, Ping),
    ]
    commit = Commit(1, [LogRecord(2, b"the cube of number 1, the cube of number 2, " * 20)], [], bytes(16), bytes(16))

    def used() -> list[int]:
        """The dictionary that each connection's frame needs, 0 for none."""
        outbound.send_all((1, 2), commit)
        sent = [outbound.poll_transmit() for _ in range(2)]
        packed = [decode_from_room(each.frame) for each in sent if each is not None]
        assert all(unwrap(each, Decompressor([dictionary])) == commit for each in packed)
        return [read_frame_header(each.data).dictionary for each in packed if isinstance(each, Compressed)]

    assert used() == [0, dictionary.id]
    outbound.handle_answered(1, Lane.COMMANDS)
    assert used() == [0, dictionary.id], "that answers the ping of a backlog"
    outbound.handle_answered(1, Lane.CONTROL)
    assert used() == [dictionary.id, dictionary.id]


def test_wire_48_a_session_without_zstd_is_given_none() -> None:
    pump = Pump()
    pump.dictionary = a_dictionary()
    pump.restart()
    tap = Wiretap(pump)
    bob = join(pump, "Bob", ZSTD[:-1])
    build(pump, bob, 1)
    assert not any(isinstance(each, CompressionDictionary | Compressed) for each in tap.messages(pump.number_of(bob)))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (CompressionDictionary(bytes(300)), "gave a dictionary that is none"),
        (Compressed(b"\x28\xb5\x2f\xfd"), "structure"),
        (Compressed(Compressor().compress(b"no message " * 40) or b""), "not a message"),
    ],
)
def test_wire_46_a_room_that_sends_garbage_is_hung_up_on(message: Message, reason: str) -> None:
    pump = Pump()
    ada = join(pump, "Ada")
    ada.handle_frame(pump.now, Lane.COMMANDS, encode(message))
    close = ada.poll_close()
    assert close is not None
    assert close[0] == 4400
    assert reason in close[1]


def test_a_session_without_zstd_takes_nothing_compressed() -> None:
    pump = Pump()
    bob = join(pump, "Bob", ZSTD[:-1])
    frame = Compressor().compress(encode(Commit(1, [LogRecord(0, bytes(500))], [], bytes(16), bytes(16))))
    assert frame is not None
    bob.handle_frame(pump.now, Lane.COMMANDS, encode(Compressed(frame)))
    close = bob.poll_close()
    assert close is not None
    assert "takes none" in close[1]
