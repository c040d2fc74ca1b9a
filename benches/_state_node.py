"""@colyseus/schema and bitECS on Node, beside which ours is measured. Their versions are pinned in benches/node."""

import json
import statistics
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benches._state_loads import TICKS, WARM_TICKS, Load

FOLDER = Path(__file__).resolve().parent / "node"


class PeerResult(NamedTuple):
    """Medians of the ticks that count.

    Attributes:
        whole: milliseconds to write the values, find what changed, and encode it.
        encode: of these, what follows the writing.
        sent_bytes: of a tick.
    """

    whole: float
    encode: float
    sent_bytes: float


def node_results(loads: Iterable[Load]) -> dict[str, dict[str, PeerResult]]:
    """What the peers take for each load, by the load's name and then by the peer's.

    Raises:
        RuntimeError: they are not installed, or do not end with what was sent.
    """
    if not (FOLDER / "node_modules").is_dir():
        raise RuntimeError(
            "the peers on Node are not installed: `make bench-state` does it, or `npm ci` in benches/node"
        )
    with tempfile.TemporaryDirectory() as name:
        about: list[dict[str, Any]] = []
        for number, load in enumerate(loads):
            path = Path(name) / f"{number}.bin"
            path.write_bytes(load.as_bytes())
            said = {"name": load.name, "count": load.count, "changed": load.changed, "ticks": TICKS}
            about.append({**said, "file": str(path), "views": load.views})
        listing = Path(name) / "loads.json"
        listing.write_text(json.dumps(about), encoding="utf-8")
        ended = subprocess.run(
            ["node", "peers.mjs", str(listing)], cwd=FOLDER, capture_output=True, text=True, check=False
        )
    if ended.returncode:
        raise RuntimeError(f"peers.mjs failed:\n{ended.stderr[-4000:]}")
    found: dict[str, dict[str, dict[str, list[float]]]] = json.loads(ended.stdout)
    return {
        load: {
            peer: PeerResult(*(statistics.median(said[key][WARM_TICKS:]) for key in ("whole", "encode", "bytes")))
            for peer, said in peers.items()
        }
        for load, peers in found.items()
    }


def node_versions() -> str:
    """Node's and the peers' versions, as they are installed."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    versions = [f"Node {node.removeprefix('v')}"]
    for name in ("@colyseus/schema", "bitecs"):
        installed = json.loads((FOLDER / "node_modules" / name / "package.json").read_text(encoding="utf-8"))
        versions.append(f"{name} {installed['version']}")
    return ", ".join(versions)
