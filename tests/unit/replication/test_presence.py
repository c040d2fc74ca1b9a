"""Presence rows and the board that keeps the latest."""

import struct
from collections.abc import Callable
from dataclasses import replace
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theta.base.errors import InvalidValue, ProtocolError
from theta.base.limits import DATAGRAM_BYTES_MAX, PRESENCE_TIMEOUT_SECONDS
from theta.replication.presence import (
    HEAD_VALID,
    LEFT_VALID,
    PRESENCE_BYTES,
    RAY_VALID,
    RIGHT_VALID,
    Presence,
    PresenceBoard,
    PresenceRow,
    check_presence,
    decode_presence,
    decode_rows,
    encode_presence,
    read_row,
    read_rows,
)
from theta.wire.codec import encode
from theta.wire.messages import PresenceBatch

ROW = Presence(
    7, 1, HEAD_VALID | RAY_VALID | LEFT_VALID | RIGHT_VALID, 3, 2, 2, (1.0, 2.0, 3.0), (0.0, 0.0, 0.0, 1.0),
    (4.0, 5.0, 6.0), (0.0, 0.0, -1.0), b"e" * 16, b"f" * 16, (7.0, 8.0, 9.0), (0.0, 1.0, 0.0, 0.0),
    (-1.0, 8.5, 9.5), (1.0, 0.0, 0.0, 0.0), (0.5, 0.25, 0.125), (0.0, 0.0, 1.0, 0.0),
)  # fmt: skip


def test_rep_1_a_row_is_184_bytes_in_this_order() -> None:
    head, hands_and_drag = (1, 2, 3, 0, 0, 0, 1), (7, 8, 9, 0, 1, 0, 0, -1, 8.5, 9.5, 1, 0, 0, 0, 0.5, 0.25, 0.125)
    packed = struct.pack("<QIBBBB13f16s16s", 7, 1, 15, 3, 2, 2, *head, 4, 5, 6, 0, 0, -1, b"e" * 16, b"f" * 16)
    packed += struct.pack("<21f", *hands_and_drag, 0, 0, 1, 0)
    assert encode_presence(ROW) == packed
    assert len(packed) == PRESENCE_BYTES == 184
    assert decode_presence(packed) == ROW
    assert list(decode_rows(packed * 3)) == [ROW] * 3
    assert list(decode_rows(b"")) == []


def test_rep_1_bad_rows_are_refused() -> None:
    good = encode_presence(ROW)
    for at, value in ((16, float("nan")), (28, float("inf")), (64, float("-inf"))):
        with pytest.raises(ProtocolError, match="presence"):
            decode_presence(good[:at] + struct.pack("<f", value) + good[at + 4 :])
    for at, value in ((13, 6), (14, 4), (15, 4)):
        with pytest.raises(ProtocolError, match="presence"):
            decode_presence(good[:at] + bytes((value,)) + good[at + 1 :])
    for length in (0, 183, 185):
        with pytest.raises(ProtocolError, match="184 bytes"):
            decode_presence(bytes(length))
    with pytest.raises(ProtocolError, match="184 bytes each"):
        list(decode_rows(bytes(150)))
    for field, row in (
        ("tool", replace(ROW, tool=6)),
        ("selection", replace(ROW, selection=4)),
        ("drag", replace(ROW, drag=4)),
    ):
        with pytest.raises(InvalidValue, match=field):
            check_presence(row)
    with pytest.raises(InvalidValue, match="flags"):
        check_presence(replace(ROW, flags=256))


@given(st.binary(min_size=0, max_size=400))
def test_rep_1_any_bytes_are_rows_or_a_protocol_error(data: bytes) -> None:
    try:
        rows = list(decode_rows(data))
    except ProtocolError:
        return
    assert len(rows) * PRESENCE_BYTES == len(data)


def _row(row: Presence) -> PresenceRow:
    return read_row(encode_presence(row))


def test_rep_1_a_row_is_read_without_decoding_it() -> None:
    data = encode_presence(ROW)
    assert read_row(data) == PresenceRow(data, 7, 1, ROW.flags, (1.0, 2.0, 3.0))
    assert list(read_rows(data * 2)) == [read_row(data)] * 2
    for flags, place in (
        (RAY_VALID | LEFT_VALID | RIGHT_VALID, ROW.ray_origin),
        (LEFT_VALID | RIGHT_VALID, ROW.left_position),
        (RIGHT_VALID, ROW.right_position),
        (0, None),
    ):
        assert _row(replace(ROW, flags=flags)).place == place
    same = replace(ROW, sequence=2, head_position=(9.0, 9.0, 9.0), drag_position=(1.0, 1.0, 1.0))
    assert _row(same).doing == _row(ROW).doing
    for other in (
        replace(ROW, flags=1),
        replace(ROW, tool=1),
        replace(ROW, selection=1),
        replace(ROW, drag=0),
        replace(ROW, selected_entity=b"g" * 16),
        replace(ROW, selected_element=b"g" * 16),
    ):
        assert _row(other).doing != _row(ROW).doing


@given(st.binary(min_size=PRESENCE_BYTES, max_size=PRESENCE_BYTES) | st.binary(max_size=2 * PRESENCE_BYTES))
def test_rep_1_reading_and_decoding_take_and_refuse_the_same(data: bytes) -> None:
    def refused(read: Callable[[bytes], object]) -> str | None:
        try:
            read(data)
        except ProtocolError as error:
            return str(error)
        return None

    assert refused(read_row) == refused(decode_presence)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 3.4028234663852886e38, -1e-45])
def test_rep_1_every_number_is_finite_or_the_row_is_refused(value: float) -> None:
    for at in [*range(16, 68, 4), *range(100, PRESENCE_BYTES, 4)]:
        data = bytearray(encode_presence(ROW))
        data[at : at + 4] = struct.pack("<f", value)
        if isfinite(value):
            assert read_row(bytes(data)).data == data
        else:
            with pytest.raises(ProtocolError, match="presence"):
                read_row(bytes(data))


def test_wire_4_six_presence_rows_fit_in_a_datagram() -> None:
    assert len(encode(PresenceBatch(bytes(PRESENCE_BYTES * 6)))) <= min(DATAGRAM_BYTES_MAX, 1150)


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        (1, 2, True),
        (2, 1, False),
        (2, 2, False),
        (0xFFFF_FFFF, 0, True),
        (0, 0xFFFF_FFFF, False),
        (0, 0x7FFF_FFFF, True),
        (0, 0x8000_0000, False),
    ],
)
def test_rep_2_newer_is_by_serial_numbers(before: int, after: int, taken: bool) -> None:
    board = PresenceBoard()
    assert board.handle_row(0.0, _row(replace(ROW, sequence=before)))
    assert board.handle_row(0.0, _row(replace(ROW, sequence=after, tool=0))) is taken
    row = board.row(7)
    assert row is not None
    assert row.sequence == (after if taken else before)


@given(st.permutations(range(1, 9)))
def test_rep_2_whatever_the_order_the_latest_stays(order: list[int]) -> None:
    board = PresenceBoard()
    for sequence in order:
        board.handle_row(0.0, _row(replace(ROW, sequence=sequence)))
    assert [row.sequence for row in board.rows()] == [8]


def test_rep_3_what_changed_since_the_last_time_is_told_once() -> None:
    board = PresenceBoard()
    assert board.poll_changed() == []
    board.handle_row(0.0, _row(ROW))
    board.handle_row(0.0, _row(replace(ROW, actor=8)))
    assert [row.actor for row in board.poll_changed()] == [7, 8]
    assert board.poll_changed() == []
    board.handle_row(0.0, _row(replace(ROW, sequence=2)))
    board.handle_row(0.0, _row(replace(ROW, sequence=3)))
    assert [(row.actor, row.sequence) for row in board.poll_changed()] == [(7, 3)]
    assert [row.data for row in board.rows()] == [
        encode_presence(replace(ROW, sequence=3)),
        encode_presence(replace(ROW, actor=8)),
    ]


def test_rep_4_the_silent_are_hidden_once_with_a_number_of_their_own() -> None:
    board = PresenceBoard()
    board.handle_row(1.0, _row(ROW))
    board.handle_row(5.0, _row(replace(ROW, actor=8)))
    assert board.timeout == 1.0 + PRESENCE_TIMEOUT_SECONDS
    assert board.hide_silent(10.99) == []
    assert board.hide_silent(11.0) == [7]
    hidden = board.row(7)
    assert hidden is not None
    assert (hidden.flags, hidden.selection, hidden.sequence) == (0, 0, 2)
    assert board.timeout == 5.0 + PRESENCE_TIMEOUT_SECONDS
    assert board.hide_silent(12.0) == []
    board.handle_row(13.0, _row(replace(ROW, sequence=9)))
    assert board.row(7) == replace(ROW, sequence=9)


def test_rep_4_nobody_who_shows_nothing_is_waited_for() -> None:
    board = PresenceBoard()
    board.handle_row(0.0, _row(ROW))
    board.handle_row(0.0, _row(replace(ROW, sequence=2, flags=0)))
    assert board.timeout is None


def test_rep_4_whoever_leaves_is_forgotten() -> None:
    board = PresenceBoard()
    board.handle_row(0.0, _row(ROW))
    board.remove(7)
    board.remove(7)
    assert board.row(7) is None
    assert board.timeout is None
    assert board.handle_row(0.0, _row(replace(ROW, sequence=1)))
