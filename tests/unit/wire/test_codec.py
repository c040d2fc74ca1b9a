"""Messages to frames and back."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.base.errors import FrameTooLarge, PeerError, ProtocolError
from theta.base.identifiers import signed_name_id
from theta.base.limits import CLIENT_FRAME_BYTES_MAX, FRAME_BYTES_MAX
from theta.node.lanes import Lane, lane_of
from theta.wire.codec import decode_from_participant, decode_from_room, encode
from theta.wire.message import SHORT_TAGS, tag_of
from theta.wire.messages import (
    ChatLine,
    LogRecord,
    Message,
    Ping,
    PresenceBatch,
    PresenceUpdate,
    canonical_name,
)
from theta.wire.ownership_messages import OwnedState
from theta.wire.planes import FROM_PARTICIPANT, FROM_ROOM, PLANES
from theta.wire.state_messages import StateAck, StateFrame


def _value(info: msgspec.inspect.Type) -> Any:
    """A good value of a field's type, with its lengths at their limits."""
    match info:
        case msgspec.inspect.IntType():
            return min(info.le if info.le is not None else 2**64 - 1, 2**64 - 1)
        case msgspec.inspect.FloatType():
            return 1.5
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.StrType():
            return "é" * (info.max_length or 5)
        case msgspec.inspect.BytesType():
            return b"\xff" * (info.max_length or 5)
        case msgspec.inspect.ListType():
            return [_value(info.item_type)] * (info.max_length or 2)
        case msgspec.inspect.TupleType():
            return tuple(_value(each) for each in info.item_types)
        case msgspec.inspect.LiteralType():
            return info.values[0]
        case msgspec.inspect.StructType():
            return info.cls(*(_value(field.type) for field in info.fields))
    raise AssertionError(info)


def _sample(message: type[Message]) -> Message:
    info = msgspec.inspect.type_info(message)
    assert isinstance(info, msgspec.inspect.StructType)
    return message(*(_value(field.type) for field in info.fields))


ALL: list[type[Message]] = sorted({*FROM_PARTICIPANT, *FROM_ROOM}, key=lambda message: message.__name__)


@pytest.mark.parametrize("message", ALL)
def test_wire_1_a_frame_is_a_tagged_array_and_comes_back(message: type[Message]) -> None:
    sample = _sample(message)
    frame = encode(sample)
    fields = msgspec.msgpack.decode(frame)
    assert fields[0] == SHORT_TAGS.get(message.__name__, signed_name_id(canonical_name(message.__name__)))
    assert len(fields) == 1 + len(message.__struct_fields__)
    if message in FROM_PARTICIPANT:
        assert decode_from_participant(frame) == sample
    if message in FROM_ROOM:
        assert decode_from_room(frame) == sample


@pytest.mark.parametrize("message", ALL)
def test_wire_1_a_field_more_or_less_is_refused(message: type[Message]) -> None:
    decode = decode_from_participant if message in FROM_PARTICIPANT else decode_from_room
    fields = msgspec.msgpack.decode(encode(_sample(message)))
    for changed in ([*fields, None], [*fields, 1], fields[:-1], fields[:1]):
        with pytest.raises(ProtocolError):
            decode(msgspec.msgpack.encode(changed))
    for at in range(len(fields)):
        wrong = [*fields[:at], {}, *fields[at + 1 :]]
        with pytest.raises(ProtocolError):
            decode(msgspec.msgpack.encode(wrong))


def test_wire_1_parts_take_no_field_more_either() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode([1, b"", 1]), type=LogRecord)


def test_wire_1_tags_are_distinct() -> None:
    assert len({tag_of(message.__name__) for message in ALL}) == len(ALL)


def test_wire_1_tags_of_datagrams_have_one_byte() -> None:
    datagrams = {message.__name__ for message in ALL if lane_of(_sample(message)) is Lane.DATAGRAM}
    assert datagrams == set(SHORT_TAGS)
    assert sorted(SHORT_TAGS.values()) == list(range(1, len(SHORT_TAGS) + 1))
    assert all(not 0 <= signed_name_id(canonical_name(message.__name__)) < 128 for message in ALL)
    for tag in (0, len(SHORT_TAGS) + 1, 127):
        with pytest.raises(ProtocolError):
            decode_from_room(msgspec.msgpack.encode([tag, 1, 1, 0, False, b""]))


def test_wire_1_an_integer_past_64_bits_is_refused() -> None:
    frame = msgspec.msgpack.encode([signed_name_id("theta.Ping"), 2**64 - 1, 0.0])
    assert decode_from_room(frame) == Ping(2**64 - 1, 0.0)
    with pytest.raises(ProtocolError):
        decode_from_room(msgspec.msgpack.encode([signed_name_id("theta.Ping"), -1, 0.0]))


def test_wire_2_only_state_travels_as_datagrams() -> None:
    assert set(PLANES) == set(ALL)
    datagrams = {message for message in ALL if lane_of(_sample(message)) is Lane.DATAGRAM}
    assert datagrams == {PresenceUpdate, PresenceBatch, StateFrame, StateAck, OwnedState}
    assert [lane.value for lane in Lane] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("decode", "limit"), [(decode_from_participant, CLIENT_FRAME_BYTES_MAX), (decode_from_room, FRAME_BYTES_MAX)]
)
def test_wire_4_a_frame_over_its_limit_is_not_even_looked_at(decode: Any, limit: int) -> None:
    with pytest.raises(FrameTooLarge, match=str(limit)):
        decode(bytes(limit + 1))
    with pytest.raises(ProtocolError):
        decode(bytes(limit))


def test_wire_5_a_message_of_the_other_side_is_refused() -> None:
    for message in ALL:
        if message not in FROM_ROOM:
            with pytest.raises((ProtocolError, FrameTooLarge)):
                decode_from_room(encode(_sample(message)))
        if message not in FROM_PARTICIPANT:
            with pytest.raises((ProtocolError, FrameTooLarge)):
                decode_from_participant(encode(_sample(message)))


@given(st.binary(max_size=300))
def test_wire_5_any_bytes_are_a_message_or_a_peer_error(data: bytes) -> None:
    for decode in (decode_from_participant, decode_from_room):
        try:
            decode(data)
        except PeerError:
            continue


@given(st.sampled_from(ALL), st.integers(0, 10_000), st.integers(1, 255))
def test_wire_5_a_flipped_byte_is_a_message_or_a_peer_error(message: type[Message], at: int, change: int) -> None:
    frame = bytearray(encode(_sample(message)))
    frame[at % len(frame)] ^= change
    for decode in (decode_from_participant, decode_from_room):
        try:
            decode(bytes(frame))
        except PeerError:
            continue


def test_wire_5_bounds_are_named() -> None:
    with pytest.raises(ProtocolError, match="length"):
        decode_from_participant(encode(ChatLine("")))
    assert math.isnan(decode_from_room(encode(Ping(1, math.nan))).sent_ms)  # type: ignore[attr-defined]
