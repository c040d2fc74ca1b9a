"""Invites, heartbeats, colours and plain text."""

import base64

import pytest

from theta.base.errors import InvalidValue, NotInvited, ProtocolError
from theta.base.identifiers import blake2b_128, keyed_blake2b_128
from theta.base.limits import HEARTBEATS_COUNTED_MAX, HEARTBEATS_MISSED_MAX
from theta.base.moment import Moment
from theta.session.colours import PALETTE, colour_for
from theta.session.heartbeat import Heartbeat, answer, check_heartbeat
from theta.session.invites import (
    Invite,
    code_in_groups,
    is_code_of,
    make_code,
    make_invite,
    read_code,
    read_invite,
    role_of_invite,
    room_of_invite,
)
from theta.session.plain_text import is_plain_text
from theta.session.secret import RoomSecret
from theta.wire.messages import Ping, Pong
from theta.wire.types import RoleName

SECRET = RoomSecret(b"s" * 32)
ROLES: tuple[RoleName, ...] = ("viewer", "editor", "admin")


@pytest.mark.parametrize("role", ROLES)
def test_ses_7_an_invite_is_version_role_mac_and_room(role: RoleName) -> None:
    token = make_invite(SECRET, role)
    assert len(token) == 46
    assert role_of_invite(SECRET, token) == role
    assert room_of_invite(token) == SECRET.room
    raw = base64.urlsafe_b64decode(token + "==")
    assert raw[:2] == bytes((2, ROLES.index(role)))
    assert raw[2:18] == SECRET.token("theta-invite", raw[:2])
    assert raw[2:18] == keyed_blake2b_128(SECRET._token_key, "theta-invite", raw[:2])
    assert raw[18:] == SECRET.room == blake2b_128("theta-room", SECRET.identity.public_key)


def test_ses_7_no_other_token_opens_the_door() -> None:
    token = make_invite(SECRET, "editor")
    raw = base64.urlsafe_b64decode(token + "==")
    flips = [bytes((*raw[:at], raw[at] ^ 1, *raw[at + 1 :])) for at in range(len(raw))]
    contents = [bytes(each) for each in ((1, 1), (3, 1), (4, 1, *bytes(8)), (2, 3), (3, 3, *bytes(8)), (2,), ())]
    unknown = [content + SECRET.token("theta-invite", content) + SECRET.room for content in contents]
    first_version = bytes((1, 1)) + SECRET.token("theta-invite", bytes((1, 1)))
    encoded = [base64.urlsafe_b64encode(each).decode().rstrip("=") for each in (*flips, *unknown, first_version)]
    for bad in (
        *encoded,
        "",
        "é",
        "A",
        "AAAAA",
        token[:-2],
        token + "==",
        f" {token}",
        token + token,
        "A" * 10_000,
        make_invite(RoomSecret(b"t" * 32), "admin"),
    ):
        with pytest.raises(NotInvited):
            role_of_invite(SECRET, bad)


@pytest.mark.parametrize("role", ROLES)
def test_ses_7_an_invite_may_end(role: RoleName) -> None:
    token = make_invite(SECRET, role, 1_700_000_000_000)
    assert len(token) == 56
    assert read_invite(token) == Invite(role, 1_700_000_000_000, SECRET.room)
    assert role_of_invite(SECRET, token, 1_699_999_999_999) == role
    for over in (1_700_000_000_000, 1_800_000_000_000, None):
        with pytest.raises(NotInvited, match="is over"):
            role_of_invite(SECRET, token, over)
    raw = base64.urlsafe_b64decode(token)
    content = bytes((3, ROLES.index(role))) + (1_700_000_000_000).to_bytes(8, "little")
    assert raw == content + SECRET.token("theta-invite", content) + SECRET.room


def test_ses_7_an_end_cannot_be_moved() -> None:
    raw = base64.urlsafe_b64decode(make_invite(SECRET, "viewer", 1_000))
    for at in range(len(raw)):
        flipped = bytes((*raw[:at], raw[at] ^ 1, *raw[at + 1 :]))
        with pytest.raises(NotInvited):
            role_of_invite(SECRET, base64.urlsafe_b64encode(flipped).decode().rstrip("="), 500)


def test_ses_7_an_invite_that_lasts_says_so() -> None:
    token = make_invite(SECRET, "editor")
    assert read_invite(token) == Invite("editor", 0, SECRET.room)
    assert role_of_invite(SECRET, token, 1 << 62) == role_of_invite(SECRET, token) == "editor"


@pytest.mark.parametrize("role", ROLES)
def test_ses_7_only_a_whole_invite_names_a_room(role: RoleName) -> None:
    ending = make_invite(SECRET, role, 1_000)
    assert room_of_invite(ending) == SECRET.room
    for bad in (ending[:-1], ending + "A", ending[:46], ending[:-4]):
        assert room_of_invite(bad) is None
        assert read_invite(bad) is None
    token = make_invite(SECRET, "viewer")
    for bad in ("", "é", token[:-1], token + "A", token + "==", "A" * 46, make_code(SECRET)):
        assert room_of_invite(bad) is None


def test_ses_12_a_code_is_forty_bits_of_the_rooms_mac_in_crockfords_digits() -> None:
    code = make_code(SECRET)
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number = 0
    for digit in code:
        number = number * 32 + digits.index(digit)
    assert len(code) == 8
    assert number.to_bytes(5, "big") == keyed_blake2b_128(SECRET._token_key, "theta-code", bytes((1,)))[:5]
    assert code_in_groups(code) == f"{code[:4]}-{code[4:]}"
    assert make_code(RoomSecret(b"t" * 32)) != code


def test_ses_12_a_code_may_be_typed_as_people_type() -> None:
    code = make_code(SECRET)
    for typed in (code, code.lower(), code_in_groups(code), f" {code[:4]} {code[4:]}\n", "-".join(code)):
        assert is_code_of(SECRET, typed)
    assert read_code("o0il-1LOI") == "00111101"
    for bad in ("", code[:-1], code + "0", code[:-1] + "U", code[:-1] + "é", "0" * 8, code[::-1], code + "\0"):
        assert not is_code_of(SECRET, bad)


def test_ses_8_people_have_different_colours_as_long_as_there_are_enough() -> None:
    taken: list[int] = []
    for _ in PALETTE:
        taken.append(colour_for(bytes(32), taken))
    assert sorted(taken) == sorted(PALETTE)
    assert colour_for(bytes(32), taken) == taken[0]
    assert colour_for(bytes((1,)) + bytes(31), []) == PALETTE[1]


def _at(seconds: float, unix_ms: int = 0) -> Moment:
    return Moment(seconds, unix_ms or 1_000_000 + round(seconds * 1000))


def test_ses_9_a_heartbeat_measures_round_trip_jitter_and_clock_offset() -> None:
    heart = Heartbeat(_at(0.0))
    assert heart.clock_offset_ms == 0.0
    rtts = []
    for at, trip in ((0.0, 0.100), (2.0, 0.180), (4.0, 0.020)):
        ping = heart.poll_ping(_at(at))
        assert ping is not None
        received = _at(at + trip)
        heart.handle_pong(received, Pong(ping.number, ping.sent_ms, ping.sent_ms + trip * 500.0 + 5_000.0))
        rtts.append(heart.rtt_seconds)
    assert rtts == [pytest.approx(0.1), pytest.approx(0.11), pytest.approx(0.09875)]
    assert heart.jitter_seconds == pytest.approx(0.08 / 16 + (0.09 - 0.08 / 16) / 16)
    assert heart.clock_offset_ms == pytest.approx(5_000.0)
    assert answer(_at(1.0), Ping(7, 3.5)) == Pong(7, 3.5, 1_001_000.0)


def test_ses_9_pings_go_out_every_two_seconds() -> None:
    heart = Heartbeat(_at(0.0))
    assert heart.timeout == 0.0
    assert heart.poll_ping(_at(0.0)) == Ping(1, 1_000_000.0)
    assert heart.poll_ping(_at(1.99)) is None
    assert heart.timeout == 2.0
    assert heart.poll_ping(_at(2.0)) == Ping(2, 1_002_000.0)


def test_ses_9_silence_for_three_intervals_is_death_and_any_sign_is_life() -> None:
    heart = Heartbeat(_at(0.0))
    assert not heart.is_dead(_at(5.99))
    assert heart.is_dead(_at(6.0))
    heart.handle_heard(_at(5.0))
    assert not heart.is_dead(_at(10.99))
    assert heart.is_dead(_at(11.0))


def test_ses_17_a_heartbeat_counts_the_share_of_pings_that_were_not_answered_in_time() -> None:
    heart = Heartbeat(_at(0.0), 0.5)
    assert tuple(heart.quality) == (None, 0.0, 0.0, 0.0, 0.5, None)
    for number in range(7):
        ping = heart.poll_ping(_at(number * 0.5))
        assert ping is not None
        if number % 4:
            heart.handle_pong(_at(number * 0.5 + 0.1), Pong(ping.number, ping.sent_ms, ping.sent_ms))
    # Of seven pings five were answered; of the two others one is three intervals old by now.
    assert heart.quality.loss == pytest.approx(1 / 6)
    for number in range(7, 7 + HEARTBEATS_COUNTED_MAX + HEARTBEATS_MISSED_MAX):
        heart.poll_ping(_at(number * 0.5))
    assert heart.quality.loss == 1.0


def test_ses_17_from_the_agreement_on_the_agreed_interval_counts() -> None:
    heart = Heartbeat(_at(0.0))
    heart.poll_ping(_at(0.0))
    heart.agree(_at(0.1), 0.5)
    assert heart.timeout == pytest.approx(0.6)
    assert heart.poll_ping(_at(0.6)) is not None
    assert not heart.is_dead(_at(1.59))
    assert heart.is_dead(_at(1.6))
    heart.agree(_at(0.1), 4.0)
    assert heart.poll_ping(_at(1.1)) is not None
    assert not heart.is_dead(_at(11.9))


def test_a_burst_on_a_long_way_measures_with_every_answer() -> None:
    """Six pings are under way at once, and nobody has lost any."""
    heart = Heartbeat(_at(0.0), 0.045, awaited=40)
    pings = [heart.poll_ping(_at(number * 0.05)) for number in range(40)]
    for number, ping in enumerate(pings):
        assert ping is not None
        heart.handle_pong(_at(number * 0.05 + (0.3 if number % 2 else 0.34)), Pong(ping.number, ping.sent_ms, 0.0))
    assert heart.quality.loss == 0.0
    assert heart.rtt_seconds == pytest.approx(0.32, abs=0.02)
    assert heart.jitter_seconds > 0.01


@pytest.mark.parametrize("seconds", [0.0, 0.2499, 4.001, float("nan"), float("inf"), -1.0])
def test_ses_17_an_interval_has_limits(seconds: float) -> None:
    with pytest.raises(InvalidValue, match=r"heartbeat_seconds.*0\.25 to 4 s"):
        check_heartbeat(seconds)


def test_ses_9_an_answer_to_nothing_is_ignored_and_a_clock_that_is_none_refused() -> None:
    heart = Heartbeat(_at(0.0))
    heart.handle_pong(_at(1.0), Pong(1, 0.0, 0.0))
    assert heart.rtt_seconds is None
    for number in range(10):
        heart.poll_ping(_at(number * 2.0))
    heart.handle_pong(_at(20.0), Pong(1, 0.0, 0.0))
    assert heart.rtt_seconds is None
    for clock in (float("nan"), float("inf")):
        with pytest.raises(ProtocolError, match="finite"):
            heart.handle_pong(_at(20.0), Pong(10, 0.0, clock))


@pytest.mark.parametrize("text", ["Ada", "مرد\u200cی", "👩\u200d👩\u200d👧", "a b", "é", "日本", "-"])
def test_ses_6_text_that_shows_as_itself_is_plain(text: str) -> None:
    assert is_plain_text(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u00a0", "a\0", "a\n", "\x1b[0m", "\x7f", "\x9b", "a\u2028b", "\u202eabc", "\u2066abc", "\ufeffa"],
)
def test_ses_6_controls_and_turns_of_direction_are_not_plain(text: str) -> None:
    assert not is_plain_text(text)
