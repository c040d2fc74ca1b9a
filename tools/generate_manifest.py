"""Writes what both sides of a connection must have in common: spec/manifest.json (WIRE-3).

python -m tools.generate_manifest            write it
python -m tools.generate_manifest --check    exit 1 when the committed file is stale
"""

import json
import sys
from pathlib import Path

from theta.node.protocol import manifest, protocol_hash
from tools.generated import write_or_check

TARGET = Path(__file__).resolve().parents[1] / "spec/manifest.json"


def generate() -> str:
    """The manifest for people, with the protocol hash in front."""
    content = {"protocol_hash": protocol_hash().hex(), "manifest": manifest()}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or tell whether it is stale."""
    description = (__doc__ or "").split("\n")[0]
    return write_or_check(description, TARGET, generate, "make generate", arguments)


if __name__ == "__main__":
    sys.exit(main())
