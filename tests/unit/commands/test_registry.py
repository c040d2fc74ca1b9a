from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.commands.rooms import CREATE, RENAME, envelope
from theta.base.identifiers import signed_name_id
from theta.commands.governing import SetCascade
from theta.commands.packets import decode_body, encode_body
from theta.commands.refusals import BadPayload, Refused, UnknownCommand
from theta.commands.registry import CommandRegistry, encode_payload
from theta.editor.vocabulary import OPERATIONS, Delete, Paint, Rename

REGISTRY = CommandRegistry(OPERATIONS)


def test_id_6_a_payload_comes_back_by_its_types_hash() -> None:
    assert REGISTRY.decode(envelope(RENAME, 1, 1, 1)) == RENAME
    assert bytes(encode_payload(RENAME)) == b"\x92\xc4\x10" + b"e" * 16 + b"\xa7renamed"
    assert REGISTRY.names[0] == "theta.create_primitive@1"


def test_id_6_a_type_is_registered_once() -> None:
    with pytest.raises(AssertionError, match="registered twice"):
        CommandRegistry((Rename, Rename))


@pytest.mark.parametrize("change", [{"version": 0}, {"version": 2}, {"type_id": 5}])
def test_unknown_types_and_versions_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(UnknownCommand):
        REGISTRY.decode(msgspec.structs.replace(envelope(RENAME, 1, 1, 1), **change))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "payload"),
        (b"\xc1", "payload"),
        (b"\xc0", "Expected `array`"),
        (msgspec.msgpack.encode([b"e" * 16]), "length 2"),
        (msgspec.msgpack.encode([b"e" * 15, "n"]), "length >= 16"),
        (msgspec.msgpack.encode([b"e" * 16, 5]), "Expected `str`"),
        (msgspec.msgpack.encode([b"e" * 16, "n", 0]), "at most length 2"),
        (msgspec.msgpack.encode([b"e" * 16, "n"]) + b"\x00", "trailing"),
        (b"\x92\xc4\x10" + b"e" * 16 + b"\xa1\xff", "payload"),
        (b"\x92\xc4\x10" + b"e" * 16 + b"\x91" * 50_000, "payload"),
        (msgspec.msgpack.encode([b"e" * 16, "\n"]), "name is"),
    ],
    ids=range(11),
)
def test_cmd_30_a_payload_is_exactly_its_types_fields(payload: bytes, reason: str) -> None:
    with pytest.raises(BadPayload, match=reason):
        REGISTRY.decode(msgspec.structs.replace(envelope(RENAME, 1, 1, 1), payload=msgspec.Raw(payload)))


GOOD = (RENAME, CREATE, Paint(b"e" * 16, (0.5, 0.5, 0.5)), Delete(b"e" * 16), SetCascade(True))
SPOILED: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({}),
    st.fixed_dictionaries({"version": st.integers(0, 3)}),
    st.fixed_dictionaries({"type_id": st.sampled_from([5, *(signed_name_id(each.NAME) for each in GOOD)])}),
    st.fixed_dictionaries({"payload": st.sampled_from([b"\x90", b"\xc0", b"\x92\xc4\x10" + b"e" * 16 + b"\xa0"])}),
    st.fixed_dictionaries({"gesture": st.integers(0, 4)}),
)
COMMANDS = st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 4), SPOILED)
PACKETS = st.lists(
    st.one_of(st.lists(COMMANDS, min_size=1, max_size=4), COMMANDS.map(lambda each: [each] * 3)), max_size=6
)


def _read(registry: CommandRegistry, body: bytes) -> object:
    try:
        parsed = registry.parse(body)
        batch = registry.decode_all(parsed)
    except Refused as refusal:
        return type(refusal)
    assert registry.names_of(parsed) is not None
    columns = (parsed.timestamp_ms, parsed.numbers, parsed.lamports, parsed.gestures, parsed.type_ids, parsed.versions)
    return columns, list(batch.operations), batch.creates, batch.price, batch.governs


@given(PACKETS)
def test_cmd_3_what_a_packet_holds_does_not_depend_on_the_packets_before_it(
    packets: list[list[tuple[int, int, dict[str, Any]]]],
) -> None:
    """Packets of one kind are read by a decoder of that kind once one has come: never to another effect."""
    going_on = CommandRegistry(OPERATIONS)
    for packet in packets:
        commands = []
        for number, (which, lamport, spoiled) in enumerate(packet, 1):
            change = {key: msgspec.Raw(each) if key == "payload" else each for key, each in spoiled.items()}
            commands.append(msgspec.structs.replace(envelope(GOOD[which], number, lamport, number), **change))
        body = msgspec.msgpack.encode([7, commands])
        assert _read(going_on, body) == _read(CommandRegistry(OPERATIONS), body)
        try:
            one_by_one = [REGISTRY.decode(each) for each in decode_body(body).commands]
        except Refused:
            assert isinstance(_read(going_on, body), type)
        else:
            found = _read(going_on, body)
            assert isinstance(found, tuple)
            assert found[1] == one_by_one
            assert found[2:4] == (sum(each.CREATES for each in one_by_one), sum(each.price for each in one_by_one))


def test_cmd_3_a_decoder_of_one_kind_is_used_from_the_second_packet_on() -> None:
    registry = CommandRegistry(OPERATIONS)
    body = encode_body(0, [envelope(RENAME, 1, 1, 1), envelope(RENAME, 2, 2, 1)])
    assert [registry.parse(body).is_decoded for _ in range(3)] == [False, True, True]
    mixed = encode_body(0, [envelope(RENAME, 1, 1, 1), envelope(CREATE, 2, 2, 1)])
    assert [registry.parse(each).is_decoded for each in (mixed, body, body)] == [False, False, True]
    with pytest.raises(AssertionError):
        list(registry.parse(body).envelopes())
