import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.commands.rooms import ANNA, RENAME, UNIX_MS, envelope
from theta.base.limits import PACKET_BYTES_MAX, PACKET_COMMANDS_MAX
from theta.commands.identity import is_signed_by
from theta.commands.packets import (
    SigningDomain,
    decode_body,
    encode_body,
    packet_digest,
    parse_body,
    rows_decoder,
    sign_packet,
)
from theta.commands.refusals import BadPayload, PacketTooLarge
from theta.editor.vocabulary import Rename

DOMAIN = SigningDomain(b"v" * 16, b"r" * 16, b"s" * 16, 2**64 - 1)


def test_cmd_3_a_body_is_its_array() -> None:
    command = envelope(RENAME, 7, 9, 3)
    body = encode_body(UNIX_MS, [command])
    assert msgspec.msgpack.decode(body) == [
        UNIX_MS,
        [[7, 9, 3, command.type_id, 1, [b"e" * 16, "renamed"]]],
    ]
    decoded = decode_body(body)
    assert decoded.timestamp_ms == UNIX_MS
    assert bytes(decoded.commands[0].payload) == bytes(command.payload)


def test_cmd_3_bodies_hold_1_to_100_commands() -> None:
    commands = [envelope(RENAME, number, number, 1) for number in range(1, PACKET_COMMANDS_MAX + 2)]
    assert len(decode_body(encode_body(0, commands[:-1])).commands) == PACKET_COMMANDS_MAX
    with pytest.raises(PacketTooLarge, match="101 commands"):
        encode_body(0, commands)
    with pytest.raises(PacketTooLarge, match="101 commands"):
        decode_body(msgspec.msgpack.encode([0, commands]))
    with pytest.raises(BadPayload, match="at least 1 command"):
        decode_body(encode_body(0, []))


def test_cmd_3_bodies_have_at_most_65536_bytes() -> None:
    def body(length: int) -> bytes:
        command = envelope(RENAME, 1, 1, 1)
        overhead = len(msgspec.msgpack.encode([0, [msgspec.structs.replace(command, payload=_text(1000))]])) - 1000
        return msgspec.msgpack.encode([0, [msgspec.structs.replace(command, payload=_text(length - overhead))]])

    assert len(body(PACKET_BYTES_MAX)) == PACKET_BYTES_MAX
    decode_body(body(PACKET_BYTES_MAX))
    with pytest.raises(PacketTooLarge, match="65537 bytes"):
        decode_body(body(PACKET_BYTES_MAX + 1))
    with pytest.raises(PacketTooLarge):
        encode_body(0, [envelope(Rename(b"e" * 16, "x" * PACKET_BYTES_MAX), 1, 1, 1)])


def _text(length: int) -> msgspec.Raw:
    return msgspec.Raw(b"\xda" + length.to_bytes(2, "big") + b"x" * length)


@pytest.mark.parametrize(
    ("places", "refused"),
    [
        ([(1, 1, 1), (2, 2, 2)], ""),
        ([(1, 1, 1), (2, 2, 1)], ""),
        ([(2, 1, 2), (1, 2, 1)], ""),
        ([(0, 1, 0), (1, 2, 1)], "gesture: 0 of command 0"),
        ([(1, 1, 1), (0, 2, 0)], "gesture: 0 of command 0"),
        ([(1, 1, 1), (2, 2, 0)], "gesture: 0 of command 2"),
        ([(1, 1, 1), (2, 2, 3)], "gesture: 3 of command 2"),
    ],
)
@pytest.mark.parametrize("is_read_at_once", [False, True])
def test_cmd_3_gestures_of_several_commands(
    places: list[tuple[int, int, int]], refused: str, is_read_at_once: bool
) -> None:
    first = envelope(RENAME, 1, 1, 1)
    uniform = rows_decoder(first.type_id, first.version, Rename) if is_read_at_once else None
    body = encode_body(0, [envelope(RENAME, *place) for place in places])
    if refused:
        with pytest.raises(BadPayload, match=refused):
            parse_body(body, uniform)
        return
    parsed = parse_body(body, uniform)
    assert (parsed.numbers, parsed.lamports, parsed.gestures) == tuple(zip(*places, strict=True))
    assert (parsed.is_uniform, parsed.is_decoded) == (True, is_read_at_once)
    assert parsed.is_rising is (places == sorted(places))


@pytest.mark.parametrize(
    ("places", "is_rising"),
    [
        ([(5, 5, 5)], True),
        ([(1, 1, 1), (3, 2, 3), (9, 9, 9)], True),
        ([(1, 1, 1), (1, 2, 1)], False),
        ([(1, 2, 1), (2, 2, 2)], False),
        ([(1, 1, 1), (2, 3, 2), (3, 2, 3)], False),
    ],
)
def test_cmd_5_a_body_knows_whether_it_rises(places: list[tuple[int, int, int]], is_rising: bool) -> None:
    assert parse_body(encode_body(0, [envelope(RENAME, *place) for place in places])).is_rising is is_rising


@pytest.mark.parametrize(("number", "gesture"), [(0, 0), (1, 0), (1, 2), (0, 1)])
def test_cmd_3_a_gesture_begins_with_its_command_or_before(number: int, gesture: int) -> None:
    body = encode_body(0, [envelope(RENAME, number, 1, gesture)])
    with pytest.raises(BadPayload, match="gesture"):
        decode_body(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x90",
        msgspec.msgpack.encode([0]),
        msgspec.msgpack.encode([-1, []]),
        msgspec.msgpack.encode([0, [[1, 1, 1, 0, 2**32, []]]]),
        msgspec.msgpack.encode([0, [[1, 1, 1, 2**63, 1, []]]]),
        msgspec.msgpack.encode([0, [[1, 1, 1, 0, 1]]]),
        msgspec.msgpack.encode([0, []]) + b"\x00",
        b"\x92\x00\x91\x96\x01\x01\x01\x00\x01" + b"\x91" * 60_000,
    ],
    ids=range(10),
)
def test_cmd_3_anything_else_is_no_body(body: bytes) -> None:
    with pytest.raises(BadPayload, match="body"):
        decode_body(body)


@given(st.binary(max_size=300))
def test_no_body_raises_anything_but_the_listed(body: bytes) -> None:
    with pytest.raises((BadPayload, PacketTooLarge)):
        decode_body(b"\x92" + body)


def test_cmd_4_the_digest_covers_these_bytes() -> None:
    expected = hashlib.blake2b(digest_size=32, person=b"theta-packet")
    expected.update(b"v" * 16 + b"r" * 16 + bytes(16) + b"s" * 16 + b"\xff" * 8)
    expected.update((3).to_bytes(8, "little") + (4).to_bytes(8, "little") + b"c" * 32 + b"body")
    assert packet_digest(DOMAIN, 3, 4, b"c" * 32, b"body") == expected.digest()


def test_cmd_4_one_signature_covers_a_packet() -> None:
    packet = sign_packet(ANNA, DOMAIN, 3, 4, b"c" * 32, b"body")
    assert (packet.nonce, packet.seen, packet.chain, packet.body) == (3, 4, b"c" * 32, b"body")
    assert is_signed_by(ANNA.public_key, packet_digest(DOMAIN, 3, 4, b"c" * 32, b"body"), packet.signature)
    with pytest.raises(AssertionError):
        sign_packet(ANNA, DOMAIN, 0, 4, b"c" * 32, b"body")
