"""Writes what both sides of a connection must have in common: spec/manifest.json (WIRE-3).

python -m tools.generate_manifest            write it
python -m tools.generate_manifest --check    exit 1 when the committed file is stale
"""

import argparse
import json
import sys
from pathlib import Path

from theta.node.protocol import manifest, protocol_hash

TARGET = Path(__file__).resolve().parents[1] / "spec/manifest.json"


def generate() -> str:
    """The manifest for people, with the protocol hash in front."""
    content = {"protocol_hash": protocol_hash().hex(), "manifest": manifest()}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or tell whether it is stale."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when the file is stale")
    parser.add_argument("--output", type=Path, default=TARGET, help="the file (default: %(default)s)")
    options = parser.parse_args(arguments)
    content = generate()
    if not options.check:
        options.output.write_text(content, encoding="utf-8")
        return 0
    current = options.output.read_text(encoding="utf-8") if options.output.exists() else None
    if current != content:
        print(f"{options.output} is stale: run make generate", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
