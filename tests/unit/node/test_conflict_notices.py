"""Both authors of a conflict are told, whoever's edit it was that lost (WIRE-32)."""

import struct

from tests.support.participants import PatchPeer
from tests.support.pump import Pump, cube
from theta.base.identifiers import entity_id
from theta.commands.governing import SetStrategy, StrategyName
from theta.editor.vocabulary import Delete, MoveVertices, Operation, Paint, Rename
from theta.node.events import ConflictFound
from theta.node.peer import Peer
from theta.wire.messages import ConflictNotice, Corrected


class _Two:
    """Ada, who folds, and a page, each with something to say to the same cube that the other has not seen."""

    def __init__(self, strategy: StrategyName = "last-writer-wins", command: str = "*") -> None:
        self.pump = Pump()
        owner = self.pump.peer("Owner", invite="", key="owner")
        self.pump.connect(owner)
        self.ada = self.pump.join("Ada")
        self.page = PatchPeer("Page", self.pump.room.invite("editor"))
        self.pump.connect(self.page)
        owner.perform(self.pump.now, [SetStrategy(command, strategy)])
        self.entity = entity_id(self.ada.perform(self.pump.now, [cube()])[0])
        self.pump.pump()

    def collide(self, ada: Operation, page: Operation) -> None:
        """Both at once; in the fold, Ada's comes first."""
        self.page.lamport += 5
        self.ada.perform(self.pump.now, [ada])
        self.page.perform(self.pump.now, page)
        self.pump.pump()

    def notice(self) -> ConflictNotice:
        """The one that the page was sent."""
        (notice,) = self.page.of(ConflictNotice)
        return notice

    def event(self) -> ConflictFound:
        """The one that Ada was told."""
        (event,) = self.pump.told(self.ada, ConflictFound)
        return event


def _top_vertex(peer: Peer, entity: bytes) -> bytes:
    mesh = peer.replica.document.mesh(entity)
    assert mesh is not None
    return mesh.vertex_ids()[0]


def _move(entity: bytes, vertex: bytes, x: float) -> MoveVertices:
    return MoveVertices(entity, vertex, struct.pack("<3d", x, 0.0, 0.0), struct.pack("<3d", x, 0.0, 0.0))


def test_wire_32_the_one_who_was_overwritten_and_the_one_who_overwrote_are_told() -> None:
    two = _Two()
    two.collide(Rename(two.entity, "hers"), Rename(two.entity, "its"))
    notice, event = two.notice(), two.event()
    assert (notice.entity, notice.strategy, notice.outcome) == (two.entity, "last-writer-wins", "applied")
    assert (notice.mine.actor, notice.mine_label) == (two.page.actor, "rename")
    assert (notice.theirs.actor, notice.their_name, notice.their_label) == (two.ada.actor, "Ada", "rename")
    assert (event.mine.name.actor, event.theirs.name.actor) == (two.ada.actor, two.page.actor)
    assert (event.outcome.kind, event.strategy.value) == ("applied", "last-writer-wins")


def test_wire_32_a_refused_command_is_told_with_whose_it_met() -> None:
    two = _Two("reject")
    two.collide(Paint(two.entity, (1.0, 0.0, 0.0)), Paint(two.entity, (0.0, 1.0, 0.0)))
    assert (two.notice().strategy, two.notice().outcome) == ("reject", "rejected")
    (corrected,) = two.page.of(Corrected)
    assert (corrected.outcome, [each.actor for each in corrected.against]) == ("rejected", [two.ada.actor])
    assert two.event().outcome.kind == "rejected"


def test_wire_32_a_merge_of_two_moves_is_told_with_the_vertex() -> None:
    two = _Two("merge")
    vertex = _top_vertex(two.ada, two.entity)
    two.collide(_move(two.entity, vertex, 0.5), _move(two.entity, vertex, 0.25))
    notice = two.notice()
    assert (notice.strategy, notice.outcome, notice.elements) == ("merge", "merged", [vertex])
    assert two.event().outcome.kind == "merged"
    assert two.page.of(Corrected) == [], "what was merged did something"


def test_wire_32_what_lost_its_object_is_told() -> None:
    two = _Two()
    two.collide(Delete(two.entity), Rename(two.entity, "gone"))
    assert (two.notice().outcome, two.notice().their_label) == ("no-op", "delete")
    (corrected,) = two.page.of(Corrected)
    assert [each.actor for each in corrected.against] == [two.ada.actor]


def test_wire_32_who_had_seen_the_other_is_in_no_conflict() -> None:
    two = _Two()
    two.ada.perform(two.pump.now, [Rename(two.entity, "hers")])
    two.pump.pump()
    two.page.perform(two.pump.now, Rename(two.entity, "its"))
    two.pump.pump()
    assert two.page.of(ConflictNotice) == []
    assert two.pump.told(two.ada, ConflictFound) == []


def test_wire_32_one_who_is_on_another_branch_is_not_told_of_this_one() -> None:
    two = _Two()
    attic = two.ada.create_branch(two.pump.now, "attic")
    two.pump.pump()
    two.ada.switch_branch(attic)
    two.pump.pump()
    two.collide(Rename(two.entity, "in the attic"), Rename(two.entity, "on main"))
    assert two.page.of(ConflictNotice) == []
    two.ada.merge_branch(two.pump.now, bytes(16))
    two.pump.pump()
    assert [event.mine.name.actor for event in two.pump.told(two.ada, ConflictFound)] == [two.ada.actor]
    assert two.page.of(ConflictNotice) == []


def test_wire_32_whose_work_a_cascade_took_is_told_by_whom_and_one_s_own_undo_is_no_news() -> None:
    two = _Two()
    two.page.perform(two.pump.now, Paint(two.entity, (0.0, 1.0, 0.0)))
    two.pump.pump()
    undo = two.ada.undo(two.pump.now, cascade=True)[0]
    two.pump.pump()
    (corrected,) = two.page.of(Corrected)
    assert (corrected.actor, corrected.outcome) == (two.page.actor, "suspended")
    assert corrected.reason == "Ada took it back, with what it was built on"
    assert [(each.actor, each.number) for each in corrected.against] == [undo]
