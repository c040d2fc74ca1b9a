"""A peer's sections in as few bodies as hold them (REP-10, REP-19)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import STATE_BODY_BYTES_MAX
from theta.replication.sections import Sections


class Body(NamedTuple):
    """What one message carries.

    Attributes:
        data: sections, one after the other.
        pairs: which of the encoded pairs they are, (sections,).
        is_large: it goes as a StateSection; it is over STATE_BODY_BYTES_MAX.
    """

    data: bytes
    pairs: NDArray[np.int64]
    is_large: bool


def pack(sections: Sections, chosen: NDArray[np.int64]) -> list[Body]:
    """The chosen sections in bodies, in their order; those without bytes are left out.

    Args:
        sections: of a tick, for all peers.
        chosen: the pairs that this peer is sent, most important first, (n,).
    """
    starts, ends = sections.ends[chosen], sections.ends[chosen + 1]
    some = (ends > starts).nonzero()[0]
    chosen, starts, ends = chosen[some], starts[some], ends[some]
    sizes = ends - starts
    body = sections.body
    pieces = [body[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    before = np.concatenate([_ZERO, sizes.cumsum()])
    found = []
    first, count = 0, len(pieces)
    while first < count:
        last = int(before.searchsorted(before[first] + STATE_BODY_BYTES_MAX, "right")) - 1
        is_large = last == first
        last += is_large
        data = pieces[first] if last == first + 1 else b"".join(pieces[first:last])
        found.append(Body(data, chosen[first:last], is_large))
        first = last
    return found


_ZERO = np.zeros(1, np.int64)
