"""A peer's sections in as few bodies as hold them (REP-10, REP-19)."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import STATE_BODY_BYTES_MAX
from theta.replication.section_parts import Sections


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
    some = ends > starts
    if np.count_nonzero(some) < len(some):
        chosen, starts, ends = chosen[some], starts[some], ends[some]
    body, froms, tos = sections.body, starts.tolist(), ends.tolist()
    if not froms:
        return []
    if froms[1:] == tos[:-1]:
        before = [*froms, tos[-1]]
        cuts = runs(before, 0, len(froms))
        return [Body(body[before[first] : before[last]], chosen[first:last], large) for first, last, large in cuts]
    cuts = runs([0, *(ends - starts).cumsum().tolist()], 0, len(froms))
    pieces = [body[start:end] for start, end in zip(froms, tos, strict=True)]
    return [Body(b"".join(pieces[first:last]), chosen[first:last], large) for first, last, large in cuts]


def runs(before: Sequence[int], start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Which sections share a body: the first, the one after the last, and whether it is one that no datagram holds.

    Args:
        before: where each section begins, and the last ends, (sections + 1,).
        start: the first section to send.
        end: the one after the last.
    """
    while start < end:
        most = before[start] + STATE_BODY_BYTES_MAX
        last = end if before[end] <= most else bisect_right(before, most, start, end) - 1
        is_large = last == start
        last += is_large
        yield start, last, is_large
        start = last
