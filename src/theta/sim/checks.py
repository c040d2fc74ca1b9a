"""What must hold once the world has healed: everybody has the same document, and nothing acknowledged is lost."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from theta.base.errors import NothingToUndo, StoreCorrupt
from theta.commands.log import Command, CommandLog
from theta.commands.store import StoredRecord
from theta.ecs.world import World
from theta.editor.document import Document
from theta.editor.history import Gestures
from theta.editor.refold import refold
from theta.node.asset_shelf import AssetShelf
from theta.node.protocol import REGISTRY
from theta.node.replica import Replica
from theta.node.room import Room
from theta.sim.participant import SimulatedPeer


def commands_of(records: list[StoredRecord]) -> list[Command]:
    """The commands of a log, every signature and the chain checked.

    Raises:
        StoreCorrupt: a record does not fit; names the first.
    """
    log = CommandLog(REGISTRY)
    return [command for record in records for command in log.accept(record)]


def refolded_hash(commands: list[Command], assets: AssetShelf) -> bytes:
    """The hash of the document that a plain refold of the commands gives, with the assets that are stored."""
    document = Document(World())
    for entity, unit in refold(commands, assets).items():
        document.update(entity, unit)
    return document.hash


def unsettled(room: Room | None, peers: list[SimulatedPeer]) -> Iterator[str]:
    """What is still under way: each as a line."""
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
    if all(peer.peer.is_joined for peer in here):
        gone = {actor for peer in peers for actor in peer.actors} - {peer.actor for peer in here}
        yield from _stale_presence(room, here, gone)


def violations(
    room: Room, records: list[StoredRecord], assets: AssetShelf, peers: list[SimulatedPeer]
) -> Iterator[str]:
    """Every promise that was broken, as a line; to be asked when nothing is under way."""
    for peer in peers:
        yield from (f"{peer.name}: {complaint}" for complaint in peer.complaints)
    try:
        commands = commands_of(records)
    except StoreCorrupt as error:
        yield f"the log does not verify: {error}"
        return
    yield from _lost_or_doubled(commands, peers)
    here = [peer for peer in peers if not peer.is_away]
    yield from _different_documents(room, commands, assets, here)
    yield from _different_outcomes(room, commands, here)
    yield from _different_history(room, here)


def _different_documents(
    room: Room, commands: list[Command], assets: AssetShelf, peers: list[SimulatedPeer]
) -> Iterator[str]:
    expected = refolded_hash(commands, assets)
    if room.document_hash != expected:
        yield f"the room's document is {room.document_hash.hex()}, but the log refolds to {expected.hex()}"
    for peer in peers:
        found = peer.peer.replica.document.hash
        if found != expected:
            yield f"{peer.name}'s document is {found.hex()}, but the log refolds to {expected.hex()}"


def _lost_or_doubled(commands: list[Command], peers: list[SimulatedPeer]) -> Iterator[str]:
    times = Counter(command.name for command in commands)
    yield from (f"command {name} is in the log {count} times" for name, count in times.items() if count > 1)
    for peer in peers:
        for name in sorted(peer.acknowledged - times.keys()):
            yield f"{peer.name}'s command {name} was acknowledged and is not in the log"
        for name in sorted(peer.performed - peer.acknowledged - times.keys()):
            yield f"{peer.name}'s command {name} was performed, never refused, and is not in the log"


def _different_outcomes(room: Room, commands: list[Command], peers: list[SimulatedPeer]) -> Iterator[str]:
    for command in commands:
        expected = room.replica.fold.outcome(command.name)
        for peer in peers:
            found = peer.peer.replica.fold.outcome(command.name)
            if found != expected:
                yield f"command {command.name} is {found} at {peer.name}, but {expected} in the room"


def _different_history(room: Room, peers: list[SimulatedPeer]) -> Iterator[str]:
    for peer in peers:
        author = peer.peer.settings.identity.public_key
        here, there = peer.peer.replica, room.replica
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
