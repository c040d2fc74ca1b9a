"""The committed vectors of the codecs, read as another implementation would: spec/vectors/codecs.json."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theta.base.identifiers import name_id
from theta.ecs.evolution import read_descriptor
from tools.codec_vectors import codec_vectors

PATH = Path(__file__).resolve().parents[3] / "spec/vectors/codecs.json"
CASES: list[dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))["columns"]


def test_the_codec_vectors_are_fresh() -> None:
    assert json.loads(json.dumps(codec_vectors()))["columns"] == CASES


@pytest.mark.parametrize("at", range(len(CASES)))
def test_ecs_5_the_vectors_hold(at: int) -> None:
    case = CASES[at]
    field = {"name": "values", "kind": "column", "dtype": case["dtype"], "width": case["width"]}
    field |= {"codec": case["codec"]} if case["codec"] is not None else {}
    told = {"name": "test.Vector", "id": f"{name_id('test.Vector'):016x}", "plane": "state", "fields": [field]}
    (declared,) = read_descriptor(told).fields
    codec = declared.codec
    assert codec is not None
    assert list(codec.groups) == case["groups"]
    assert list(codec.natural_bytes) == case["natural_bytes"]
    rows = np.frombuffer(bytes.fromhex(case["rows"]), case["dtype"]).reshape(-1, case["width"])
    lanes = np.array([[int(lane) for lane in row] for row in case["lanes"]], np.int64)
    assert codec.quantise(rows).tolist() == lanes.tolist()
    assert codec.restore(lanes).tobytes().hex() == case["restored"]
    strange = np.array([[int(lane) for lane in row] for row in case["strange_lanes"]], np.int64)
    assert codec.restore(strange).tobytes().hex() == case["strange_restored"]


def test_ecs_7_a_vector_by_hand() -> None:
    """One case worked out without NumPy, so that the vectors are no echo of the code."""
    (case,) = (each for each in CASES if each["codec"] == {"name": "fixed-point", "step": 0.1, "low": 0.0, "high": 1.0})
    values = struct.unpack("<6f", bytes.fromhex(case["rows"]))
    by_hand = [int((min(max(value, 0.0), 1.0) / 0.1 + 0.5) // 1) for value in values]
    assert [int(lane) for (lane,) in case["lanes"]] == by_hand
    assert struct.unpack("<6f", bytes.fromhex(case["restored"])) == struct.unpack(
        "<6f", struct.pack("<6f", *(lane * 0.1 for lane in by_hand))
    )


def test_ecs_8_a_vector_by_hand() -> None:
    (case,) = (
        each for each in CASES if each["codec"] == {"name": "smallest-three", "bits": 11} and each["dtype"] == "<f8"
    )
    assert case["lanes"][2] == ["0", "-723", "723", "-723"], "(0.5, -0.5, 0.5, -0.5): 0.5 × 1023 / sqrt(0.5) is 723.4"
    x, y, z, w = struct.unpack_from("<4d", bytes.fromhex(case["restored"]), 2 * 32)
    small = 723 * (0.5**0.5 / 1023)
    assert (y, z, w) == pytest.approx((-small, small, -small), abs=1e-12)
    assert x == pytest.approx((1.0 - 3.0 * small * small) ** 0.5, abs=1e-12)
