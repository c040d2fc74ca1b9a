"""Who a participant is, as far as the room hears of it."""

from typing import NamedTuple

from theta.base.errors import InvalidValue
from theta.base.limits import INSTANCE_BYTES, NAME_CHARACTERS_MAX
from theta.commands.identity import Identity
from theta.node.protocol import protocol
from theta.session.capabilities import CHAT, FOLD, PRESENCE, STATE, ZSTD
from theta.session.heartbeat import check_heartbeat
from theta.session.participant_handshake import ParticipantTerms
from theta.session.plain_text import is_plain_text


class PeerSettings(NamedTuple):
    """Who takes part. `instance` is 16 random bytes, new at every start; `room_key` pins the room, None pins none.

    `heartbeat_seconds` is how often both sides ping; None leaves it to the room.
    """

    identity: Identity
    instance: bytes
    name: str
    invite: str = ""
    capabilities: tuple[str, ...] = (FOLD, PRESENCE, CHAT, ZSTD, STATE)
    room_key: bytes | None = None
    heartbeat_seconds: float | None = None

    def check(self) -> None:
        """Refuse what no room would take.

        Raises:
            InvalidValue: names the field and its limit.
        """
        if len(self.name) > NAME_CHARACTERS_MAX or not is_plain_text(self.name):
            raise InvalidValue("name", self.name, f"1 to {NAME_CHARACTERS_MAX} characters, no control characters")
        if len(self.instance) != INSTANCE_BYTES:
            raise InvalidValue("instance", len(self.instance), f"{INSTANCE_BYTES} bytes")
        if self.heartbeat_seconds is not None:
            check_heartbeat(self.heartbeat_seconds)

    def terms(self, room_key: bytes | None, dictionaries: tuple[str, ...] = ()) -> ParticipantTerms:
        """What the handshake is told; `room_key` is the key that the room must have, None if any will do.

        `dictionaries` are the capabilities of those that are held from before (SES-14).
        """
        capabilities = self.capabilities + dictionaries
        return ParticipantTerms(
            self.identity,
            self.instance,
            self.name,
            capabilities,
            protocol(),
            self.invite,
            room_key,
            self.heartbeat_seconds,
        )
