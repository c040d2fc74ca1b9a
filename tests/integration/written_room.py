"""A room's file written record by record, with times of one's choosing: what `theta serve` would have left behind."""

from pathlib import Path
from typing import NamedTuple

from theta.adapters.files import room_secret_path, write_secret
from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.identifiers import MAIN_BRANCH, actor_of, signed_name_id
from theta.commands.identity import Identity
from theta.commands.log import Command, CommandLog
from theta.commands.packets import encode_body, sign_packet
from theta.commands.records import (
    FORMAT_VERSION,
    Genesis,
    PacketRecord,
    RecordKind,
    SessionRecord,
    encode,
    sign_genesis,
    sign_part,
)
from theta.commands.registry import Payload, encode_payload
from theta.node.protocol import REGISTRY
from theta.session.secret import RoomSecret
from theta.wire.messages import CommandEnvelope
from theta.wire.types import RoleName

START_MS = 1_795_665_600_000  # 2026-11-26 04:00:00 UTC
MINUTE_MS = 60_000
ROOM_SEED = b"r" * 32


class Speaker(NamedTuple):
    """Somebody's session."""

    identity: Identity
    session: bytes
    actor: int


class WrittenRoom:
    """A log, kept in a file; every record comes a minute after the one before."""

    def __init__(self, path: Path, owner: Identity) -> None:
        self.secret = RoomSecret(ROOM_SEED)
        self.log = CommandLog(REGISTRY)
        self.store = SqliteLogStore.open(path)
        self.now_ms = START_MS
        self._numbers: dict[int, int] = {}
        self._nonces: dict[bytes, int] = {}
        write_secret(room_secret_path(path), ROOM_SEED)
        key = self.secret.identity.public_key
        genesis = Genesis(
            FORMAT_VERSION, self.secret.server, self.secret.room, key, owner.public_key, START_MS, "castle"
        )
        self._append(RecordKind.GENESIS, sign_genesis(self.secret.identity, genesis))

    def come_in(self, name: str, identity: Identity, role: RoleName = "editor") -> Speaker:
        """A new session."""
        session = len(self.log.sessions).to_bytes(16, "big")
        actor = actor_of(identity.public_key, session)
        record = SessionRecord(session, identity.public_key, actor, session, role, name, self.now_ms)
        self._append(RecordKind.SESSION, sign_part(self.secret.identity, self.log.genesis, record))
        return Speaker(identity, session, actor)

    def say(
        self,
        who: Speaker,
        *operations: Payload,
        gesture: int | None = None,
        seen: int | None = None,
        branch: bytes = MAIN_BRANCH,
    ) -> list[Command]:
        """A packet; it has seen everything unless said otherwise."""
        seen = self.log.head_seq if seen is None else seen
        first = self._numbers.get(who.actor, 0) + 1
        last = self.log.last_of_actor(who.actor)
        lamport = max(self.log.lamport_at(seen), last.lamport if last is not None else 0)
        envelopes = [
            CommandEnvelope(
                first + offset,
                lamport + 1 + offset,
                gesture or first,
                signed_name_id(operation.NAME),
                operation.VERSION,
                encode_payload(operation),
            )
            for offset, operation in enumerate(operations)
        ]
        self._numbers[who.actor] = first + len(operations) - 1
        nonce = self._nonces[who.session] = self._nonces.get(who.session, 0) + 1
        chain = self.log.chain_at(seen)
        body = encode_body(self.now_ms, envelopes)
        packet = sign_packet(who.identity, self.log.domain(who.session, who.actor, branch), nonce, seen, chain, body)
        record = PacketRecord(
            who.session, who.actor, nonce, seen, chain, packet.signature, self.now_ms, packet.body, branch
        )
        return self._append(RecordKind.PACKET, encode(record))

    def close(self) -> int:
        """Let go of the file; the last record's number."""
        self.store.close()
        return self.log.head_seq

    def _append(self, kind: RecordKind, body: bytes) -> list[Command]:
        record = self.log.next_record(kind, body)
        commands = self.log.accept(record)
        self.store.append([record])
        self.now_ms += MINUTE_MS
        return commands
