import inspect

from theta.base import errors
from theta.base.errors import (
    InvalidValue,
    PeerError,
    StoreCorrupt,
    StoreError,
    UndoConflict,
    UnknownElement,
    UsageError,
)

CLOSE_CODES = {
    "PeerError": 4400,
    "ProtocolError": 4400,
    "FrameTooLarge": 4413,
    "ProtocolMismatch": 4426,
    "HandshakeTimeout": 4408,
    "BadNonce": 4400,
    "BadProof": 4401,
    "WrongRoom": 4421,
    "NotInvited": 4403,
    "RoomFull": 4409,
    "SessionReplaced": 4410,
    "PeerTimeout": 4504,
    "PeerTooSlow": 4429,
    "PeerTooFast": 4429,
    "SignalingFailed": 4502,
    "IceFailed": 4503,
    "IceGatheringTimeout": 4505,
}


def _kinds(base: type[Exception]) -> list[type[Exception]]:
    return [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, base)]


def test_every_peer_error_has_its_close_code() -> None:
    assert {each.__name__: each.__dict__.get("close_code", 4400) for each in _kinds(PeerError)} == CLOSE_CODES


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = {
        word for line in (errors.__doc__ or "").splitlines() if "─" in line for word in [line.split("─ ")[1].split()[0]]
    }
    named = {each.__name__ for each in _kinds(errors.ThetaError)} - {"ThetaError"}
    assert named == drawn - {"Refused"}


def test_an_error_has_one_fault() -> None:
    for each in _kinds(errors.ThetaError):
        if each is not errors.ThetaError:
            assert sum(issubclass(each, base) for base in (PeerError, UsageError, StoreError)) == 1


def test_errors_say_what_is_wrong() -> None:
    error = InvalidValue("size", -1.0, "between 0 and 1")
    assert (str(error), error.code) == ("size is -1.0, but must be between 0 and 1", "InvalidValue")
    assert (error.field, error.limit) == ("size", "between 0 and 1")
    assert len(str(InvalidValue("name", "x" * 1000, "short"))) < 100
    unknown = UnknownElement("face", b"\xab" * 2)
    assert (str(unknown), unknown.kind, unknown.identifier) == ("there is no face abab here", "face", b"\xab\xab")
    conflict = UndoConflict(["Ben (paint)", "Eve (rename)"])
    assert str(conflict) == "others built on it: Ben (paint), Eve (rename)"
    assert conflict.dependants == ("Ben (paint)", "Eve (rename)")
    corrupt = StoreCorrupt(7, "torn")
    assert (str(corrupt), corrupt.seq, corrupt.reason) == ("record 7: torn", 7, "torn")
