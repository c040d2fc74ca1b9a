"""Capsules in pieces, beside others, and wrong ones."""

import random

import pytest
from aioquic.buffer import encode_uint_var

from theta.adapters.webtransport_capsules import CLOSE_SESSION, CapsuleReader, SessionClosed, close_capsule
from theta.adapters.webtransport_http import from_http_error, to_http_error
from theta.base.errors import ProtocolError

DATA_BLOCKED = 0x190B4D41


def capsule(kind: int, payload: bytes) -> bytes:
    return encode_uint_var(kind) + encode_uint_var(len(payload)) + payload


def test_trn_54_the_end_is_these_bytes() -> None:
    assert close_capsule(4403, "né") == bytes.fromhex("6843 07 00001133 6ec3a9")


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1_000_000])
def test_trn_54_it_is_found_among_others_however_it_is_cut(piece: int) -> None:
    stream = capsule(DATA_BLOCKED, b"\x05") + capsule(0, bytes(100_000)) + close_capsule(4403, "no invite – ask")
    reader = CapsuleReader()
    found: list[SessionClosed] = []
    for at in range(0, len(stream), piece):
        found += reader.feed(stream[at : at + piece])
        assert len(reader._gathered) < 1_100, "what means nothing is not gathered"
    assert found == [SessionClosed(4403, "no invite – ask")]


@pytest.mark.parametrize("size", [0, 3, 4 + 1_025, 2**30])
def test_trn_54_an_end_of_a_wrong_length_is_refused_before_it_is_gathered(size: int) -> None:
    with pytest.raises(ProtocolError, match=str(size)):
        list(CapsuleReader().feed(encode_uint_var(CLOSE_SESSION) + encode_uint_var(size)))


def test_trn_54_a_reason_that_is_no_utf_8_is_still_a_reason() -> None:
    assert list(CapsuleReader().feed(capsule(CLOSE_SESSION, bytes(4) + b"\xffx"))) == [SessionClosed(0, "\ufffdx")]


def test_trn_54_close_codes_and_http_error_codes_are_each_others() -> None:
    assert to_http_error(0) == 0x52E4A40FA8DB
    assert to_http_error(0xFFFFFFFF) == 0x52E5AC983162, "draft-ietf-webtrans-http3, 4.4"
    source = random.Random(7)
    for code in [0, 29, 30, 31, 1000, 4403, 2**32 - 1, *(source.randrange(2**32) for _ in range(1_000))]:
        assert from_http_error(to_http_error(code)) == code


@pytest.mark.parametrize("error_code", [0, 0x100, 0x10C, 0x52E4A40FA8DA, 0x52E5AC983163, 2**62 - 1])
def test_trn_54_http_s_own_error_codes_say_nothing(error_code: int) -> None:
    assert from_http_error(error_code) is None


def test_trn_54_no_close_code_is_one_of_those_that_http_keeps_free() -> None:
    free = {code for code in map(to_http_error, range(10_000)) if (code - 0x21) % 0x1F == 0}
    assert not free
