"""Rooms whose traffic can be made again: the golden ones, and such as are played in the simulator."""

from pathlib import Path
from typing import NamedTuple

from theta.adapters.sqlite_store import SqliteLogStore
from theta.commands.store import LogSource
from theta.node.asset_desk import shelf_of
from theta.node.asset_shelf import AssetShelf
from theta.node.catch_up import whole_document
from theta.node.recorded_traffic import Said, recorded_traffic
from theta.node.replica import Replica
from theta.sim import CALM, Simulation
from theta.wire.codec import encode

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
PLAYED_SECONDS = 25.0
QUIET_SECONDS_MAX = 60.0


class RecordedRoom(NamedTuple):
    """The frames of a room's commits, in order, and those of its document at the end."""

    name: str
    said: list[Said]
    document: list[bytes]

    @property
    def to_pages(self) -> list[bytes]:
        return [each.patches for each in self.said]

    @property
    def to_peers(self) -> list[bytes]:
        return [each.records for each in self.said]


def golden(name: str) -> RecordedRoom:
    store = SqliteLogStore.open_read_only(GOLDEN / f"{name}.theta")
    try:
        return _recorded(f"golden {name}", store, shelf_of(store.assets()))
    finally:
        store.close()


def played(seed: int) -> RecordedRoom:
    """Four people who build for a while, each at a few edits a second, on good links."""
    simulation = Simulation(seed, CALM)
    simulation.run(PLAYED_SECONDS)
    simulation.heal()
    simulation.run_until_quiet(QUIET_SECONDS_MAX)
    disk = simulation.host.disk
    return _recorded(f"simulated, seed {seed}", disk, shelf_of(disk.assets()))


def _recorded(name: str, source: LogSource, shelf: AssetShelf) -> RecordedRoom:
    records = list(source.read())
    said = list(recorded_traffic(records, source, shelf))
    replica = Replica.from_records(records, shelf)
    return RecordedRoom(name, said, [encode(part) for part in whole_document(replica)])
