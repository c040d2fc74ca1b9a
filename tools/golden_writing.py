"""How a golden room is written: people who sign packets, and the records as they come."""

import hashlib
from pathlib import Path

from theta.adapters.sqlite_store import SqliteLogStore
from theta.base.identifiers import MAIN_BRANCH, actor_of, signed_name_id
from theta.commands import records
from theta.commands.governing import Governing
from theta.commands.identity import Identity
from theta.commands.log import Command
from theta.commands.packets import encode_body, sign_packet
from theta.commands.records import RecordKind
from theta.commands.registry import encode_payload
from theta.commands.store import StoredAsset, StoredRecord
from theta.editor.operation import Operation
from theta.node.asset_shelf import AssetShelf
from theta.node.replica import Replica
from theta.session.secret import RoomSecret
from theta.wire.messages import CommandEnvelope
from theta.wire.types import RoleName

UNIX_MS = 1_700_000_000_000


class Author:
    """Somebody in a session of a room that is being written."""

    def __init__(self, writer: "Writer", name: str, number: int, role: RoleName) -> None:
        self._writer = writer
        self.name = name
        self.identity = Identity.from_seed(hashlib.sha256(name.encode()).digest())
        instance = number.to_bytes(16, "big")
        self.actor = actor_of(self.identity.public_key, instance)
        self.session = records.SessionRecord(
            b"session" + number.to_bytes(9, "big"),
            self.identity.public_key,
            self.actor,
            instance,
            role,
            name,
            UNIX_MS,
        )
        self.number = self._nonce = 0

    def do(
        self,
        *operations: Operation | Governing,
        seen: int | None = None,
        lamport: int | None = None,
        branch: bytes = MAIN_BRANCH,
    ) -> list[Command]:
        """One packet, one gesture; as if nothing after record `seen` had come yet."""
        log = self._writer.replica.log
        seen = log.head_seq if seen is None else seen
        lamport = log.lamport + 1 if lamport is None else lamport
        first = self.number + 1
        commands = [
            CommandEnvelope(
                first + at, lamport + at, first, signed_name_id(each.NAME), each.VERSION, encode_payload(each)
            )
            for at, each in enumerate(operations)
        ]
        self.number += len(operations)
        self._nonce += 1
        body = encode_body(UNIX_MS, commands)
        chain = log.chain_at(seen)
        domain = log.domain(self.session.session, self.actor, branch)
        packet = sign_packet(self.identity, domain, self._nonce, seen, chain, body)
        stored = records.PacketRecord(
            self.session.session, self.actor, self._nonce, seen, chain, packet.signature, UNIX_MS, body, branch
        )
        return self._writer.add(RecordKind.PACKET, records.encode(stored))


class Writer:
    """A room, record by record, folded as it comes."""

    def __init__(self, name: str) -> None:
        self.secret = RoomSecret(hashlib.sha256(f"golden {name}".encode()).digest())
        self.assets: list[StoredAsset] = []
        self.replica = Replica(AssetShelf())
        self.stored: list[StoredRecord] = []
        self._sessions = 0
        self.owner = Identity.from_seed(hashlib.sha256(b"Olga").digest())
        key = self.secret.identity
        genesis = records.Genesis(
            1, self.secret.server, self.secret.room, key.public_key, self.owner.public_key, UNIX_MS, name
        )
        self.add(RecordKind.GENESIS, records.sign_genesis(key, genesis))

    def join(self, name: str, role: RoleName = "editor") -> Author:
        """A new session, of a new instance of this person."""
        self._sessions += 1
        author = Author(self, name, self._sessions, role)
        log = self.replica.log
        self.add(RecordKind.SESSION, records.sign_part(self.secret.identity, log.genesis, author.session))
        return author

    def add(self, kind: RecordKind, body: bytes) -> list[Command]:
        """The next record."""
        log = self.replica.log
        record = log.next_record(kind, body)
        commands = log.accept(record)
        self.replica.apply(commands, record.seq)
        self.stored.append(record)
        return commands

    def attest(self) -> None:
        """The room signs the log so far and what it folds to."""
        log = self.replica.log
        head = records.HeadRecord(log.head_seq, log.chain, self.replica.document.hash, UNIX_MS)
        self.add(RecordKind.HEAD, records.sign_part(self.secret.identity, log.genesis, head))

    def advance(self, seq: int) -> None:
        """The room puts its frontier at a record."""
        frontier = self.replica.log.next_frontier(seq, UNIX_MS)
        assert frontier is not None
        self.add(RecordKind.FRONTIER, records.sign_part(self.secret.identity, self.replica.log.genesis, frontier))

    def keep(self, data: bytes) -> None:
        """An asset that commands from here on may name."""
        self.assets.append(StoredAsset(self.replica.assets.add(data), data, UNIX_MS))

    def save(self, path: Path) -> None:
        """The room's file."""
        store = SqliteLogStore.open(path)
        for asset in self.assets:
            store.put_asset(asset)
        store.append(self.stored)
        store.close()
        path.with_name(path.name + ".lock").unlink(missing_ok=True)
