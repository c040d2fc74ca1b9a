"""Every message once, for spec/vectors/packet.json."""

from typing import Any

from theta.base import identifiers as ids
from theta.replication.presence import encode_presence
from theta.wire import codec, planes
from theta.wire import interest_messages as interest
from theta.wire import messages as wire
from theta.wire import ownership_messages as ownership
from theta.wire import state_messages as state
from theta.wire.message import tag_of
from tools.vector_people import ANNA, ANNA_ACTOR, ANNA_INSTANCE, BEN, BEN_ACTOR, UNIX_MS, plain, presence, run_of


def all_messages() -> list[type[wire.Message]]:
    """Every message type, those of participants first."""
    return list(dict.fromkeys((*planes.FROM_PARTICIPANT, *planes.FROM_ROOM)))


def messages() -> list[wire.Message]:
    """One of each."""
    found = [*_of_sessions(), *_of_packets(), *_of_history(), *_of_company()]
    found += [*_of_state(), *_of_ownership(), *_of_interest()]
    assert {type(each) for each in found} == set(all_messages())
    return found


BENS = wire.GestureName(BEN_ACTOR, 9)
ANNAS = wire.GestureName(ANNA_ACTOR, 4)
UNIT = wire.UnitPatch(run_of(20, 16), False, [wire.ComponentBytes(ids.name_id("theta.Name"), b"cube")])


def _of_sessions() -> list[wire.Message]:
    return [
        wire.SessionHello(
            1,
            run_of(3, 16),
            run_of(4, 16),
            ANNA.public_key,
            ANNA_INSTANCE,
            "A",
            [],
            run_of(5, 16),
            run_of(6, 16),
            7,
            500,
            "1.2.3",
        ),
        wire.SessionProof(run_of(7, 64), ""),
        wire.SessionChallenge(run_of(8, 32), run_of(9, 32), run_of(10, 16), run_of(11, 16), run_of(12, 64)),
        wire.SessionAcknowledge(
            run_of(13, 16),
            run_of(14, 16),
            2**64 - 1,
            "editor",
            ["patches", "presence"],
            "Studio",
            UNIX_MS,
            300,
            2**53 + 1,
            1,
            False,
            2000,
        ),
        wire.CompressionDictionary(run_of(22, 256)),
        wire.Compressed(run_of(23, 40)),
        wire.Ping(1, 1234.5),
        wire.Pong(2**32, 1234.5, float(UNIX_MS)),
    ]


def _of_packets() -> list[wire.Message]:
    dependant = wire.Dependant("Ben", "split edge", [BENS], run_of(20, 16))
    step = wire.HistoryStep([ANNAS], "extrude face", [dependant])
    gone = wire.UnitPatch(run_of(21, 16), True, [])
    records_sent = [wire.LogRecord(2, run_of(1, 40)), wire.LogRecord(3, b"")]
    return [
        wire.SubmitPacket(1, 2, run_of(15, 32), run_of(40, 16), run_of(16, 64), run_of(17, 300)),
        wire.PacketAcknowledged(1, 70_000),
        wire.PacketRefused(2, "RateLimited", "over 100 commands a second", True, 250),
        wire.Corrected(BEN_ACTOR, 9, 7, "no-op", "UnknownElement: the object is not there", [ANNAS]),
        wire.ConflictNotice(
            run_of(20, 16), "reject", BENS, "paint", ANNAS, "Ánna 🦊", "delete", "rejected", [run_of(41, 16)]
        ),
        wire.Commit(12, records_sent, [UNIT, gone], run_of(18, 16), bytes(16)),
        wire.DocumentPart(12, run_of(19, 32), 99, True, False, [UNIT], run_of(18, 16), run_of(40, 16)),
        wire.History([step], []),
        wire.ResyncRequest(12, run_of(18, 16)),
    ]


def _of_history() -> list[wire.Message]:
    branch = wire.BranchInfo(run_of(40, 16), "Attic", bytes(16), 40, "Ben", UNIX_MS)
    return [
        wire.SwitchBranch(run_of(40, 16)),
        wire.BranchList([branch], run_of(40, 16)),
        wire.WhoRequest(7, run_of(20, 16), "face", run_of(41, 16)),
        wire.WhoAnswer(7, True, BEN_ACTOR, 9, BEN.public_key, "Ben", 0x3B82F6, "extrude face", 70_000, UNIX_MS),
        wire.HistoryRequest(8, 0, 200),
        wire.HistoryPage(
            8,
            [
                wire.HistoryEntry(
                    70_000, BEN_ACTOR, 9, BEN.public_key, "Ben", 0x3B82F6, "paint", run_of(20, 16), "applied", UNIX_MS
                )
            ],
            True,
        ),
        wire.MomentRequest(9, 300),
        wire.MomentPart(9, 300, True, True, [UNIT], run_of(18, 16)),
        wire.MergePreviewRequest(12, run_of(40, 16), 70_000, 200),
        wire.PolicyRequest(13),
        wire.PolicyAnswer(13, "merge", False, [wire.PolicyRule("theta.paint", "", "admin")]),
        wire.InviteRequest(10, "editor", 7_200),
        wire.InviteMade(10, "editor", "AwF4", UNIX_MS),
        wire.RequestRefused(11, "NotAllowed", "only an admin makes invites"),
        wire.SnapshotOffer(12, 9, 1, b"", run_of(18, 32), run_of(42, 64)),
        wire.SnapshotRequest(12, 1),
        wire.SnapshotPart(12, 1, run_of(43, 20)),
    ]


def _of_company() -> list[wire.Message]:
    person = wire.Person(ANNA_ACTOR, ANNA.public_key, "Ánna 🦊", 0xE4572E, "editor")
    row = encode_presence(presence())
    return [
        wire.Roster([person]),
        wire.ChatLine("hello 👋"),
        wire.Chat(ANNA_ACTOR, "Ánna 🦊", 0xE4572E, "hello 👋", UNIX_MS),
        wire.PresenceUpdate(row),
        wire.PresenceBatch(row + row),
        wire.AssetPart(run_of(30, 32), 300, 256, run_of(31, 44)),
        wire.AssetReceived(run_of(30, 32), 300, True),
        wire.AssetRefused(run_of(30, 32), "UnusableAsset", "asset: version: 2; known is 1"),
        wire.AssetRequest(run_of(30, 32), 256),
        wire.AssetData(run_of(30, 32), 300, 256, b""),
    ]


def _of_state() -> list[wire.Message]:
    descriptor = '{"fields":[{"dtype":"<f4","kind":"column","name":"metres","width":3}],"name":"test.Place"}'
    return [
        state.ComponentDescriptors(1, [descriptor], run_of(50, 16)),
        state.StateFrame(70_000, 2**32 - 1, 12, True, run_of(51, 24)),
        state.StateSection(70_001, 300, run_of(52, 300)),
        state.StateAck(70_000, 2**64 - 1),
        state.CellsLeft(301, [0, 70_000]),
        state.StateChunk(1, 300, 2, 3, 0, 1, run_of(50, 16), run_of(53, 16), 40, run_of(54, 40)),
        state.StateChunksReceived(1, [0, 2]),
        state.CellHashes([state.CellHash(7, 300, run_of(55, 20))]),
    ]


def _of_ownership() -> list[wire.Message]:
    row = ownership.OwnershipRow(2**32 + 70_000, ANNA_ACTOR, 2**32 - 1, 3, 2)
    return [
        ownership.ClaimOwnership(2**32 + 70_000, 2**32 - 1, 0),
        ownership.ReleaseOwnership(2**32 + 70_000, 2**32 - 1, 3, True),
        ownership.OwnershipChanged([row, ownership.OwnershipRow(2**32 + 1, 0, 0, 1, 0)]),
        ownership.OwnershipRefused(7, 1, "held", row),
        ownership.OwnedState(70_000, 300, run_of(56, 8), run_of(57, 40)),
        ownership.SpawnEntities(3, run_of(58, 40)),
        ownership.EntitiesSpawned(3, run_of(59, 16)),
        ownership.DespawnEntities(4, run_of(59, 16)),
        ownership.EntitiesDespawned(4),
    ]


def message_vector(message: wire.Message) -> dict[str, Any]:
    """A message, its fields and its frame."""
    name = type(message).__name__
    return {
        "name": name,
        "tag": str(tag_of(name)),
        "plane": planes.PLANES[type(message)],
        "fields": plain(message),
        "frame": codec.encode(message).hex(),
    }


def _of_interest() -> list[wire.Message]:
    return [
        interest.SubscribeRegion(2, (1.5, -2.0, 40.0), 12.5),
        interest.UnsubscribeRegion(2),
        interest.SelectEntities(run_of(60, 24)),
        interest.InterestRequest(5, ANNA_ACTOR, 2**32 + 7, "editor"),
        interest.InterestAnswer(
            5, 900, -1, False, True, ["outside of the radius"], -1.0, 10.0, 0.25, 1.5, 880, 879, 899, 12, "budget"
        ),
        interest.WorldRequest(6),
        interest.WorldAnswer(
            6,
            900,
            10_001,
            [interest.WorldGroup(["theta.Pose", "theta.Shape"], 10_000)],
            [interest.WorldPeer(ANNA_ACTOR, 12, 3, 40_960, True)],
            [interest.SystemTime("simulation", "drift", 2_700, 0.5, 0.75)],
            "",
        ),
    ]
