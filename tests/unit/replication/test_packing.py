"""Sections in bodies."""

import numpy as np

from theta.base.limits import STATE_BODY_BYTES_MAX
from theta.replication.packing import pack
from theta.replication.section_parts import Sections


def sections_of(*sizes: int) -> Sections:
    body = b"".join(bytes([at]) * size for at, size in enumerate(sizes))
    return Sections(body, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


def test_rep_10_sections_are_packed_in_order_and_none_is_cut() -> None:
    sections = sections_of(600, 0, 500, 26, 1_127, 3)
    bodies = pack(sections, np.array([3, 0, 1, 2, 4, 5]))
    assert [(body.pairs.tolist(), body.is_large) for body in bodies] == [
        ([3, 0, 2], False),
        ([4], True),
        ([5], False),
    ]
    assert bodies[0].data == b"\3" * 26 + b"\0" * 600 + b"\2" * 500
    assert len(bodies[0].data) == STATE_BODY_BYTES_MAX
    assert bodies[1].data == b"\4" * 1_127
    assert pack(sections, np.zeros(0, np.int64)) == []
    assert pack(sections, np.array([1])) == []
