"""Two sides that do not speak the same protocol (SES-16)."""

from importlib.metadata import version

import msgspec
import pytest

from theta.base.errors import ProtocolMismatch
from theta.base.limits import CLOSE_REASON_BYTES_MAX
from theta.base.version import VERSION
from theta.node.outbound import close_reason
from theta.node.protocol import protocol
from theta.session.upgrading import PACKAGE, Protocol, check_protocol
from theta.wire.codec import encode, read_opening
from theta.wire.messages import Ping, SessionHello

OURS = Protocol(3, b"h" * 16, "1.10.2")
YOURS = "is older than the room's: install theta-engine 1.10.2, or reload the page"
ROOMS = "the room's Theta 1.10.2 is older than yours {}: upgrade theta-engine where the room runs"
SAME = "two builds of Theta 1.10.2 differ: install the room's here, or reload the page"


@pytest.mark.parametrize(
    ("version", "software", "advice"),
    [
        (2, "1.9.9", f"your Theta 1.9.9 {YOURS}"),
        (2, "9.0.0", f"your Theta 9.0.0 {YOURS}"),
        (4, "2.0", ROOMS.format("2.0")),
        (3, "1.9.9", f"your Theta 1.9.9 {YOURS}"),
        (3, "1.11.0", ROOMS.format("1.11.0")),
        (3, "1.10.2", SAME),
        (3, "", f"your Theta {YOURS}"),
        (3, "1.0\x1b[2J", f"your Theta {YOURS}"),
        (4, "latest", "the room's Theta 1.10.2 is older than yours: upgrade theta-engine where the room runs"),
    ],
)
def test_ses_16_it_is_said_who_is_older_and_what_to_install_where(version: int, software: str, advice: str) -> None:
    with pytest.raises(ProtocolMismatch) as refused:
        check_protocol(version, b"x" * 16, software, OURS)
    assert str(refused.value) == advice
    assert close_reason(refused.value) == f"ProtocolMismatch: {advice}"
    assert len(close_reason(refused.value).encode()) < CLOSE_REASON_BYTES_MAX


def test_ses_16_the_same_protocol_is_the_same_whatever_the_version_of_theta() -> None:
    check_protocol(3, b"h" * 16, "0.1", OURS)


def test_ses_16_the_longest_versions_fit_into_a_close_frame() -> None:
    long = Protocol(3, b"h" * 16, "99.999.9999")
    with pytest.raises(ProtocolMismatch) as refused:
        check_protocol(3, b"x" * 16, "99.999.9998", long)
    assert close_reason(refused.value).endswith("or reload the page")


def test_ses_16_the_hello_of_another_protocol_begins_with_its_version_and_hash() -> None:
    tag = SessionHello.__struct_config__.tag
    ours = SessionHello(1, bytes(16), bytes(32), bytes(32), bytes(16), "Ada", ["fold"], b"", b"", 0, 0, "1.0")
    assert read_opening(encode(ours)) == (1, bytes(16))
    assert read_opening(msgspec.msgpack.encode([tag, 9, b"x" * 16, {"what": [1, 2]}, None])) == (9, b"x" * 16)
    for other in (
        [tag],
        [tag, 9],
        [tag, -1, b"x" * 16],
        [tag, 9, b"short"],
        [tag, "9", b"x" * 16],
        [7, 9, b"x" * 16],
        5,
    ):
        assert read_opening(msgspec.msgpack.encode(other)) is None
    assert read_opening(encode(Ping(1, 0.0))) is None
    assert read_opening(b"\xc1") is None
    assert read_opening(bytes(200_000)) is None


def test_ses_16_what_is_said_is_the_version_that_is_installed() -> None:
    assert protocol().software == VERSION == version(PACKAGE)
