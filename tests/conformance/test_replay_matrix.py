"""A packet is valid in one (server, room, branch, session, actor, nonce), and refused in every other (CMD-4)."""

import itertools
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from tests.unit.commands.rooms import ANNA, NOW, OWNER, RENAME, UNIX_MS, envelope
from theta.base.errors import StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, actor_of, signed_name_id
from theta.commands import records
from theta.commands.admission import Admission
from theta.commands.governing import CreateBranch
from theta.commands.identity import Identity
from theta.commands.log import CommandLog
from theta.commands.packets import SigningDomain, encode_body, sign_packet
from theta.commands.records import RecordKind, SessionRecord
from theta.commands.refusals import BadSignature
from theta.commands.registry import CommandRegistry, encode_payload
from theta.editor.vocabulary import OPERATIONS
from theta.wire.messages import CommandEnvelope, SubmitPacket

ROOM_KEY = Identity.from_seed(b"r" * 32)
REGISTRY = CommandRegistry(OPERATIONS)
OWNER_ACTOR = actor_of(OWNER.public_key, b"o" * 16)
BRANCH = CreateBranch("attic", MAIN_BRANCH, 1)
INSTANCES = (b"i" * 16, b"j" * 16)
BODY = encode_body(UNIX_MS, [envelope(RENAME, 1, 1_000, 1)])


class Place(NamedTuple):
    """Where a packet may be valid; each part is the first or the second of two."""

    server: int
    room: int
    branch: int
    session: int
    actor: int
    nonce: int


PLACES = [Place(*each) for each in itertools.product((0, 1), repeat=6)]


def id_of(letter: str, which: int) -> bytes:
    """One of two ids."""
    return (letter + str(which)).encode() * 8


class Here:
    """A log at a place: its server and room, the session open with its actor, and a branch beside main."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.log = CommandLog(REGISTRY)
        self.admission = Admission(self.log, burst=1e9, per_second=1e9)
        server, room = id_of("v", place.server), id_of("r", place.room)
        genesis = records.Genesis(1, server, room, ROOM_KEY.public_key, OWNER.public_key, UNIX_MS, "Studio")
        self._take(RecordKind.GENESIS, records.sign_genesis(ROOM_KEY, genesis))
        instance = INSTANCES[place.actor]
        self.session = SessionRecord(
            id_of("s", place.session),
            ANNA.public_key,
            actor_of(ANNA.public_key, instance),
            instance,
            "editor",
            "Anna",
            UNIX_MS,
        )
        owners = SessionRecord(id_of("o", 0), OWNER.public_key, OWNER_ACTOR, b"o" * 16, "admin", "Olga", UNIX_MS)
        for session in (self.session, owners):
            self._take(RecordKind.SESSION, records.sign_part(ROOM_KEY, self.log.genesis, session))
        self.branches = (MAIN_BRANCH, self._branch(owners))

    def _branch(self, owners: SessionRecord) -> bytes:
        command = CommandEnvelope(1, 1, 1, signed_name_id(BRANCH.NAME), BRANCH.VERSION, encode_payload(BRANCH))
        domain = self.log.domain(owners.session, owners.actor)
        seen, chain = self.log.head_seq, self.log.chain
        admitted = self.admission.admit(
            NOW, owners, "admin", sign_packet(OWNER, domain, 1, seen, chain, encode_body(UNIX_MS, [command]))
        )
        assert admitted.record is not None
        self.log.accept(admitted.record)
        (found,) = set(self.log.governance.branches) - {MAIN_BRANCH}
        return found

    def _take(self, kind: RecordKind, body: bytes) -> None:
        self.log.accept(self.log.next_record(kind, body))

    @property
    def nonce(self) -> int:
        """The place's nonce."""
        return (5, 9)[self.place.nonce]

    @property
    def branch(self) -> bytes:
        """The place's branch."""
        return self.branches[self.place.branch]

    def packet(self) -> SubmitPacket:
        """A packet for here. It has seen nothing yet, so that no chain hash stands in the way elsewhere."""
        genesis = self.log.genesis
        domain = SigningDomain(genesis.server, genesis.room, self.session.session, self.session.actor, self.branch)
        return sign_packet(ANNA, domain, self.nonce, 0, self.log.chain_at(0), BODY)

    def readdressed(self, packet: SubmitPacket) -> SubmitPacket:
        """What somebody who has a packet and no key can send here: all that is not signed for is made to fit."""
        return replace(packet, nonce=self.nonce, branch=self.branch)


def test_cmd_4_a_packet_is_refused_everywhere_but_in_its_place() -> None:
    heres = [Here(place) for place in PLACES]
    packets = [here.packet() for here in heres]
    assert len({packet.signature for packet in packets}) == len(PLACES) == 64
    for here, (there, packet) in itertools.product(heres, zip(heres, packets, strict=True)):
        if here is there:
            continue
        with pytest.raises(BadSignature):
            here.admission.admit(NOW, here.session, "editor", here.readdressed(packet))
    for here, packet in zip(heres, packets, strict=True):
        assert here.admission.counts == {"admitted": 1, "BadSignature": 63}
        admitted = here.admission.admit(NOW, here.session, "editor", here.readdressed(packet))
        assert admitted.record is not None
        assert [each.branch for each in here.log.accept(admitted.record)] == [here.branch]


def test_log_5_a_record_of_a_packet_is_corrupt_everywhere_but_in_its_place() -> None:
    for place in PLACES[::9]:
        packet = Here(place).packet()
        for other in PLACES:
            here = Here(other)
            session = here.session
            stored = records.PacketRecord(
                session.session, session.actor, here.nonce, 0, packet.chain, packet.signature, 0, BODY, here.branch
            )
            record = here.log.next_record(RecordKind.PACKET, records.encode(stored))
            if other == place:
                assert len(here.log.accept(record)) == 1
                continue
            with pytest.raises(StoreCorrupt, match="not signed by its author"):
                here.log.accept(record)


def test_a_packet_sent_again_in_its_own_place_is_acknowledged_and_no_more() -> None:
    here = Here(PLACES[0])
    packet = here.packet()
    admitted = here.admission.admit(NOW, here.session, "editor", packet)
    assert admitted.record is not None
    here.log.accept(admitted.record)
    assert here.admission.admit(NOW, here.session, "editor", packet) == (admitted.seq, None)
    assert here.log.command_count == 2
