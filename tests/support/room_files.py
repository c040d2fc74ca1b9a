"""Room files as tests read them."""

from pathlib import Path

from theta.cli.sources import room_at_one_moment
from theta.node.asset_desk import shelf_of
from theta.node.replica import Replica


def read_replica(file: Path) -> Replica:
    """The main branch, folded from the first record on, to keep when the file is closed."""
    with room_at_one_moment(file) as store:
        return Replica.from_records(store.read(), shelf_of(store.assets()))
