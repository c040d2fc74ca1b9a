"""One's own presence row: what is sent of it, and when (REP-3)."""

from dataclasses import replace

from theta.base.limits import PRESENCE_HERTZ
from theta.base.moment import Moment
from theta.replication.presence import Presence, check_presence, encode_presence
from theta.wire.messages import PresenceUpdate

PRESENCE_REPEAT_SECONDS = 1.0


class SelfPresence:
    """The latest row, sent at most PRESENCE_HERTZ times a second, and once a second when nothing moves."""

    def __init__(self, actor: int) -> None:
        self._actor = actor
        self._row: Presence | None = None
        self._sent_at = float("-inf")
        self._due_at = 0.0

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which `poll` has something; None while nothing was shown yet."""
        return self._due_at if self._row is not None else None

    def show(self, now: Moment, presence: Presence) -> None:
        """Take a row; its actor and sequence number are filled in here.

        Raises:
            InvalidValue: a field out of its limits; nothing changes.
        """
        row = replace(presence, actor=self._actor, sequence=self._row.sequence if self._row is not None else 1)
        check_presence(row)
        self._row = row
        self._due_at = max(now.seconds, self._sent_at + 1.0 / PRESENCE_HERTZ)

    def handle_session(self, now: Moment) -> None:
        """Somebody new may be looking."""
        self._due_at = now.seconds

    def poll(self, now: Moment) -> PresenceUpdate | None:
        """The update that is due, if one is."""
        if self._row is None or now.seconds < self._due_at:
            return None
        update = PresenceUpdate(encode_presence(self._row))
        self._sent_at = now.seconds
        self._due_at = now.seconds + PRESENCE_REPEAT_SECONDS
        self._row = replace(self._row, sequence=(self._row.sequence + 1) & 0xFFFF_FFFF)
        return update
