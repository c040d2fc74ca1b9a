"""What must hold once the world has healed: everybody has the same document, and nothing acknowledged is lost."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from theta.base.errors import NothingToUndo, StoreCorrupt
from theta.base.identifiers import MAIN_BRANCH, CommandName
from theta.commands.log import Command, CommandLog
from theta.commands.store import StoredRecord
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.history import Gestures
from theta.editor.judging import LogJudge
from theta.editor.refold import refold_all
from theta.editor.unit import Outcome
from theta.node.asset_shelf import AssetShelf
from theta.node.protocol import REGISTRY
from theta.node.replica import Replica
from theta.node.room import Room
from theta.sim.participant import SimulatedPeer


class Expected(NamedTuple):
    """What a branch of a log has to come to, by a plain refold of its commands."""

    document_hash: bytes
    outcomes: dict[CommandName, Outcome]


def log_of(records: list[StoredRecord]) -> tuple[CommandLog, list[Command]]:
    """A log with its commands, every signature and the chain checked.

    Raises:
        StoreCorrupt: a record does not fit; names the first.
    """
    log = CommandLog(REGISTRY)
    return log, [command for record in records for command in log.accept(record)]


def refolded(log: CommandLog, commands: list[Command], branch: bytes, assets: AssetShelf) -> Expected:
    """What a plain refold of a branch's commands gives, with the assets that are stored."""
    governance = log.governance
    held = governance.vector(branch, log.head_seq)
    judge = LogJudge(governance, branch)
    own = [command for command in commands if command.seq <= held.get(command.branch, 0)]
    found = refold_all(own, assets, judge, governance.dropped(branch, log.head_seq))
    document = Document(World())
    for entity, unit in found.units.items():
        if unit.exists:
            document.update(entity, unit)
    return Expected(document.hash, found.outcomes)


def unsettled(room: Room | None, peers: list[SimulatedPeer], *, shown: bool = True) -> Iterator[str]:
    """What is still under way: each as a line; whether everybody is seen where they are, if they should be `shown`."""
    if room is None:
        yield "the room is down"
        return
    head = room.replica.log.head_seq
    if room.head_seq != head:
        yield f"the room's records {room.head_seq + 1} to {head} are not durable"
    here = [peer for peer in peers if not peer.is_away]
    for peer in here:
        if not peer.peer.is_joined:
            yield f"{peer.name} is not connected"
        elif peer.peer.unacknowledged:
            yield f"{peer.name} waits for {peer.peer.unacknowledged} acknowledgements"
        elif peer.peer.unfinished_uploads:
            yield f"{peer.name} has {peer.peer.unfinished_uploads} assets that are not stored"
        elif peer.peer.replica.log.head_seq != head:
            yield f"{peer.name} has {peer.peer.replica.log.head_seq} of {head} records"
    if shown and all(peer.peer.is_joined for peer in here):
        gone = {actor for peer in peers for actor in peer.actors} - {peer.actor for peer in here}
        yield from _stale_presence(room, here, gone)


def violations(
    room: Room, records: list[StoredRecord], assets: AssetShelf, peers: list[SimulatedPeer]
) -> Iterator[str]:
    """Every promise that was broken, as a line; to be asked when nothing is under way."""
    for peer in peers:
        yield from (f"{peer.name}: {complaint}" for complaint in peer.complaints)
    try:
        log, commands = log_of(records)
    except StoreCorrupt as error:
        yield f"the log does not verify: {error}"
        return
    yield from _lost_or_doubled(commands, peers)
    here = [peer for peer in peers if not peer.is_away]
    for branch in sorted({MAIN_BRANCH, *(peer.peer.branch for peer in here)}):
        kept = room.replica_of(branch)
        if kept is None:
            yield f"the room does not keep branch {branch.hex()}, which somebody is on"
            continue
        expected = refolded(log, commands, branch, assets)
        replicas = [("the room", kept)]
        replicas += [(peer.name, peer.peer.replica) for peer in here if peer.peer.branch == branch]
        for name, replica in replicas:
            yield from _different(name, replica, branch, expected)
        yield from _different_history(kept, [peer for peer in here if peer.peer.branch == branch])


def _different(name: str, replica: Replica, branch: bytes, expected: Expected) -> Iterator[str]:
    where = "" if branch == MAIN_BRANCH else f" of branch {branch.hex()}"
    found = replica.document.hash
    if (found, replica.branch) != (expected.document_hash, branch):
        yield f"{name}'s document{where} is {found.hex()}, but the log refolds to {expected.document_hash.hex()}"
    old = replica.fold.base.numbers
    for command, outcome in expected.outcomes.items():
        told = replica.fold.outcome(command)
        if told is None and command.number <= old.get(command.actor, 0):
            continue  # it is below what the fold began with, where only units are known
        if told != outcome:
            yield f"command {command} is {told} at {name}{where}, but a refold says {outcome}"


def _lost_or_doubled(commands: list[Command], peers: list[SimulatedPeer]) -> Iterator[str]:
    times = Counter(command.name for command in commands)
    yield from (f"command {name} is in the log {count} times" for name, count in times.items() if count > 1)
    for peer in peers:
        for name in sorted(peer.acknowledged - times.keys()):
            yield f"{peer.name}'s command {name} was acknowledged and is not in the log"
        for name in sorted(peer.performed - peer.acknowledged - times.keys()):
            yield f"{peer.name}'s command {name} was performed, never refused, and is not in the log"


def _different_history(there: Replica, peers: list[SimulatedPeer]) -> Iterator[str]:
    for peer in peers:
        author = peer.peer.settings.identity.public_key
        here = peer.peer.replica
        for step in ("next_undo", "next_redo"):
            if _step(here, step, author) != _step(there, step, author):
                yield f"{peer.name}'s {step} is another one than in the room"


def _step(replica: Replica, step: str, author: bytes) -> Gestures:
    """The author's next undo or redo; empty when there is none."""
    history = replica.history
    try:
        return history.next_undo(author) if step == "next_undo" else history.next_redo(author)
    except NothingToUndo:
        return ()


def _stale_presence(room: Room, peers: list[SimulatedPeer], gone: set[int]) -> Iterator[str]:
    present = {person.actor for person in room.people}
    for peer in peers:
        seen = {person.actor for person in peer.peer.people}
        if seen != present:
            yield f"{peer.name} sees {len(seen)} people, but {len(present)} are in the room"
        for actor in sorted(gone):
            if peer.peer.presence_of(actor) is not None:
                yield f"{peer.name} sees the presence of actor {actor}, who has left"
        for other in peers:
            row = peer.peer.presence_of(other.actor)
            if other is peer or other.shown is None:
                continue
            if row is None or replace(row, actor=0, sequence=0) != replace(other.shown, actor=0, sequence=0):
                yield f"{peer.name} does not see where {other.name} is"
