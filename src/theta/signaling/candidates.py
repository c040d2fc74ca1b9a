"""Counting ICE candidates (RFC 8839): each one in a description makes its receiver send packets to an address."""

from theta.base.limits import SIGNAL_CANDIDATES_MAX
from theta.signaling.refusals import TooManyCandidates
from theta.wire.signal_messages import SignalAnswer, SignalCandidate, SignalOffer, SignalRelayed

_ATTRIBUTE = "a=candidate:"


def candidate_count(sdp: str) -> int:
    """How many candidates a session description has, at least as many as any reader of it finds.

    Readers differ in what ends a line and whether they mind capitals, so each place is counted where a candidate could
    begin.
    """
    return sdp.lower().count("candidate:")


def without_excess(sdp: str) -> str:
    """A description of one's own with no more than SIGNAL_CANDIDATES_MAX candidates; the first ones are kept.

    A machine with many addresses gathers more than anybody needs.
    """
    kept, count = [], 0
    for line in sdp.splitlines(keepends=True):
        count += line.startswith(_ATTRIBUTE)
        if not line.startswith(_ATTRIBUTE) or count <= SIGNAL_CANDIDATES_MAX:
            kept.append(line)
    return "".join(kept)


class CandidateCount:
    """The candidates that one side has given in its latest attempt."""

    def __init__(self) -> None:
        self.attempt = 0
        self.count = 0

    def add(self, message: SignalRelayed) -> None:
        """Count what a message brings; an attempt that is newer than the last begins at nothing.

        Raises:
            TooManyCandidates: it would be more than SIGNAL_CANDIDATES_MAX; nothing is counted.
        """
        before = self.count if message.attempt == self.attempt else 0
        count = before + _candidates_in(message)
        if count > SIGNAL_CANDIDATES_MAX:
            raise TooManyCandidates(f"{count} candidates in an attempt; at most {SIGNAL_CANDIDATES_MAX} are passed on")
        self.attempt, self.count = message.attempt, count


def _candidates_in(message: SignalRelayed) -> int:
    if isinstance(message, SignalOffer | SignalAnswer):
        return candidate_count(message.sdp)
    return int(isinstance(message, SignalCandidate) and bool(message.candidate))
