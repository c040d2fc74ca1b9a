"""`theta inspect`: the commands that look into the world of a room that is open."""

from typing import Annotated

import typer

LOCAL_ROOM = "http://localhost:8080"

Room = Annotated[str, typer.Argument(metavar="ROOM", help="The link to a room, or the file of one that is served now.")]
Json = Annotated[bool, typer.Option("--json", help="As one JSON object.")]

inspect = typer.Typer(
    name="inspect",
    help="Look into the world of a room that is open: what lives in it, and who is told of what.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@inspect.command()
def interest(
    entity: Annotated[str, typer.Option(metavar="ID", help="The entity's id in the room, decimal or 0x….")],
    room: Room = LOCAL_ROOM,
    peer: Annotated[
        str,
        typer.Option(
            metavar="WHO",
            help="Whom it is about: a name, or the start of an actor in hex; else you.",
            show_default=False,
        ),
    ] = "",
    scope: Annotated[
        str, typer.Option(metavar="SCOPE", help="editor: of the components that only editors get.", show_default=False)
    ] = "",
    json: Json = False,
) -> None:
    """Say why somebody is told of an entity, or why not, and what they wait for.

    It asks the room itself. Admins may ask about everybody, others about themselves; whoever serves the room is its
    admin. What `waits for` says: nothing (they have the newest), budget (others go first), acknowledgement (it is on
    its way), baseline (likewise, and whole), or relevance (they are not told of it).

    In Python, `room.room_entity(entity)` is an entity's id in the room.

    [bold]Examples[/bold]

      theta inspect interest --peer Ada --entity 4294967303

      theta inspect interest meadow.theta --peer Ada --entity 0x100000007 --scope editor

      theta inspect interest "http://localhost:9000/#invite=…" --peer 3f2a90c1 --entity 0x100000007 --json
    """
    from theta.cli.inspecting import InterestOptions, inspect_interest

    inspect_interest(InterestOptions(room, peer, entity, scope, json))


@inspect.command()
def world(room: Room = LOCAL_ROOM, json: Json = False) -> None:
    """Say what lives in a room's world, who is told how much of it, and how long its systems take. For admins.

    Entities are counted by the components that they have. Of each participant it says how many cells of at most 16
    entities they are told of, in how many of these something waits to be sent, and what the world sent them in the last
    second. Times are of the last 256 runs.

    [bold]Examples[/bold]

      theta inspect world

      theta inspect world meadow.theta --json
    """
    from theta.cli.inspecting import inspect_world

    inspect_world(room, as_json=json)
