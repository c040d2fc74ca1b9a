"""Bodies in fewer bits, and back."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.base.errors import ProtocolError
from theta.base.limits import STATE_BODY_BYTES_MAX
from theta.replication.body_code import code_bodies, restore_body

SMALL = st.sampled_from([0, 1, 2, 3, 254, 255])
BODIES = st.lists(st.binary(max_size=40) | st.lists(SMALL, max_size=300).map(bytes), max_size=12)


def bits(text: str) -> bytes:
    """Bits, filled up with ones."""
    whole = text.replace(" ", "")
    whole += "1" * (-len(whole) % 8)
    return bytes(int(whole[at : at + 8], 2) for at in range(0, len(whole), 8))


@given(BODIES)
def test_rep_30_what_is_coded_is_shorter_and_comes_back(bodies: list[bytes]) -> None:
    codes = code_bodies(bodies)
    assert len(codes) == len(bodies)
    for body, code in zip(bodies, codes, strict=True):
        if code is not None:
            assert len(code) < len(body)
            assert restore_body(code) == body


@given(BODIES)
def test_rep_30_a_body_has_the_same_code_whatever_is_beside_it(bodies: list[bytes]) -> None:
    alone = [code_bodies([body])[0] for body in bodies]
    for code, other in zip(code_bodies(bodies), alone, strict=True):
        # Whether it is worth it is found out for all of them together.
        assert code is None or other is None or code == other


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (0, "000"),
        (1, "001 1"),
        (-1, "001 0"),
        (2, "010 10"),
        (-3, "010 00"),
        (-2, "010 01"),
        (100, "111 1100100"),
        (-126, "111 0000001"),
        (127, "111 1111111"),
        (-127, "111 0000000 0"),
        (-128, "111 0000000 1"),
    ],
)
def test_rep_30_a_number_is_its_size_and_its_bits(number: int, code: str) -> None:
    # Zeros around it make the whole shorter.
    (found,) = code_bodies([bytes(40) + bytes([number & 0xFF]) + bytes(40)])
    assert found == bits("000" * 40 + code + "000" * 40)
    assert restore_body(bits(code)) == bytes([number & 0xFF])


def test_rep_30_every_byte_after_every_other_comes_back() -> None:
    drawn = random.Random(20260817)
    for first in range(256):
        body = bytes([first, *(drawn.randrange(256) for _ in range(3)), *bytes(60)])
        for cut in (len(body), len(body) - 1):
            (code,) = code_bodies([body[:cut]])
            assert code is not None
            assert restore_body(code) == body[:cut]


def test_rep_30_what_would_get_longer_is_left_as_it_is() -> None:
    drawn = random.Random(20260817)
    noise = drawn.randbytes(STATE_BODY_BYTES_MAX)
    assert code_bodies([noise] * 3) == [None] * 3
    assert code_bodies([b"", bytes(30), b""])[::2] == [None, None]
    assert code_bodies([]) == []
    mixed = code_bodies([bytes(200), b"\x40\x41\x42", bytes(200)])
    assert [code is None for code in mixed] == [False, True, False]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("02", id="zeros behind the last number"),
        pytest.param("f0", id="bits of a number, and then nothing"),
        pytest.param("ff", id="a whole byte of ones"),
        pytest.param("fffc", id="a number, and then a bit that is not one"),
    ],
)
def test_rep_30_after_the_last_number_there_are_fewer_than_eight_ones(end: str) -> None:
    whole = bits("000" * 8)
    assert restore_body(whole) == bytes(8)
    with pytest.raises(ProtocolError, match="ends within a number"):
        restore_body(whole + bytes.fromhex(end))


def test_rep_30_a_code_holds_no_more_than_a_body() -> None:
    full = bytes(STATE_BODY_BYTES_MAX)
    assert restore_body(bits("000" * len(full))) == full
    with pytest.raises(ProtocolError, match=f"at most {STATE_BODY_BYTES_MAX}"):
        restore_body(bits("000" * (len(full) + 1)))
    with pytest.raises(ProtocolError, match=f"at most {STATE_BODY_BYTES_MAX}"):
        restore_body(bytes(3 * (STATE_BODY_BYTES_MAX // 3)))


@given(st.binary(max_size=80))
def test_rep_30_any_bytes_are_a_body_or_a_typed_error(data: bytes) -> None:
    try:
        body = restore_body(data)
    except ProtocolError:
        return
    (code,) = code_bodies([body])
    assert code is None or code == data, "a body has one code"
