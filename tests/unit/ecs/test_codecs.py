import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.ecs.parts import Everything, Pose
from theta.base.errors import InvalidValue
from theta.ecs.codecs import Bits, Codec, EntityReference, FixedPoint, Raw, SmallestThree
from theta.ecs.component import component_type
from theta.ecs.declaration import Values
from theta.ecs.fields import Column

METRES = FixedPoint(step=0.004, low=-100.0, high=100.0).bound_to(Column("<f4", 3))
WIDE_LANES = st.integers(-(2**63), 2**63 - 1)


def turned_by(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    """Degrees between rotations."""
    dot = np.abs((one.astype(float) * other.astype(float)).sum(axis=1))
    degrees: NDArray[np.float64] = np.degrees(2.0 * np.arccos(np.minimum(dot, 1.0)))
    return degrees


def test_ecs_6_raw_keeps_every_bit_of_every_dtype() -> None:
    for dtype in ("<f4", "<f8"):
        values = np.array([0.0, -0.0, 1.5, -1e-40, 3.0e38], dtype)
        codec = Raw().bound_to(Column(dtype))
        lanes = codec.quantise(values)
        assert lanes.shape == (5, 1)
        assert lanes.dtype == np.int64
        assert codec.restore(lanes).tobytes() == values.tobytes()
    for dtype in ("<u1", "<u2", "<u4", "<u8", "<i1", "<i2", "<i4", "<i8"):
        limits = np.iinfo(dtype)
        values = np.array([[limits.min, limits.max], [0, 1]], dtype)
        codec = Raw().bound_to(Column(dtype, 2))
        lanes = codec.quantise(values)
        half = 1 << (8 * values.itemsize - 1)
        assert lanes.min() >= -half
        assert lanes.max() < half, "lanes are two's complement of the natural width"
        assert codec.groups == (2,)
        assert codec.natural_bytes == (values.itemsize,)
        assert codec.restore(lanes).tolist() == values.tolist()
    assert Raw().bound_to(Column("<u4")).quantise(np.array([2**32 - 1], "<u4")).tolist() == [[-1]]


def test_ecs_6_raw_restores_only_finite_floats() -> None:
    codec = Raw().bound_to(Column("<f4", 2))
    lanes = codec.quantise(np.array([[np.nan, np.inf], [-np.inf, 2.0]], np.float32))
    assert codec.restore(lanes).tolist() == [[0.0, 0.0], [0.0, 2.0]]


def test_ecs_7_fixed_point_rounds_to_steps_inside_its_bounds() -> None:
    values = np.array([[0.0, 0.0019, 0.0021], [-0.0019, -0.0021, 100.0], [1e9, -np.inf, np.nan]], np.float32)
    lanes = METRES.quantise(values)
    assert lanes.tolist() == [[0, 0, 1], [0, -1, 25_000], [25_000, -25_000, -25_000]]
    assert METRES.groups == (3,)
    assert METRES.natural_bytes == (4,)
    restored = METRES.restore(lanes)
    assert restored.dtype == np.float32
    assert restored[0].tolist() == [0.0, 0.0, float(np.float32(0.004))]
    assert METRES.restore(np.array([[2**31 - 1, -(2**31), 0]])).tolist() == [[100.0, -100.0, 0.0]]


@given(st.lists(st.tuples(*[st.floats(-100.0, 100.0, width=32)] * 3), min_size=1, max_size=20))
def test_ecs_7_fixed_point_is_off_by_half_a_step_at_most(rows: list[tuple[float, float, float]]) -> None:
    values = np.array(rows, np.float32)
    lanes = METRES.quantise(values)
    restored = METRES.restore(lanes)
    assert np.abs(restored.astype(float) - values).max() <= 0.002 + 1e-5
    assert (METRES.quantise(restored) == lanes).all(), "what was restored is quantised to the same"


@pytest.mark.parametrize(("bits", "degrees"), [(8, 1.2), (10, 0.28), (11, 0.14), (16, 0.005)])
def test_ecs_8_smallest_three_keeps_rotations(seed: int, bits: int, degrees: float) -> None:
    rotations = np.random.default_rng(seed).normal(size=(5_000, 4))
    rotations /= np.sqrt((rotations * rotations).sum(axis=1))[:, None]
    rotations[:8] = np.concatenate([np.eye(4), -np.eye(4)])
    rotations[8] = (0.5, -0.5, 0.5, -0.5)
    codec = SmallestThree(bits=bits).bound_to(Column("<f8", 4))
    lanes = codec.quantise(rotations)
    top = 2 ** (bits - 1) - 1
    assert np.abs(lanes[:, 1:]).max() <= top
    assert codec.groups == (1, 3)
    assert codec.natural_bytes == (1, 1 if bits <= 8 else 2)
    restored = codec.restore(lanes)
    assert np.abs((restored * restored).sum(axis=1) - 1.0).max() < 1e-12
    assert turned_by(rotations, restored).max() <= degrees
    largest = np.abs(rotations).argmax(axis=1)
    assert (lanes[:, 0] == largest).all()
    assert (restored[np.arange(len(restored)), largest] >= 0.0).all()
    assert (codec.quantise(-rotations) == lanes).mean() > 0.999, "both signs are one rotation, but for ties in rounding"


def test_ecs_8_smallest_three_of_no_rotation_is_none() -> None:
    codec = SmallestThree().bound_to(Column("<f4", 4))
    bad = [[0.0] * 4, [np.nan, 0.0, 0.0, 1.0], [np.inf, 0.0, 0.0, 1.0], [-0.0] * 4]
    lanes = codec.quantise(np.array(bad, np.float32))
    assert lanes.tolist() == [[3, 0, 0, 0]] * 4
    assert codec.restore(lanes).tolist() == [[0.0, 0.0, 0.0, 1.0]] * 4
    huge = codec.quantise(np.array([[3e38, 3e38, 0.0, 0.0]], np.float32))
    assert turned_by(codec.restore(huge), np.array([[math.sqrt(0.5), math.sqrt(0.5), 0.0, 0.0]]))[0] < 0.14


def test_ecs_9_bits_are_packed_from_the_low_ones() -> None:
    bools = Bits(count=1).bound_to(Column("<u1", 10))
    values = np.array([[1, 0, 0, 0, 0, 0, 0, 1, 1, 0], [0] * 10], np.uint8)
    assert bools.groups == (2,)
    assert bools.natural_bytes == (1,)
    assert bools.quantise(values).tolist() == [[-127, 1], [0, 0]]
    assert bools.restore(bools.quantise(values)).tolist() == values.tolist()
    assert bools.quantise(np.full((1, 10), 2, np.uint8)).tolist() == [[0, 0]], "only the lowest bit counts"
    pairs = Bits(count=2).bound_to(Column("<u1", 3))
    assert pairs.quantise(np.array([[3, 2, 1]], np.uint8)).tolist() == [[0b01_10_11]]
    assert pairs.restore(np.array([[0b01_10_11]])).tolist() == [[3, 2, 1]]
    whole = Bits().bound_to(Column("<u1"))
    assert whole.restore(whole.quantise(np.arange(256, dtype=np.uint8))).tolist() == list(range(256))


def test_ecs_10_an_entity_reference_says_so() -> None:
    codec = EntityReference().bound_to(Column("<u8"))
    assert codec.descriptor() == {"name": "entity"}
    assert codec.restore(codec.quantise(np.array([2**64 - 1], np.uint64))).tolist() == [2**64 - 1]


@pytest.mark.parametrize(
    ("codec", "column"),
    [
        (Raw(), Column("<f4", 3)),
        (Raw(), Column("<f8")),
        (Raw(), Column("<u2", 2)),
        (METRES, Column("<f4", 3)),
        (FixedPoint(step=1e-9, low=0.0, high=1.0), Column("<f8")),
        (SmallestThree(), Column("<f4", 4)),
        (Bits(count=1), Column("<u1", 9)),
        (EntityReference(), Column("<u8")),
    ],
)
@given(data=st.data())
def test_ecs_5_every_lane_restores_to_something_that_the_column_holds(
    codec: Codec, column: Column, data: st.DataObject
) -> None:
    bound = codec.bound_to(column)
    width = sum(bound.groups)
    lanes = np.array(data.draw(st.lists(st.lists(WIDE_LANES, min_size=width, max_size=width), max_size=4)), np.int64)
    restored = bound.restore(lanes.reshape(-1, width))
    assert restored.shape == column.shape(len(lanes))
    assert restored.dtype == column.dtype
    column.check_rows("restored", restored, len(lanes))
    again = bound.quantise(restored)
    assert again.shape == (len(lanes), width)
    for (start, end), size in zip(bounds_of(bound.groups), bound.natural_bytes, strict=True):
        assert (np.abs(again[:, start:end].astype(float)) <= 2.0 ** (8 * size - 1)).all()


def bounds_of(groups: tuple[int, ...]) -> list[tuple[int, int]]:
    ends = np.cumsum(groups).tolist()
    return list(zip([0, *ends[:-1]], ends, strict=True))


def test_ecs_5_a_layout_puts_the_lanes_of_a_component_side_by_side() -> None:
    layout = component_type(Pose).lanes
    assert layout.groups == (3, 1, 3, 1, 1, 1)
    assert layout.natural_bytes == (4, 1, 2, 1, 8, 8)
    assert layout.lane_bytes.tolist() == [4, 4, 4, 1, 2, 2, 2, 1, 8, 8]
    assert layout.lane_count == 10
    assert [name for name, _ in layout.objects] == ["key", "payload"]
    columns: Values = {
        "translation": np.array([[1.0, 2.0, -3.0], [0.0, 0.0, 0.0]], np.float32),
        "rotation": np.array([[0.0, 0.0, 0.0, 1.0]] * 2, np.float32),
        "flags": np.array([255, 1], np.uint8),
        "size": np.array([0.5, -2.0]),
        "target": np.array([1 << 32, 0], np.uint64),
    }
    lanes = layout.quantise(columns, 2)
    assert lanes.shape == (2, 10)
    assert lanes[0, :8].tolist() == [250, 500, -750, 3, 0, 0, 0, -1]
    restored = layout.restore(lanes)
    assert set(restored) == set(columns)
    for name, values in columns.items():
        assert np.allclose(restored[name], values)
        assert restored[name].shape == values.shape
        assert restored[name].dtype == values.dtype
    empty = layout.quantise({name: values[:0] for name, values in columns.items()}, 0)
    assert empty.shape == (0, 10)
    assert layout.restore(empty)["rotation"].shape == (0, 4)
    assert component_type(Everything).lanes.groups == (1, 1, 2, 1)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: FixedPoint(step=0.0, low=0.0, high=1.0), "step"),
        (lambda: FixedPoint(step=float("nan"), low=0.0, high=1.0), "step"),
        (lambda: FixedPoint(step=1.0, low=1.0, high=1.0), "low"),
        (lambda: FixedPoint(step=1.0, low=-float("inf"), high=1.0), "low"),
        (lambda: FixedPoint(step=1e-9, low=0.0, high=100.0), "step"),
        (lambda: FixedPoint(step=1.0, low=0.0, high=1.0).bound_to(Column("<i4")), "codec"),
        (lambda: SmallestThree(bits=1), "bits"),
        (lambda: SmallestThree(bits=17), "bits"),
        (lambda: SmallestThree().bound_to(Column("<f4", 3)), "codec"),
        (lambda: SmallestThree().bound_to(Column("<i4", 4)), "codec"),
        (lambda: Bits(count=3), "count"),
        (lambda: Bits().bound_to(Column("<u2")), "codec"),
        (lambda: EntityReference().bound_to(Column("<u8", 2)), "codec"),
    ],
)
def test_ecs_5_a_codec_that_cannot_be_is_refused(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        make()
    assert caught.value.field == field
