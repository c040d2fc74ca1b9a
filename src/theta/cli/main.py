"""The command line, command by command; each is explained with examples by `theta COMMAND --help`."""

import inspect
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from theta import __version__
from theta.base.errors import ThetaError
from theta.cli.console import out, report
from theta.cli.inspect_commands import inspect as inspect_commands
from theta.cli.room_commands import branch as branch_commands
from theta.cli.room_commands import register

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


BranchName = Annotated[
    str,
    typer.Option(
        "--branch",
        metavar="NAME",
        help="Of this branch; else of the one chosen by `theta branch switch`, or the main one.",
    ),
]
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
    host: Annotated[
        str | None, typer.Option(help="The only address to listen on; every one by default.", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option(help="The port to listen on; 0 means any free one.")] = 8080,
    name: Annotated[
        str | None, typer.Option(help="What people call the room; the file's name by default.", show_default=False)
    ] = None,
    lan: Annotated[
        bool, typer.Option("--lan/--no-lan", help="Let other devices on the network in, over HTTPS.")
    ] = True,
    cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A certificate of yours (PEM, with its chain).", show_default=False),
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key (PEM).", show_default=False)] = None,
    quic: Annotated[bool, typer.Option("--quic/--no-quic", help="Serve Python peers over QUIC too.")] = True,
    qr: Annotated[bool, typer.Option("--qr/--no-qr", help="Print a QR code of the link, on a terminal.")] = True,
    dictionary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compress with it; see `theta train-dictionary`.", show_default=False),
    ] = None,
    ice: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="STUN and TURN servers to tell people of; TOML or JSON.", show_default=False),
    ] = None,
    signal: Annotated[
        str | None,
        typer.Option(metavar="LINK", help="Be found at this signalling server as well.", show_default=False),
    ] = None,
    world: Annotated[
        Path | None,
        typer.Option(metavar="FILE.py", help="Python that makes the room's world, as above.", show_default=False),
    ] = None,
    heartbeat: Annotated[
        float, typer.Option(metavar="SECONDS", help="How often people are asked for a sign of life; 0.25 to 4.")
    ] = 2.0,
    log_level: Annotated[Level, typer.Option(help="How much is logged, on stderr.")] = Level.warning,
    log_format: Annotated[Format, typer.Option(help="Lines of key=value, or of JSON.")] = Format.text,
) -> None:
    """Open a room and print the links to it.

    Everything that people build is kept in one file. Ctrl-C closes the room; the next start goes on where it was.

    On this machine the page is at http://localhost; other devices, a headset for one, come in over HTTPS on the same
    port. The certificate for that is made here, so their browser warns once; what is printed says how to go on.

    [bold]Examples[/bold]

      theta serve

      theta serve castle.theta --name "The castle" --port 9000

      theta serve --no-lan

      theta serve --cert studio.example.org.pem --key studio.example.org.key

      theta serve castle.theta --dictionary castle.dictionary

      theta serve meadow.theta --world garden.py

      theta serve --log-level info --log-format json 2> castle.log

    [bold]A world of your own[/bold]

    With --world the room runs a Python file and shows everybody what lives in it. The file makes a `theta.World` called
    `world`. What has a theta.Pose and a theta.Shape is drawn on the page; systems that are added to `world.schedule`
    move it. For example, garden.py:

      import theta
      from theta import Pose, Shape, ShapeKind, Stage, system

      @system(Stage.SIMULATION, writes=(Pose,))
      def rise(world, seconds):
          for _, (pose,) in world.query_mut(Pose):
              pose["translation"][:, 1] += 0.1 * seconds

      world = theta.World()
      world.spawn(Pose((0.0, 0.0, -1.0)), Shape(ShapeKind.SPHERE, (0.3, 0.3, 0.3), (255, 120, 0)))
      world.schedule.add(rise)

    It runs in the room's own process with all that you may do: take world files only from people you trust. The world
    is not kept in the room's file; with each start it begins anew.
    """
    from theta.cli.serve import ServeOptions
    from theta.cli.serve import serve as serve_room

    place, tls = (file, host, port, name), (lan, cert, key)
    serve_room(
        ServeOptions(
            *place, log_level.value, log_format.value, *tls, quic, qr, dictionary, ice, signal, world, heartbeat
        )
    )


@app.command()
def signal(
    host: Annotated[str, typer.Option(help="The only address to listen on; every one by default.")] = "",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 means any free one.")] = 8090,
    ice: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="STUN and TURN servers to tell people of; TOML or JSON.", show_default=False),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Pages of this origin may connect; again for more.", show_default=False),
    ] = None,
    room: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this room; again for more. Any by default.", show_default=False),
    ] = None,
    cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A certificate of yours (PEM, with its chain).", show_default=False),
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key (PEM).", show_default=False)] = None,
    log_level: Annotated[Level, typer.Option(help="How much is logged, on stderr.")] = Level.warning,
    log_format: Annotated[Format, typer.Option(help="Lines of key=value, or of JSON.")] = Format.text,
) -> None:
    """Run a signalling server: rooms and guests that cannot reach each other meet there and agree on a way.

    Nothing of a room passes through it but what two sides need to find each other, and nothing is kept. Only who has a
    room's key can be its host. `theta serve` has one for its own room.

    [bold]Examples[/bold]

      theta signal

      theta signal --cert signal.example.org.pem --key signal.example.org.key --port 443 --ice servers.toml

      theta signal --origin https://studio.example.org
    """
    from theta.cli.signaling import SignalOptions
    from theta.cli.signaling import signal as run_signaling

    allowed = (tuple(origin or ()), tuple(room or ()))
    run_signaling(SignalOptions(host, port, ice, *allowed, cert, key, log_level.value, log_format.value))


@app.command()
def doctor(
    link: Annotated[
        str, typer.Argument(metavar="LINK", help="A room's link; without, only this machine is looked at.")
    ] = "",
    port: Annotated[int, typer.Option(help="The port that a room is to have on this machine.")] = 8080,
    ice: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="STUN and TURN servers to try; TOML or JSON.", show_default=False),
    ] = None,
    signal: Annotated[
        str | None,
        typer.Option(metavar="LINK", help="A signalling server to try, and to meet the room at.", show_default=False),
    ] = None,
    relay_only: Annotated[bool, typer.Option("--relay-only", help="WebRTC by TURN alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with all that was found.")] = False,
) -> None:
    """Find out what is wrong with the network: on this machine, and on the way to a room.

    Each line is a check, with what was seen, and the way out where something is wrong. Nothing takes longer than ten
    seconds. With a link the doctor comes in as a guest by each transport, which leaves one session in the room's log.
    The exit code is 1 when there is a problem.

    [bold]Examples[/bold]

      theta doctor

      theta doctor "https://192.168.1.5:8080/#invite=…"

      theta doctor --ice servers.toml

      theta doctor "https://studio.example.org/#invite=…" --signal https://signal.example.org --relay-only --json
    """
    from theta.cli.doctor import DoctorOptions, examine_network

    raise typer.Exit(examine_network(DoctorOptions(link, port, ice, signal, relay_only, as_json)))


@app.command()
def headset(
    port: Annotated[int, typer.Option(help="The port of a room that runs on this machine.")] = 8080,
    adb: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Where adb is; looked up by default.", show_default=False)
    ] = None,
    serial: Annotated[
        str, typer.Option(metavar="SERIAL", help="Which device, when several are there.", show_default=False)
    ] = "",
) -> None:
    """Open the room in a headset that is plugged in by USB: no address to type, no certificate to tap through.

    It takes adb, and a headset in developer mode that allows USB debugging from this machine. The headset reaches the
    room as http://localhost, through the cable.

    [bold]Examples[/bold]

      theta headset

      theta headset --port 9000 --adb ~/platform-tools/adb
    """
    from theta.cli.headset import open_in_headset

    open_in_headset(port, adb, serial)


@app.command()
def demo(
    file: Annotated[Path, typer.Argument(metavar="FILE.theta", help="The room's file, made when missing.")] = Path(
        "demo.theta"
    ),
    seconds: Annotated[float, typer.Option(help="How long the building takes.")] = 60.0,
    seed: Annotated[
        int, typer.Option(help="Another number, another cottage; the same number, the same to the bit.")
    ] = 1,
    port: Annotated[int, typer.Option(help="The port to listen on; 0 means any free one.")] = 8080,
    lan: Annotated[
        bool, typer.Option("--lan/--no-lan", help="Let other devices on the network in, over HTTPS.")
    ] = True,
    qr: Annotated[bool, typer.Option("--qr/--no-qr", help="Print a QR code of the link, on a terminal.")] = True,
    leave: Annotated[bool, typer.Option("--exit", help="Close the room when the cottage is built.")] = False,
) -> None:
    """Open a room in which three scripted builders make a cottage, and leave it to you.

    Ada, Grace and Linus come in as anybody does, over the network, each with a key and an undo stack of their own. Open
    the link to watch them, and to join in: what you change, they leave alone. When they are done they go, and the room
    stays open until Ctrl-C. A file in which something was built already is opened as it was left.

    [bold]Examples[/bold]

      theta demo

      theta demo village.theta --seed 7 --seconds 120

      theta demo --no-lan --port 0 --seconds 5 --exit
    """
    from theta.cli.demo.command import DemoOptions
    from theta.cli.demo.command import demo as run_demo
    from theta.cli.serve import ServeOptions

    run_demo(DemoOptions(seconds, seed, leave), ServeOptions(file, port=port, lan=lan, qr=qr))


@app.command()
def info(file: RoomFile, branch: BranchName = "") -> None:
    """Say what is in a room: counts, people, head and document hash. Safe on a live room.

    [bold]Examples[/bold]

      theta info studio.theta

      theta info studio.theta --branch draft
    """
    from theta.cli.room_files import info as print_info

    print_info(file, branch)


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
def log(
    file: RoomFile,
    author: Annotated[
        str, typer.Option(metavar="WHO", help="Only what this person did: a name, or the start of a key.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="WHEN", help="From then on: 2h, 14:05, 2026-11-26, or a record's number.")
    ] = "",
    entity: Annotated[
        str, typer.Option(metavar="WHAT", help="Only what was done to this object: a name, or the start of its id.")
    ] = "",
    branch: Annotated[str, typer.Option(metavar="NAME", help="Only what was done on this branch.")] = "",
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="Only the last N of all that.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with every command in it.")] = False,
    relative: Annotated[bool, typer.Option("--relative", help="Say how long ago it was, not when.")] = False,
    outcomes: Annotated[
        bool, typer.Option("--outcomes/--no-outcomes", help="Say what became of it; without, nothing is folded.")
    ] = True,
) -> None:
    """Say who did what and when, and what became of it; oldest first. Safe on a live room.

    A line is one gesture, press to release, with the record that it begins in. What was undone since, had no effect,
    was refused by the room's strategy or met somebody else's work says so. Times are this machine's; JSON has UTC.

    [bold]Examples[/bold]

      theta log studio.theta

      theta log studio.theta --author Ada --since 2h

      theta log studio.theta --entity tower --limit 20 --relative

      theta log studio.theta --json | jq 'select(.outcome == "rejected")'
    """
    from theta.cli.log import LogOptions, show_log

    show_log(LogOptions(file, author, since, entity, branch, limit, json, relative, outcomes))


@app.command()
def replay(
    file: RoomFile,
    at: Annotated[
        str, typer.Option(metavar="WHEN", help="A record's number, or a time: 14:05, 2026-11-26, 2h ago; else the end.")
    ] = "",
    branch: BranchName = "",
    copy: Annotated[
        Path | None,
        typer.Option("--out", metavar="COPY", help="Write the log up to then as a file.", show_default=False),
    ] = None,
    glb: Annotated[
        Path | None,
        typer.Option("--export", metavar="OUT.glb", help="Write what was there as binary glTF.", show_default=False),
    ] = None,
) -> None:
    """Rebuild a room as it was at any moment, and say what was in it. Safe on a live room.

    What is written with --out is the log itself up to then: it can be read, verified and exported, but it has no key,
    so that it cannot be opened as the room.

    [bold]Examples[/bold]

      theta replay studio.theta --at 120

      theta replay studio.theta --at "2026-11-26 14:05" --export before.glb

      theta replay studio.theta --at 2h --out earlier.theta
    """
    from theta.cli.replay import ReplayOptions
    from theta.cli.replay import replay as replay_file

    replay_file(ReplayOptions(file, at, branch, copy, glb))


@app.command()
def export(
    file: RoomFile,
    out_glb: Annotated[
        Path, typer.Argument(metavar="OUT.glb", help="The file to write; replaced when it exists.", show_default=False)
    ],
    branch: BranchName = "",
) -> None:
    """Write what is in a room as binary glTF, for any 3D program. Safe on a live room.

    The polygons are in it too, with who made them, so that `theta import` brings back exactly what was there.

    [bold]Example[/bold]

      theta export studio.theta room.glb
    """
    from theta.cli.room_files import export as export_file

    export_file(file, out_glb, branch)


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A GLB, glTF or OBJ file.", exists=True, dir_okay=False, show_default=False
        ),
    ],
    room: Annotated[
        str, typer.Option(metavar="LINK", help="The room's link, as people join by it.")
    ] = "http://localhost:8080",
    name: Annotated[str, typer.Option(help="What others in the room see.")] = "import",
    branch: BranchName = "",
) -> None:
    """Put a model into a room that is open, as one step for undo.

    A file that Theta wrote gives back its polygons, ids and attributes, unless another program changed it; what of any
    other file could not be taken as it is, is said.

    [bold]Examples[/bold]

      theta import vase.glb

      theta import chair.obj --room "https://192.168.1.5:8080/#K7QM-2RWD"
    """
    from theta.cli.importing import import_into

    import_into(room, file, name, branch)


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


@app.command()
def compact(
    file: RoomFile,
    copy: Annotated[
        Path, typer.Argument(metavar="COPY", help="The file to write; must not exist.", show_default=False)
    ],
    keep_apart: Annotated[
        bool, typer.Option("--keep-apart", help="Also when branches hold work that could never be merged then.")
    ] = False,
) -> None:
    """Write a room as it is now to a new file, without its history. The room must be closed; its file stays as it is.

    What is there stays, on every branch; nothing that was done before can be undone in the new file, or merged, and
    who did it is not in it. The room's key signs what the old records came to, so that `theta verify` can vouch for
    that and for all that follows.

    Work on a branch that the main one does not have is refused: merge it first, or say that it is to stay apart.

    [bold]Examples[/bold]

      theta compact studio.theta studio-small.theta

      theta compact studio.theta studio-small.theta --keep-apart
    """
    from theta.cli.compacting import compact as compact_file

    compact_file(file, copy, keep_apart=keep_apart)


@app.command("train-dictionary")
def train_dictionary(
    file: RoomFile,
    target: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="NAME.dictionary",
            help="The file to write; FILE.dictionary by default.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[int, typer.Option(metavar="BYTES", help="How large it may get.")] = 8_192,
) -> None:
    """Learn from a room how to send less, and write that as a dictionary for `theta serve --dictionary`.

    A room compresses what it sends to pages and to Python peers. A change of a few hundred bytes has little in itself
    to refer to; a dictionary is what such changes have in common, and both sides hold it. The room gives it to
    everybody who joins, once. What it learns from are the changes in the log, made into messages again; some are left
    out, and what is printed was measured on those. It pays in a room with many small changes. Safe on a live room.

    It holds pieces of the room that it was trained on, such as names and keys. Whoever joins a room that uses it can
    read them.

    [bold]Examples[/bold]

      theta train-dictionary castle.theta

      theta train-dictionary castle.theta --out small.dictionary --size 4096

      theta serve castle.theta --dictionary castle.dictionary
    """
    from theta.cli.training import TrainingOptions
    from theta.cli.training import train_dictionary as train

    train(TrainingOptions(file, target, size))


def flowing(text: str) -> str:
    """The text with each paragraph on one line, so that the terminal alone breaks it; examples stay as they are."""
    return "\n\n".join(each if each.startswith(" ") else each.replace("\n", " ") for each in text.split("\n\n"))


PANELS = {
    "Rooms": (
        "serve",
        "signal",
        "doctor",
        "headset",
        "demo",
        "import",
        "export",
        "backup",
        "compact",
        "train-dictionary",
    ),
    "What is in them, and what happened": ("info", "verify", "log", "replay"),
    "Who comes in, and who decides": ("invite", "role", "kick", "revoke", "policy"),
}
"""Which commands `theta --help` shows together."""


def panel_of(name: str) -> str:
    """The heading under which a command is shown."""
    return next(panel for panel, names in PANELS.items() if name in names)


register(app)
app.add_typer(inspect_commands, rich_help_panel="What is in them, and what happened")
groups = (*branch_commands.registered_commands, *inspect_commands.registered_commands)
for command in (*app.registered_commands, *groups):
    command.help = flowing(inspect.getdoc(command.callback) or "")
for command in app.registered_commands:
    command.rich_help_panel = panel_of(str(command.name or getattr(command.callback, "__name__", "")))
