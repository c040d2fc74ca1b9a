"""A tick's frames for all participants: a section is encoded once for all who have the same baseline of its cell."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import STATE_BODY_BYTES_MAX
from theta.interest.interest import Interest
from theta.interest.marks import PAIR_SHIFT
from theta.interest.priority import TICKS_PER_SECOND, Ranked
from theta.replication.history import History
from theta.replication.packing import runs
from theta.replication.section_parts import Sections
from theta.replication.sections import encode_sections

Ints = NDArray[np.int64]

FRAME_OVERHEAD_BYTES = 32
"""What a frame costs beside its sections: the message around them, and the transport's own."""
LARGE_RESEND_TICKS = TICKS_PER_SECOND
"""A section on the reliable lane is not sent again sooner, if nobody acknowledges it."""
LARGE_RESEND_SILENT_TICKS = 10 * TICKS_PER_SECOND
"""Nor to who is silent: what it does not read is not to pile up on that lane."""
_AGE_BITS = 8
_ROW_BITS = 24
_FULL_BYTES_PER_ENTITY = 32.0
_DELTA_BYTES = 32.0
_LEARNING = 0.1


class SeatFrame(NamedTuple):
    """Sections for one participant.

    Attributes:
        number: whose, in interest.
        data: the sections, one after the other.
        cells: theirs, (sections,).
        is_large: it is one section that no datagram holds.
    """

    number: int
    data: bytes
    cells: Ints
    is_large: bool


class StateTicks:
    """Chooses and encodes what is sent in a tick.

    Args:
        interest: of the room.
        history: of the room.

    Attributes:
        counts: "encoded" sections and their "encoded_bytes"; "sent" ones, with their "sent_bytes".
    """

    def __init__(self, interest: Interest, history: History) -> None:
        self.counts: Counter[str] = Counter()
        self._interest = interest
        self._history = history
        self._full_bytes = _FULL_BYTES_PER_ENTITY
        self._delta_bytes = np.zeros(0, np.float32)
        self._large: dict[int, int] = {}

    def forget_peer(self, number: int) -> None:
        """A participant is gone."""
        self._large = {key: tick for key, tick in self._large.items() if key >> PAIR_SHIFT != number}

    def write(self, ranked: Ranked, silent: NDArray[np.bool_]) -> Iterator[SeatFrame]:
        """The frames of this tick, by participant, most important first. They are paid for.

        Args:
            ranked: what there is to say, in order, as `Interest.rank` gives it.
            silent: who does not answer, by number in interest.
        """
        interest, history = self._interest, self._history
        ranked = self._without_large(ranked, silent)
        likely = interest.shortlist(ranked, self._estimates(ranked.rows))
        if not len(likely.rows):
            return
        cells = interest.pairs.cells[likely.rows]
        distinct, section = _distinct(cells << _AGE_BITS | interest.ages(likely.rows))
        sections = encode_sections(history, distinct >> _AGE_BITS, distinct & ((1 << _AGE_BITS) - 1))
        sizes = np.diff(sections.ends)
        self._learn(distinct, sizes)
        lengths = sizes[section]
        sent = np.flatnonzero(interest.pick(likely, lengths) & (lengths > 0))
        self.counts.update(
            encoded=len(distinct), encoded_bytes=len(sections.body), sent=len(sent), sent_bytes=int(lengths[sent].sum())
        )
        if len(sent):
            yield from self._frames(likely.peers[sent], cells[sent], _Pieces(sections, section[sent]), lengths[sent])

    def _frames(self, peers: Ints, cells: Ints, pieces: "_Pieces", lengths: Ints) -> Iterator[SeatFrame]:
        """Each participant's sections in as few bodies as hold them."""
        first = np.flatnonzero(np.diff(peers, prepend=-1))
        bounds = [*first.tolist(), len(peers)]
        before = [0, *lengths.cumsum().tolist()]
        for at, number in enumerate(peers[first].tolist()):
            for start, last, is_large in runs(before, bounds[at], bounds[at + 1]):
                data = pieces.large(start) if is_large else pieces.joined(start, last)
                if is_large:
                    self._large[number << PAIR_SHIFT | int(cells[start])] = self._history.tick
                # A copy: a slice would keep the cells of all participants for as long as the frame is on its way.
                yield SeatFrame(number, data, cells[start:last].copy(), is_large)

    def _without_large(self, ranked: Ranked, silent: NDArray[np.bool_]) -> Ranked:
        """Leave out what is on its way on the reliable lane already: it cannot be lost there, only late."""
        if not self._large:
            return ranked
        pairs, tick = self._interest.pairs, self._history.tick
        keys = np.array(list(self._large), np.int64)
        rows, known = pairs.rows_of(keys >> PAIR_SHIFT, keys & ((1 << PAIR_SHIFT) - 1))
        sent = np.array([self._large[key] for key in keys[known].tolist()], np.int64)
        patience = np.where(silent[pairs.peers[rows]], LARGE_RESEND_SILENT_TICKS, LARGE_RESEND_TICKS)
        flying = (pairs.acknowledged[rows] < sent) & (pairs.since[rows] <= sent) & (tick - sent < patience)
        self._large = dict(zip(pairs.keys[rows[flying]].tolist(), sent[flying].tolist(), strict=True))
        return without(ranked, np.isin(ranked.rows, rows[flying]))

    def _estimates(self, rows: Ints) -> NDArray[np.float64]:
        """About how long the sections of these pairs are going to be, (rows,) bytes."""
        interest = self._interest
        count = interest.grid.cells.count
        if count > len(self._delta_bytes):
            more = max(count, 2 * len(self._delta_bytes)) - len(self._delta_bytes)
            self._delta_bytes = np.pad(self._delta_bytes, (0, more), constant_values=_DELTA_BYTES)
        cells = interest.pairs.cells[rows]
        whole = interest.grid.cells.occupied[cells] * self._full_bytes + FRAME_OVERHEAD_BYTES
        return np.where(interest.ages(rows) == 0, whole, self._delta_bytes[cells])

    def _learn(self, distinct: Ints, sizes: Ints) -> None:
        """How long sections are, from those that were encoded."""
        cells, is_whole = distinct >> _AGE_BITS, (distinct & ((1 << _AGE_BITS) - 1)) == 0
        self._delta_bytes[cells[~is_whole]] = sizes[~is_whole]
        entities = int(self._interest.grid.cells.occupied[cells[is_whole]].sum())
        if entities:
            seen = float(sizes[is_whole].sum()) / entities
            self._full_bytes += _LEARNING * (seen - self._full_bytes)


class _Pieces:
    """What is sent in a tick, section after section, most of them several times.

    Args:
        sections: that were encoded.
        chosen: which of them is sent, (n,).
    """

    def __init__(self, sections: Sections, chosen: Ints) -> None:
        self._sections = sections
        self._chosen = chosen
        starts = sections.ends[chosen]
        sizes = sections.ends[chosen + 1] - starts
        # Those that no datagram holds are not copied for everybody.
        sizes[sizes > STATE_BODY_BYTES_MAX] = 0
        ends = sizes.cumsum()
        self._places = [0, *ends.tolist()]
        # All of them in one step; to cut them out and join them for each participant takes several times as long.
        places = (starts - ends + sizes).repeat(sizes)
        places += np.arange(len(places))
        self._joined: bytes = np.frombuffer(sections.body, np.uint8).take(places).tobytes()
        self._large: dict[int, bytes] = {}

    def joined(self, start: int, last: int) -> bytes:
        """Some of what is sent, none of it larger than a body."""
        return self._joined[self._places[start] : self._places[last]]

    def large(self, at: int) -> bytes:
        """One that is larger; the same for all to whom it is sent."""
        section = int(self._chosen[at])
        if section not in self._large:
            self._large[section] = self._sections.section(section)
        return self._large[section]


def without(ranked: Ranked, dropped: NDArray[np.bool_]) -> Ranked:
    """The ranked pairs but some, (n,) bool."""
    return Ranked(ranked.rows[~dropped], ranked.peers[~dropped]) if dropped.any() else ranked


def _distinct(keys: Ints) -> tuple[Ints, Ints]:
    """The different keys, ascending, and which of them each is; keys are below 2^39, and fewer than 2^24.

    One sort of whole integers; numpy's own sorts indirectly, which takes several times as long.
    """
    packed = keys << _ROW_BITS | np.arange(len(keys))
    packed.sort()
    in_order = packed >> _ROW_BITS
    fresh = np.ones(len(keys), np.bool_)
    np.not_equal(in_order[1:], in_order[:-1], out=fresh[1:])
    which = np.empty(len(keys), np.int64)
    which[packed & ((1 << _ROW_BITS) - 1)] = fresh.cumsum() - 1
    return in_order[fresh], which
