"""`theta demo`: a room with three scripted builders in it, left open for the visitor."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.text import Text

from theta.base.errors import InvalidValue, StoreCorrupt, UsageError
from theta.cli.console import out
from theta.cli.demo.company import Built, build_together
from theta.cli.demo.script import plan_parts
from theta.cli.room_files import opened_replica
from theta.cli.serve import ServeOptions, serve
from theta.node.room import Room
from theta.session.colours import PALETTE

SECONDS_MIN, SECONDS_MAX = 1.0, 3_600.0
SEED_MAX = 2**32 - 1


@dataclass(frozen=True)
class DemoOptions:
    """The command line of `theta demo`, beside what it shares with `theta serve`."""

    seconds: float = 60.0
    seed: int = 1
    leave: bool = False


def demo(options: DemoOptions, room: ServeOptions) -> None:
    """Serve a room, let the three build in it if nobody built there yet, and keep it open until Ctrl-C.

    Raises:
        UsageError: a bad option, or a port that is taken.
        StoreError: the room file cannot be opened.
    """
    if not SECONDS_MIN <= options.seconds <= SECONDS_MAX:
        raise InvalidValue("--seconds", options.seconds, f"between {SECONDS_MIN:g} and {SECONDS_MAX:g}")
    if not 0 <= options.seed <= SEED_MAX:
        raise InvalidValue("--seed", options.seed, f"between 0 and {SEED_MAX}")
    commands, objects = built_before(room.file)
    serve(room, beside=_Show(options, room.file, commands, objects).run)


def built_before(file: Path) -> tuple[int, int]:
    """How many commands a room file holds, and how many objects they come to; none when there is no such file."""
    if not file.exists():
        return 0, 0
    try:
        with opened_replica(file, "main") as replica:
            return replica.log.command_count, replica.document.entity_count
    except StoreCorrupt:
        # `serve` says what is wrong with it, if anything is.
        return 0, 0


class _Show:
    """What goes on beside the room while it is open."""

    def __init__(self, options: DemoOptions, file: Path, commands: int, objects: int) -> None:
        self._options = options
        self._file = file
        self._commands = commands
        self._objects = objects
        self._began = 0.0
        self._styles = {
            part.name: f"bold #{PALETTE[part.identity.public_key[0] % len(PALETTE)]:06x}"
            for part in plan_parts(options.seed)
        }

    async def run(self, room: Room, url: str) -> bool:
        """Build, and return whether the room should close now."""
        if self._commands:
            out.print(f"\n  {escape(str(self._file))} is opened as it was left: {self._objects} objects.")
            out.print("  To see the three build again, name a file that is not there yet.", markup=False)
            return self._options.leave
        names = ", ".join(self._styles)
        out.print(
            f"\n  {names} come in and build for {self._options.seconds:g} s. Open the link to watch or join in.\n"
        )
        self._began = asyncio.get_running_loop().time()
        try:
            built = await build_together(
                url, room.invite("editor"), seed=self._options.seed, seconds=self._options.seconds, tell=self._tell
            )
        except UsageError as problem:
            out.print(f"\n  The builders are gone: {problem}. The room stays open.", markup=False)
            return self._options.leave
        self._print_end(built)
        return self._options.leave

    def _print_end(self, built: Built) -> None:
        out.print(f"\n  Done: {built.objects} objects, document hash {built.document_hash}.", markup=False)
        if built.skipped:
            left = "1 step was" if built.skipped == 1 else f"{built.skipped} steps were"
            out.print(f"  {left} left out, because somebody else was there first.", markup=False)
        if not self._options.leave:
            out.print("  The room stays open and is yours now. Ctrl-C closes it.", markup=False)

    def _tell(self, name: str, what: str) -> None:
        minutes, seconds = divmod(int(asyncio.get_running_loop().time() - self._began), 60)
        width = max(map(len, self._styles))
        out.print(
            Text(f"  {minutes}:{seconds:02d}  ").append(f"{name:<{width}}", self._styles[name]).append(f"  {what}")
        )
