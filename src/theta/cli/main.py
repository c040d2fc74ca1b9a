"""The command line, command by command; each is explained with examples by `theta COMMAND --help`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from theta import __version__
from theta.base.errors import ThetaError
from theta.cli.console import out, report

app = typer.Typer(
    name="theta",
    help="Build 3D worlds together, in a browser and in Python, on your own machine.\n\n"
    "[bold]theta serve[/bold] opens a room and prints the link to it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


class Level(StrEnum):
    """How much is logged."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


class Format(StrEnum):
    """How it is written."""

    text = "text"
    json = "json"


RoomFile = Annotated[Path, typer.Argument(metavar="FILE.theta", help="The room's file.", show_default=False)]


def run() -> None:
    """Run the command line, and exit with 0, 1 (it failed) or 2 (it was asked wrongly)."""
    try:
        app()
    except ThetaError as error:
        sys.exit(report(error))


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"theta {__version__}")
        raise typer.Exit


@app.callback()
def _theta(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    file: Annotated[Path, typer.Argument(metavar="FILE.theta", help="The room's file, made when missing.")] = Path(
        "studio.theta"
    ),
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 means all of them.")] = "localhost",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 means any free one.")] = 8080,
    name: Annotated[
        str | None, typer.Option(help="What people call the room; the file's name by default.", show_default=False)
    ] = None,
    log_level: Annotated[Level, typer.Option(help="How much is logged, on stderr.")] = Level.warning,
    log_format: Annotated[Format, typer.Option(help="Lines of key=value, or of JSON.")] = Format.text,
) -> None:
    """Open a room and print the link to it.

    Everything that people build is kept in one file. Ctrl-C closes the room; the next start goes on where it was.

    [bold]Examples[/bold]

      theta serve

      theta serve castle.theta --name "The castle" --port 9000

      theta serve --log-level info --log-format json 2> castle.log
    """
    from theta.cli.serve import ServeOptions
    from theta.cli.serve import serve as serve_room

    serve_room(ServeOptions(file, host, port, name, log_level.value, log_format.value))


@app.command()
def info(file: RoomFile) -> None:
    """Say what is in a room: counts, people, head and document hash. Safe on a live room.

    [bold]Example[/bold]

      theta info studio.theta
    """
    from theta.cli.room_files import info as print_info

    print_info(file)


@app.command()
def verify(
    file: RoomFile,
    head: Annotated[
        str,
        typer.Option(metavar="HASH", help="A head that you know: the log must contain it.", show_default=False),
    ] = "",
) -> None:
    """Check a room's file: who made what, in which order, and what it folds to. Safe on a live room.

    Every packet's signature, every session and head that the room signed, the chain that binds them, and the document
    hash are checked; the first bad record is named. Records cut off at the end leave no trace in a file: only a head
    that you noted earlier (`theta info` prints it) can show that they are gone.

    [bold]Examples[/bold]

      theta verify studio.theta

      theta verify studio.theta --head 5f0c…
    """
    from theta.cli.verify import verify as verify_file

    raise typer.Exit(verify_file(file, head))


@app.command()
def export(
    file: RoomFile,
    out_glb: Annotated[
        Path, typer.Argument(metavar="OUT.glb", help="The file to write; replaced when it exists.", show_default=False)
    ],
) -> None:
    """Write what is in a room as binary glTF, for any 3D program. Safe on a live room.

    [bold]Example[/bold]

      theta export studio.theta room.glb
    """
    from theta.cli.room_files import export as export_file

    export_file(file, out_glb)


@app.command()
def backup(
    file: RoomFile,
    copy: Annotated[
        Path, typer.Argument(metavar="COPY", help="The file to write; must not exist.", show_default=False)
    ],
    key: Annotated[bool, typer.Option(help="Copy the room's key too, as COPY.key.")] = True,
) -> None:
    """Copy a room, also while it is open. The copy is checked before it gets its name.

    The key beside the file makes the room itself: with it, the copy can be served as the same room. Leave it out of a
    copy that you hand to somebody else.

    [bold]Examples[/bold]

      theta backup studio.theta /backups/studio-monday.theta

      theta backup studio.theta for-a-friend.theta --no-key
    """
    from theta.cli.room_files import back_up

    back_up(file, copy, with_key=key)
