"""The commands that act in a room, live or in its file: invites, roles, policies, branches."""

from typing import Annotated

import typer

Room = Annotated[str, typer.Argument(metavar="ROOM", help="The room's file, or the link to it.", show_default=False)]
Who = Annotated[
    str, typer.Argument(metavar="WHO", help="A name, or the start of a key (`theta info`).", show_default=False)
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why, for them to read.", show_default=False)]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The branch.", show_default=False)]

branch = typer.Typer(
    name="branch",
    help="Lines of a room's history, to work on apart and to bring together again.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


def invite(
    room: Room,
    role: Annotated[str, typer.Option(help="viewer, editor or admin.")] = "editor",
    expires: Annotated[
        str, typer.Option(metavar="SPAN", help="How long it lets people in: 30min, 2h, 7d, or never to end.")
    ] = "7d",
    address: Annotated[
        str, typer.Option(metavar="URL", help="Where the room is reached, for the link.", show_default=False)
    ] = "",
) -> None:
    """Make a link for others, with a role and an end. On the machine that has the room's key, or by an admin.

    Who is in when it ends stays in. The links that `theta serve` prints don't end.

    [bold]Examples[/bold]

      theta invite studio.theta --role viewer --expires 2h

      theta invite "http://localhost:8080/#invite=…" --role admin --expires 30min

      theta invite studio.theta --address https://192.168.1.5:8080
    """
    from theta.cli.inviting import InviteOptions
    from theta.cli.inviting import invite as make_invite

    make_invite(InviteOptions(room, role, expires, address))


def role(
    room: Room,
    who: Who,
    role: Annotated[
        str, typer.Argument(metavar="[ROLE]", help="viewer, editor or admin; without, it is only said.")
    ] = "",
) -> None:
    """Make somebody a viewer, an editor or an admin, whatever their invite says. The room's owner stays admin.

    [bold]Examples[/bold]

      theta role studio.theta Bob viewer

      theta role studio.theta 3f2a90c1
    """
    from theta.cli.governing import set_role

    set_role(room, who, role)


def kick(room: Room, who: Who, reason: Reason = "") -> None:
    """Close every session of somebody. With an invite they may come back; `theta revoke` keeps them out.

    [bold]Example[/bold]

      theta kick studio.theta Bob --reason "take a break"
    """
    from theta.cli.governing import kick as kick_somebody

    kick_somebody(room, who, reason)


def revoke(
    room: Room,
    who: Who,
    reason: Reason = "",
    restore: Annotated[bool, typer.Option("--restore", help="Let them in again.")] = False,
) -> None:
    """Refuse somebody's key from now on, or let it in again. What they made stays.

    [bold]Examples[/bold]

      theta revoke studio.theta 3f2a90c1 --reason spam

      theta revoke studio.theta 3f2a90c1 --restore
    """
    from theta.cli.governing import revoke as revoke_key

    revoke_key(room, who, reason, restore=restore)


def policy(
    room: Room,
    command: Annotated[
        str, typer.Option(metavar="TYPE", help="The type of command that it is about, as move_vertices; * is all.")
    ] = "*",
    strategy: Annotated[
        str,
        typer.Option(help="last-writer-wins, merge or reject: what two changes at once come to.", show_default=False),
    ] = "",
    role: Annotated[
        str, typer.Option(help="The least role that may use the type of command.", show_default=False)
    ] = "",
    cascade: Annotated[
        bool | None,
        typer.Option("--cascade/--no-cascade", help="Whether undo may take others' work with it.", show_default=False),
    ] = None,
) -> None:
    """Say how a room decides: when two people change the same thing at once, who may use what, and about undo.

    With no option it only says what is so. What was decided before stays as it was decided.

    [bold]Examples[/bold]

      theta policy studio.theta

      theta policy studio.theta --strategy merge --command move_vertices

      theta policy studio.theta --command delete --role admin --no-cascade
    """
    from theta.cli.governing import PolicyOptions
    from theta.cli.governing import policy as set_policy

    set_policy(PolicyOptions(room, command, strategy, role, cascade))


@branch.command("list")
def list_(room: Room) -> None:
    """Say which branches there are, and where each begins; the star is at the one chosen.

    [bold]Example[/bold]

      theta branch list studio.theta
    """
    from theta.cli.branching import list_branches

    list_branches(room)


@branch.command()
def create(
    room: Room,
    name: Name,
    parent: Annotated[
        str, typer.Option("--from", metavar="NAME", help="The branch it begins with.", show_default=False)
    ] = "",
    at: Annotated[
        str,
        typer.Option(metavar="WHEN", help="The record or the time it begins at; now by default.", show_default=False),
    ] = "",
) -> None:
    """Begin a branch, with what another one held at any moment.

    [bold]Examples[/bold]

      theta branch create studio.theta draft

      theta branch create studio.theta "before the party" --at "2026-11-26 14:05"
    """
    from theta.cli.branching import create_branch

    create_branch(room, name, parent, at)


@branch.command()
def switch(room: Room, name: Name) -> None:
    """Choose the branch that info, export, import, replay and branch are about, for you on this machine.

    On the page, and in Python by `room.switch_branch`, everybody chooses their own.

    [bold]Example[/bold]

      theta branch switch studio.theta draft
    """
    from theta.cli.branching import switch_branch

    switch_branch(room, name)


@branch.command()
def merge(
    room: Room,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The branch that comes in.", show_default=False)],
    into: Annotated[
        str, typer.Option(metavar="NAME", help="Where to; the one chosen by default.", show_default=False)
    ] = "",
    at: Annotated[
        str, typer.Option(metavar="WHEN", help="Up to this record or time; now by default.", show_default=False)
    ] = "",
    strategy: Annotated[
        str,
        typer.Option(
            help="last-writer-wins, merge or reject, where both changed the same; else the policy.", show_default=False
        ),
    ] = "",
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="GESTURE", help="Leave this out, as `theta log --json` names it.", show_default=False),
    ] = None,
) -> None:
    """Bring the work of a branch into another. Merging twice, or what is in already, changes nothing.

    [bold]Examples[/bold]

      theta branch merge studio.theta draft

      theta branch merge studio.theta draft --into main --strategy merge
    """
    from theta.cli.branching import MergeOptions, merge_branch

    merge_branch(MergeOptions(room, name, into, at, strategy, without or ()))


def register(app: typer.Typer) -> None:
    """Make them commands of `theta`."""
    app.add_typer(branch, rich_help_panel="What is in them, and what happened")
    for command in (invite, role, kick, revoke, policy):
        app.command()(command)
