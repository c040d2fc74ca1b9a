import msgspec
import pytest

from tests.unit.commands.rooms import RENAME, envelope
from theta.commands.refusals import BadPayload, UnknownCommand
from theta.commands.registry import CommandRegistry, encode_payload
from theta.editor.vocabulary import OPERATIONS, Rename

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
