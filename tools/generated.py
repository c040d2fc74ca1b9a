"""The command line of a generator of one file: write it, or tell whether it is stale."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path


def write_or_check(
    description: str, target: Path, generate: Callable[[], str], remedy: str, arguments: list[str] | None
) -> int:
    """Write what `generate` makes, or with --check return 1 when the file is another.

    Args:
        description: what --help says.
        target: the file when --output names no other.
        generate: makes the content.
        remedy: the command that makes a stale file fresh.
        arguments: the command line without the program's name; None takes sys.argv's.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="exit 1 when the file is stale")
    parser.add_argument("--output", type=Path, default=target, help="the file (default: %(default)s)")
    options = parser.parse_args(arguments)
    content = generate()
    if not options.check:
        options.output.write_text(content, encoding="utf-8")
        return 0
    current = options.output.read_text(encoding="utf-8") if options.output.exists() else None
    if current != content:
        print(f"{options.output} is stale: run {remedy}", file=sys.stderr)
        return 1
    return 0
