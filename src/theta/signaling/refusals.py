"""Why a signalling server does not pass a message on. The connection stays open; nothing of the message is kept.

SignalRefusal (PeerError)
├── TooManyCandidates    more than SIGNAL_CANDIDATES_MAX in an attempt
├── UnknownPeer          the addressee is not, or no longer, the sender's host or guest
└── StaleAttempt         its sender has spoken of a newer attempt since
"""

from theta.base.errors import PeerError


class SignalRefusal(PeerError):
    """Base of what is answered with SignalRefused."""


class TooManyCandidates(SignalRefusal):
    """An attempt has more candidates than it may."""


class UnknownPeer(SignalRefusal):
    """The addressee is not, or no longer, the sender's host or guest."""


class StaleAttempt(SignalRefusal):
    """The sender has spoken of a newer attempt since."""
