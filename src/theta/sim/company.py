"""What people do in company: beside edits, undo with cascade, branches, merges; and one who governs."""

import struct

from theta.base.identifiers import CommandName
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.governance import Strategy
from theta.commands.governing import ANY_COMMAND, CreateBranch, Governing, Kick, SetCascade, SetStrategy, StrategyName
from theta.editor.mesh_operations import ExtrudeFaceV3, MoveVerticesV2
from theta.editor.vocabulary import Paint
from theta.node.peer import Peer
from theta.sim.workload import RandomEdits, is_admin, pick, try_it

BRANCHES_WANTED = 4
POLICY_COMMANDS = (ANY_COMMAND, "theta.move_vertices", "theta.extrude_face", "theta.paint", "theta.rename")
STRATEGIES: tuple[StrategyName, ...] = ("last-writer-wins", "merge", "reject")


class Company:
    """RandomEdits, and every third act something that concerns others."""

    def __init__(self) -> None:
        self._edits = RandomEdits()

    def act(self, now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
        """See Workload.act."""
        choice = randomness.integer(100)
        if choice < 6:
            return try_it(lambda: peer.undo(now, cascade=True))
        if choice < 11:
            return self._fork(now, peer, randomness)
        if choice < 23:
            others = [branch for branch in _branches(peer) if branch != peer.branch]
            peer.switch_branch(pick(randomness, others or [peer.branch]))
            return []
        if choice < 28:
            return self._merge(now, peer, randomness)
        if choice < 36:
            return _contend(now, peer, randomness)
        if is_admin(peer) and (choice < 46 or not peer.replica.log.governance.commands):
            return peer.perform(now, [_governing(peer, randomness)])
        return self._edits.act(now, peer, randomness)

    def _fork(self, now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
        head = peer.replica.log.head_seq
        if not head or len(_branches(peer)) > BRANCHES_WANTED:
            return []
        fork = 1 + randomness.integer(head) if randomness.integer(2) else head
        # Names are drawn from few, so that now and then one is taken already.
        return peer.perform(now, [CreateBranch(f"branch {randomness.integer(6)}", peer.branch, fork)])

    def _merge(self, now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
        if not peer.replica.log.head_seq:
            return []
        source = pick(randomness, _branches(peer))
        strategy = None if randomness.integer(3) == 0 else Strategy(pick(randomness, STRATEGIES))
        actors = [person.actor for person in peer.people] or [peer.actor]
        dropped = [CommandName(pick(randomness, actors), 1 + randomness.integer(30))]
        return [peer.merge_branch(now, source, strategy, dropped if randomness.integer(3) == 0 else ())]


def _contend(now: Moment, peer: Peer, randomness: Randomness) -> list[CommandName]:
    """Change what everybody changes: the first vertex or face of the first object."""
    entity = next(iter(peer.replica.document.entities()), b"")
    mesh = peer.replica.document.mesh(entity)
    if mesh is None or not mesh.face_count:
        return []
    vertex, face = min(mesh.vertex_ids()), min(mesh.face_ids())
    x, y, z = mesh.position(vertex)
    step = 0.125 * (1 + randomness.integer(4))
    moved = struct.pack("<3d", x + step, y, z)
    operations = (
        MoveVerticesV2(entity, vertex, moved, struct.pack("<3d", step, 0.0, 0.0)),
        ExtrudeFaceV3(entity, face, step),
        Paint(entity, (step, step, step)),
    )
    return peer.perform(now, [pick(randomness, operations)])


def _governing(peer: Peer, randomness: Randomness) -> Governing:
    others = [person.author for person in peer.people if person.author != peer.author]
    choice = randomness.integer(8)
    if choice == 0 and others:
        return Kick(pick(randomness, others), "for the exercise")
    if choice == 1:
        return SetCascade(bool(randomness.integer(2)))
    return SetStrategy(pick(randomness, POLICY_COMMANDS), pick(randomness, STRATEGIES))


def _branches(peer: Peer) -> list[bytes]:
    return sorted(peer.replica.log.governance.branches)
