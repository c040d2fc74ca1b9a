"""When the room signs the log's head: after so many records, when things have gone quiet, and at the close (LOG-6)."""

from theta.base.limits import HEAD_RECORD_INTERVAL_RECORDS
from theta.base.moment import Moment
from theta.commands.records import HeadRecord
from theta.node.replica import Replica

QUIET_SECONDS = 2.0


class Attestation:
    """Knows whether the room owes the log a head record: `is_owed` while commands stand that none covers."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        head = replica.log.last_head
        self._attested_seq = head.seq if head is not None else 0
        self.is_owed = replica.log.last_packet_seq > self._attested_seq
        self._quiet_at: float | None = None

    @property
    def timeout(self) -> float | None:
        """Monotonic seconds at which it may be due."""
        return self._quiet_at

    def handle_change(self, now: Moment) -> None:
        """Commands were folded."""
        self.is_owed = True
        full = self._replica.folded_seq - self._attested_seq >= HEAD_RECORD_INTERVAL_RECORDS
        self._quiet_at = now.seconds if full else now.seconds + QUIET_SECONDS

    def is_due(self, now: Moment) -> bool:
        """Whether to attest now."""
        return self._quiet_at is not None and now.seconds >= self._quiet_at

    def make(self, now: Moment) -> HeadRecord:
        """The head as folded; it is no longer owed."""
        seq = self._replica.folded_seq
        self._attested_seq = seq
        self.is_owed = False
        self._quiet_at = None
        return HeadRecord(seq, self._replica.log.chain_at(seq), self._replica.document.hash, now.unix_ms)
