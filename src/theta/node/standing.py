"""Who may still be here, and as what: roles, kicks and revoked keys, as the log governs them (CMD-60 … CMD-63)."""

from collections.abc import Iterator

from msgspec.structs import replace

from theta.base.errors import PeerError
from theta.commands.log import CommandLog
from theta.commands.records import SessionRecord
from theta.commands.refusals import Kicked, Revoked
from theta.node.connections import Connection, Connections, Participant
from theta.wire.types import RoleName


class Standing:
    """Asks the log about authors and sessions; it counts what has been admitted, durable or not."""

    def __init__(self, log: CommandLog, connections: Connections) -> None:
        self._log = log
        self._connections = connections

    def role_of(self, author: bytes, granted: RoleName) -> RoleName:
        """What an author may do, to whom an invite or a session grants a role.

        Raises:
            Revoked: nothing at all.
        """
        role = self._log.governance.role_of(author, self._log.head_seq, granted)
        if role is None:
            raise Revoked(self._with_reason("your key was revoked in this room", author))
        return role

    def is_over(self, session: SessionRecord) -> bool:
        """Whether an admin has ended a session."""
        seq = self._log.session_seqs.get(session.session)
        return seq is not None and self._log.governance.is_ended(seq, session.author)

    def check(self, session: SessionRecord) -> RoleName:
        """What the author of a session may do by now.

        Raises:
            Kicked: nothing, under this session.
            Revoked: nothing at all.
        """
        if self.is_over(session):
            raise Kicked(self._with_reason("an admin ended your session", session.author))
        return self.role_of(session.author, session.role)

    def update(self) -> Iterator[tuple[Connection, PeerError]]:
        """Bring everyone's role up to date; yields whose connections have to end, and why.

        What a room that is read-only cannot log stays without effect: its sessions are in no log.
        """
        for connection, who in self._connections.joined():
            try:
                role = self.check(who.record)
            except PeerError as error:
                yield connection, error
                continue
            give_role(who, role)

    def _with_reason(self, what: str, author: bytes) -> str:
        reason = self._log.governance.reason_for(author)
        return f"{what}: {reason}" if reason else what


def give_role(who: Participant, role: RoleName) -> None:
    """From here on a participant has this role."""
    if who.role != role:
        who.role = role
        who.person = replace(who.person, role=role)
