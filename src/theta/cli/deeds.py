"""What is in a log, read record by record for people: who did what to what, and when. It proves nothing."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from theta.base.errors import InvalidValue, StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName, Position, element_id, entity_id
from theta.base.limits import U64_MAX
from theta.cli.object_names import ObjectNames
from theta.commands.command import Command
from theta.commands.log import CommandLog
from theta.commands.packets import decode_body
from theta.commands.records import (
    BadRecord,
    PacketRecord,
    RecordKind,
    SessionRecord,
    Signed,
    decode,
)
from theta.commands.refusals import Refused
from theta.commands.store import LogSource, StoredRecord
from theta.node.floors import Floors
from theta.node.protocol import REGISTRY
from theta.session.colours import colour_for

AUTHOR_HEX_MIN = 4
ENTITY_HEX_MIN = 6


class Deed(NamedTuple):
    """One command, with when it was admitted and what things were called then; `entity` is b"" when it has none."""

    command: Command
    at_ms: int
    author_name: str
    entity: bytes
    entity_name: str


class Chronicle:
    """Reads records in order; knows everybody's name, every object's and every branch's, as far as it has read."""

    def __init__(self) -> None:
        self.entity_names: dict[bytes, list[str]] = {}
        self.branch_names: dict[bytes, str] = {MAIN_BRANCH: "main"}
        self._objects = ObjectNames()
        self._names: dict[bytes, list[str]] = {}
        self._sessions: dict[bytes, SessionRecord] = {}
        self._colours: dict[bytes, int] = {}
        self._authors: dict[int, bytes] = {}

    # -- names -------------------------------------------------------------------------------------------------------

    @property
    def authors(self) -> list[bytes]:
        """The public keys of all who came in, in the order of their coming."""
        return list(self._names)

    def name_of(self, author: bytes) -> str:
        """What an author was called last, with the start of the key where somebody else is called so too."""
        if author not in self._names:
            return author.hex()[:8]
        name = self._names[author][-1]
        is_shared = any(other != author and names[-1] == name for other, names in self._names.items())
        return f"{name} ({author.hex()[:4]})" if is_shared else name

    def colour_of(self, author: bytes) -> int:
        """A colour 0xRRGGBB for each author, others than everybody else's as long as there are enough."""
        if author not in self._colours:
            self._colours[author] = colour_for(author, list(self._colours.values()))
        return self._colours[author]

    def author_of(self, actor: int) -> bytes | None:
        """Whose actor it is; None when nobody came in as it."""
        return self._authors.get(actor)

    def call(self, identifier: bytes) -> str:
        """What an author, a branch or an entity is called, for people."""
        if identifier in self._names:
            return self.name_of(identifier)
        names = self.entity_names.get(identifier, [])
        return self.branch_names.get(identifier) or (names[-1] if names else identifier.hex()[:8])

    def entity_of(self, command: Command, branch: bytes | None = None, seq: int = U64_MAX) -> tuple[bytes, str]:
        """The entity that a command acts on or makes, and what it was called last; nothing twice when it has none.

        Args:
            command: any.
            branch: where it is called so; the command's own by default.
            seq: up to which record.
        """
        operation = command.operation
        entity: bytes = entity_id(command.name) if operation.CREATES else getattr(operation, "entity", b"")
        return entity, self._objects.of(entity, command.branch if branch is None else branch, seq)

    def authors_called(self, text: str) -> set[bytes]:
        """The authors of a name that they ever had, or of a key that begins so.

        Raises:
            InvalidValue: nobody is; says who is here.
        """
        word = text.strip().casefold()
        found = {author for author, names in self._names.items() if word in (name.casefold() for name in names)}
        if not found and len(word) >= AUTHOR_HEX_MIN:
            found = {author for author in self._names if author.hex().startswith(word)}
        if not found:
            here = ", ".join(self.name_of(author) for author in self._names) or "nobody yet"
            raise InvalidValue("author", text, f"a name or the start of a key of one of: {here}")
        return found

    def entities_called(self, text: str) -> set[bytes]:
        """The objects of a name that they ever had, or of an id that begins so.

        Raises:
            InvalidValue: none is.
        """
        word = text.strip()
        found = {entity for entity, names in self.entity_names.items() if word in names}
        if not found and len(word) >= ENTITY_HEX_MIN:
            found = {entity for entity in self.entity_names if entity.hex().startswith(word.lower())}
        if not found:
            raise InvalidValue("entity", text, "a name that an object of this room has or had, or the start of its id")
        return found

    def branches_called(self, text: str) -> set[bytes]:
        """The branch of this name.

        Raises:
            InvalidValue: there is none; says what there is.
        """
        found = {branch for branch, name in self.branch_names.items() if name == text.strip()}
        if not found:
            raise InvalidValue("branch", text, "one of " + ", ".join(self.branch_names.values()))
        return found

    # -- records -----------------------------------------------------------------------------------------------------

    def know_base(self, log: CommandLog, source: LogSource) -> None:
        """Learn what the records of a compacted log do not tell: who came in, what branches and objects are called."""
        self._know(log.sessions.values())
        self.branch_names |= {branch.id: branch.name for branch in log.governance.branches.values()}
        names = Floors(source).names()
        self._objects = ObjectNames(log.governance.lines, names)
        for (_, entity), name in names.items():
            self.entity_names.setdefault(entity, []).append(name)

    def anew(self) -> "Chronicle":
        """One to read the same records again; it knows what is not in them, and the branches that this one knows."""
        other = Chronicle()
        other._know(self._sessions.values())
        other.branch_names = self.branch_names
        other._objects = self._objects.anew()
        return other

    def _know(self, sessions: Iterable[SessionRecord]) -> None:
        for session in sessions:
            self._take_session(session)

    def over(self, records: Iterable[StoredRecord]) -> Iterator[StoredRecord]:
        """The same records; what people need to know of them is remembered on the way."""
        for record in records:
            for _ in self.read(record):
                pass
            yield record

    def survey(self, records: Iterable[StoredRecord], *, with_commands: bool) -> None:
        """Read records to learn who is in them, and with their commands, which objects and branches."""
        for record in records:
            if with_commands or record.kind == RecordKind.SESSION:
                self.read(record)

    def read(self, record: StoredRecord) -> list[Deed]:
        """The commands of the next record.

        Raises:
            StoreCorrupt: it cannot be read; names it.
        """
        try:
            return self._read(record)
        except (BadRecord, Refused) as error:
            raise StoreCorrupt(record.seq, str(error)) from error

    def _read(self, record: StoredRecord) -> list[Deed]:
        if record.kind == RecordKind.SESSION:
            self._take_session(decode(SessionRecord, decode(Signed, record.body).content))
        elif record.kind == RecordKind.PACKET:
            packet = decode(PacketRecord, record.body)
            return [self._deed(command, packet) for command in self._commands_of(record.seq, packet)]
        return []

    def _take_session(self, session: SessionRecord) -> None:
        self._sessions[session.session] = session
        self._authors[session.actor] = session.author
        names = self._names.setdefault(session.author, [])
        if session.name in names:
            names.remove(session.name)
        names.append(session.name)
        self.colour_of(session.author)

    def _commands_of(self, seq: int, packet: PacketRecord) -> Iterator[Command]:
        session = self._sessions.get(packet.session)
        if session is None:
            raise BadRecord("the packet's session is not in the log")
        for envelope in decode_body(packet.body).commands:
            name = CommandName(packet.actor, envelope.number)
            yield Command(
                Position(envelope.lamport, packet.actor, envelope.number),
                name,
                CommandName(packet.actor, envelope.gesture),
                session.author,
                seq,
                packet.seen,
                REGISTRY.decode(envelope),
                packet.branch,
            )

    def _deed(self, command: Command, packet: PacketRecord) -> Deed:
        operation = command.operation
        entity, before = self.entity_of(command, seq=command.seq)
        names = self.entity_names.setdefault(entity, []) if entity else []
        if operation.NAME == "theta.create_branch":
            self.branch_names[element_id(command.name, "branch")] = getattr(operation, "name", "")
        elif operation.CREATES or operation.NAME == "theta.rename":
            names.append(getattr(operation, "name", ""))
        self._objects.take(command, entity)
        author_name = self._sessions[packet.session].name
        return Deed(command, packet.admitted_ms, author_name, entity, before or (names[-1] if names else ""))
