"""Bad input: a typed close code for whoever sent it; the room and everyone else go on."""

from collections.abc import Callable, Iterator
from itertools import count

import msgspec
import pytest

from tests.support.participants import Newcomer, PatchPeer, RawClient
from tests.support.pump import Pump, agree, cube, red
from theta import __version__
from theta.base.errors import UsageError
from theta.base.identifiers import entity_id
from theta.base.limits import CLIENT_FRAME_BYTES_MAX, PACKET_BYTES_MAX
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.commands.packets import encode_body
from theta.node.lanes import Lane
from theta.node.protocol import protocol_hash
from theta.replication.presence import Presence, encode_presence
from theta.session.invites import make_invite
from theta.session.secret import RoomSecret
from theta.session.transcript import proof_digest
from theta.wire.codec import encode
from theta.wire.messages import (
    PROTOCOL_VERSION,
    ChatLine,
    CommandEnvelope,
    Pong,
    PresenceUpdate,
    ResyncRequest,
    Roster,
    SessionChallenge,
    SessionHello,
    SessionProof,
    SubmitPacket,
)

KEY = Identity.from_seed(b"k" * 32)


@pytest.fixture
def pump(seed: int) -> Iterator[Pump]:
    """A room with two people in it, who can work together before and after."""
    pump = Pump(seed)
    ada, bob = pump.join("Ada"), pump.join("Bob")
    entity = entity_id(ada.perform(pump.now, [cube()])[0])
    pump.pump()
    yield pump
    assert ada.is_joined
    assert bob.is_joined
    bob.perform(pump.now, [red(entity)])
    pump.pump()
    assert bob.unacknowledged == 0
    agree(pump, ada, bob)


_NONCES = count(1)


def _hello(**changes: object) -> SessionHello:
    hello = SessionHello(
        PROTOCOL_VERSION,
        protocol_hash(),
        next(_NONCES).to_bytes(32, "little"),
        KEY.public_key,
        bytes(16),
        "Eve",
        ["fold"],
        b"",
        b"",
        0,
        0,
        "0.1.0",
    )
    return msgspec.structs.replace(hello, **changes)


def _throw(pump: Pump, frame: bytes, lane: Lane = Lane.CONTROL) -> int | None:
    client = RawClient()
    number = pump.connect(client)
    client.throw(frame, lane)
    pump.pump()
    return pump.code_of(number)


GARBAGE = {
    "nothing": b"",
    "noise": b"\xc1\x00garbage",
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "a map": msgspec.msgpack.encode({"a": 1}),
    "an unknown tag": msgspec.msgpack.encode([12345, 1]),
    "a tag past int64": msgspec.msgpack.encode([2**64 - 1, 1]),
    "no tag": msgspec.msgpack.encode([]),
    "deep nesting": b"\x91" * 100_000,
    "a list of a billion": b"\xdd\x3b\x9a\xca\x00",
    "a room's message": encode(Roster([])),
    "half a hello": encode(_hello())[:-9],
    "a hello and more": encode(_hello()) + b"\0",
    "a short key": encode(_hello(public_key=b"short")),
    "a long name": encode(_hello(name="x" * 65)),
    "no name": encode(_hello(name="")),
    "a blank name": encode(_hello(name="  ")),
    "a name with a newline": encode(_hello(name="a\nb")),
    "a name that is no UTF-8": encode(_hello(name="Eve")).replace(b"\xa3Eve", b"\xa3\xff\xfe\xfd"),
    "too many capabilities": encode(_hello(capabilities=["x"] * 17)),
    "a proof before the hello": encode(SessionProof(bytes(64), "")),
    "a packet before the hello": encode(SubmitPacket(1, 0, bytes(32), bytes(16), bytes(64), b"")),
    "chat before the hello": encode(ChatLine("hi")),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_wire_5_garbage_closes_its_own_connection_only(pump: Pump, kind: str) -> None:
    assert _throw(pump, GARBAGE[kind]) == 4400


def test_wire_4_an_oversized_frame_is_4413(pump: Pump) -> None:
    assert _throw(pump, bytes(CLIENT_FRAME_BYTES_MAX + 1)) == 4413
    assert _throw(pump, bytes(CLIENT_FRAME_BYTES_MAX)) == 4400


def test_wire_5_every_truncation_of_a_hello_is_refused(pump: Pump) -> None:
    frame = encode(_hello())
    assert {_throw(pump, frame[:length]) for length in range(len(frame))} == {4400}


def test_wire_5_random_bytes_are_refused(pump: Pump, seed: int) -> None:
    randomness = Randomness(f"{seed} noise".encode())
    for _ in range(300):
        assert _throw(pump, randomness.draw(1 + randomness.integer(200))) == 4400


def test_wire_5_a_flipped_byte_never_breaks_the_room(pump: Pump, seed: int) -> None:
    randomness = Randomness(f"{seed} flips".encode())
    frame = encode(_hello())
    for _ in range(300):
        at = randomness.integer(len(frame))
        flipped = frame[:at] + bytes((frame[at] ^ (1 + randomness.integer(255)),)) + frame[at + 1 :]
        assert _throw(pump, flipped) in (None, 4400, 4426)


def test_wire_2_a_message_on_the_wrong_lane_is_refused(pump: Pump) -> None:
    assert _throw(pump, encode(_hello()), Lane.DATAGRAM) == 4400


def test_ses_2_another_version_or_manifest_is_4426(pump: Pump) -> None:
    assert _throw(pump, encode(_hello(protocol_version=PROTOCOL_VERSION + 1))) == 4426
    assert _throw(pump, encode(_hello(protocol_version=0))) == 4426
    assert _throw(pump, encode(_hello(protocol_hash=bytes(16)))) == 4426


@pytest.mark.parametrize("length", [0, 1, 15, 33, 64])
def test_ses_2_an_empty_short_or_long_nonce_is_refused(pump: Pump, length: int) -> None:
    assert _throw(pump, encode(_hello(client_nonce=bytes(length)))) == 4400


def test_ses_2_a_repeated_nonce_is_refused_also_when_the_first_handshake_went_no_further(pump: Pump) -> None:
    assert _throw(pump, encode(_hello(client_nonce=b"n" * 32))) is None
    for hello in (_hello(client_nonce=b"n" * 32), _hello(client_nonce=b"n" * 32, name="Mallory")):
        assert _throw(pump, encode(hello)) == 4400
        assert "was used before" in pump.closes[-1].reason
    assert _throw(pump, encode(_hello(client_nonce=b"m" * 32))) is None


def test_ses_16_a_hello_of_another_protocol_is_answered_with_what_to_install(pump: Pump) -> None:
    tag = SessionHello.__struct_config__.tag
    assert _throw(pump, msgspec.msgpack.encode([tag, PROTOCOL_VERSION + 1, bytes(16), "and", {"more": 1}])) == 4426
    assert pump.closes[-1].reason.endswith("upgrade theta-engine where the room runs")
    assert _throw(pump, msgspec.msgpack.encode([tag, PROTOCOL_VERSION, bytes(16)])) == 4426
    assert f"install theta-engine {__version__}, or reload the page" in pump.closes[-1].reason
    assert _throw(pump, encode(_hello(protocol_hash=bytes(16), software="0.0.9"))) == 4426
    assert pump.closes[-1].reason.startswith("ProtocolMismatch: your Theta 0.0.9 is older than the room's")
    assert _throw(pump, msgspec.msgpack.encode([tag, PROTOCOL_VERSION, protocol_hash(), "too few"])) == 4400
    assert _throw(pump, msgspec.msgpack.encode([tag, "no", "hello"])) == 4400


@pytest.mark.parametrize("length", [16, 32])
def test_ses_2_a_nonce_of_16_to_32_bytes_is_good(pump: Pump, length: int) -> None:
    assert _throw(pump, encode(_hello(client_nonce=bytes(length)))) is None


class Prover(RawClient):
    """Says hello, and answers the challenge with whatever it is told."""

    def __init__(self, prove: Callable[[bytes, bytes], SessionProof], hello: SessionHello | None = None) -> None:
        super().__init__()
        self._prove = prove
        self._hello = encode(hello or _hello())
        self.throw(self._hello)

    def take(self, now: object, message: object, frame: bytes) -> None:
        if isinstance(message, SessionChallenge):
            self.say(self._prove(self._hello, frame))


def _proves(pump: Pump, prove: Callable[[bytes, bytes], SessionProof], hello: SessionHello | None = None) -> int | None:
    return pump.code_of(pump.connect(Prover(prove, hello)))


def _signed(invite: str, key: Identity = KEY) -> Callable[[bytes, bytes], SessionProof]:
    return lambda hello, challenge: SessionProof(key.sign(proof_digest(hello, challenge)), invite)


def test_ses_4_a_wrong_proof_is_4401(pump: Pump) -> None:
    invite = pump.room.invite("editor")
    other = Identity.from_seed(b"o" * 32)
    assert _proves(pump, lambda hello, challenge: SessionProof(bytes(64), invite)) == 4401
    assert _proves(pump, _signed(invite, other)) == 4401
    assert _proves(pump, lambda hello, _: SessionProof(KEY.sign(proof_digest(hello, hello)), invite)) == 4401
    small_order_key = bytes(32)
    assert _proves(pump, _signed(invite), _hello(public_key=small_order_key)) == 4401
    assert _proves(pump, _signed(invite)) is None


def test_ses_4_a_proof_does_not_fit_another_connection(pump: Pump) -> None:
    heard: list[SessionProof] = []
    invite = pump.room.invite("editor")

    def record(hello: bytes, challenge: bytes) -> SessionProof:
        heard.append(_signed(invite)(hello, challenge))
        return heard[0]

    assert _proves(pump, record) is None
    assert _proves(pump, record) == 4401


def test_ses_7_without_an_invite_of_this_room_nobody_walks_in(pump: Pump) -> None:
    good = pump.room.invite("editor")
    foreign = make_invite(RoomSecret(b"f" * 32), "admin")
    flipped = ("B" if good[0] == "A" else "A") + good[1:]
    for invite in ("", "x", "é" * 24, "!!!", good[:-1], good + "AAAA", flipped, foreign, good.swapcase(), "A" * 200):
        assert _proves(pump, _signed(invite)) == 4403, invite
    for role in ("viewer", "editor", "admin"):
        assert _proves(pump, _signed(pump.room.invite(role))) is None


@pytest.mark.parametrize("offered", [[], ["presence"], ["fold", "patches"], ["telepathy"]])
def test_ses_5_either_fold_or_patches_must_be_offered(pump: Pump, offered: list[str]) -> None:
    assert _proves(pump, _signed(pump.room.invite("editor")), _hello(capabilities=offered)) == 4426


def test_ses_1_nothing_is_said_twice(pump: Pump) -> None:
    client = RawClient()
    number = pump.connect(client)
    client.throw(encode(_hello()))
    client.throw(encode(_hello()))
    pump.pump()
    assert pump.code_of(number) == 4400


def test_ses_1_nothing_is_said_between_the_proof_and_the_acknowledgement(pump: Pump) -> None:
    pump.is_frozen = True
    client = Newcomer("Eve", pump.room.invite("editor"))
    number = pump.connect(client)
    client.say(ChatLine("too early"))
    pump.pump()
    pump.thaw()
    assert pump.code_of(number) == 4400


def _member(pump: Pump, capabilities: tuple[str, ...] = ("fold", "presence", "chat")) -> tuple[Newcomer, int]:
    client = Newcomer("Eve", pump.room.invite("editor"), capabilities)
    return client, pump.connect(client)


def _row(actor: int) -> bytes:
    return encode_presence(Presence(actor, 1, 1))


def test_wire_5_after_the_handshake_it_is_the_same(pump: Pump) -> None:
    for frame, lane in (
        (b"\xc1", Lane.CONTROL),
        (encode(_hello()), Lane.CONTROL),
        (encode(SessionProof(bytes(64), "")), Lane.CONTROL),
        (encode(ChatLine("hi")), Lane.DATAGRAM),
        (encode(PresenceUpdate(_row(1))), Lane.CONTROL),
        (encode(PresenceUpdate(b"short")), Lane.DATAGRAM),
        (encode(Pong(1, 0.0, float("nan"))), Lane.CONTROL),
        (encode(Pong(1, 0.0, float("inf"))), Lane.CONTROL),
        (encode(ChatLine("x")).replace(b"\xa1x", b"\xda\x01\xf5" + b"x" * 501), Lane.CONTROL),
    ):
        client, number = _member(pump)
        client.throw(frame, lane)
        pump.pump()
        assert pump.code_of(number) == 4400, frame


def test_rep_1_a_bad_row_is_refused(pump: Pump) -> None:
    client, number = _member(pump)
    client.say(PresenceUpdate(_row(client.actor)))
    pump.pump()
    assert pump.code_of(number) is None
    client.say(PresenceUpdate(_row(client.actor + 1)))
    pump.pump()
    assert pump.code_of(number) == 4400


def test_ses_5_what_a_session_cannot_do_is_refused(pump: Pump) -> None:
    for message in (ChatLine("hi"), PresenceUpdate(_row(1))):
        client, number = _member(pump, ("fold",))
        client.say(message)
        pump.pump()
        assert pump.code_of(number) == 4400


def test_wire_13_asking_for_everything_again_and_again_is_refused(pump: Pump) -> None:
    client, number = _member(pump)
    for _ in range(3):
        client.say(ResyncRequest(0, bytes(16)))
    pump.pump()
    assert pump.code_of(number) is None
    client.say(ResyncRequest(0, bytes(16)))
    pump.pump()
    assert pump.code_of(number) == 4400


def _attack(pump: Pump, attack: Callable[[PatchPeer], object]) -> tuple[PatchPeer, int | None]:
    eve = PatchPeer("Eve", pump.room.invite("editor"))
    number = pump.connect(eve)
    attack(eve)
    pump.pump()
    return eve, pump.code_of(number)


def _body(type_id: int = 1, payload: object = ()) -> bytes:
    raw = msgspec.Raw(msgspec.msgpack.encode(payload))
    return encode_body(0, [CommandEnvelope(1, 1_000, 1, type_id, 1, raw)])


def _submit_over_another_chain(eve: PatchPeer) -> None:
    eve.chain = bytes(32)
    eve.submit(_body())


def test_wire_8_a_dishonest_packet_is_refused_and_closes_with_its_code(pump: Pump) -> None:
    attacks: dict[str, tuple[Callable[[PatchPeer], object], int]] = {
        "BadSignature": (lambda eve: eve.submit(_body(), identity=KEY), 4402),
        "UnknownCommand": (lambda eve: eve.submit(_body()), 4422),
        "BadPayload": (lambda eve: eve.submit(b"garbage"), 4423),
        "PacketTooLarge": (lambda eve: eve.submit(bytes(PACKET_BYTES_MAX + 1)), 4413),
        "WrongChain": (_submit_over_another_chain, 4414),
    }
    for code, (attack, close_code) in attacks.items():
        eve, closed = _attack(pump, attack)
        assert (eve.refusals, closed) == ([code], close_code)


def test_wire_8_equivocation_closes_the_connection(pump: Pump) -> None:
    def attack(eve: PatchPeer) -> None:
        eve.perform(pump.now, cube("one"))
        pump.pump()
        eve.number = 0
        eve.perform(pump.now, cube("another"))

    eve, closed = _attack(pump, attack)
    assert (eve.refusals, closed) == (["Equivocation"], 4415)


def test_nothing_a_peer_sends_is_the_rooms_own_fault(pump: Pump, seed: int) -> None:
    randomness = Randomness(f"{seed} fuzz".encode())
    for _ in range(100):
        client, number = _member(pump)
        client.say(ResyncRequest(1, bytes(16)))
        frame = encode(PresenceUpdate(randomness.draw(100)))
        try:
            client.throw(frame, Lane.DATAGRAM)
            pump.pump()
        except UsageError as error:  # pragma: no cover
            raise AssertionError("a participant's mistake came out as the caller's") from error
        assert pump.code_of(number) == 4400
