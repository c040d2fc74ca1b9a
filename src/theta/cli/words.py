"""What a command did, said to people: “pulled a face of “box” 0.25 m out”."""

from collections.abc import Callable, Mapping
from typing import Any

from theta.base.limits import IDENTIFIER_BYTES
from theta.commands.log import Command
from theta.editor.history import describe

NamesOf = Callable[[bytes], str]
"""What an entity, an author or a branch is called, by its id."""

Teller = Callable[[Any, str], str]


def metres(value: float) -> str:
    """A length: `0.25 m`."""
    return f"{value:.3g} m"


def colour(channels: tuple[float, float, float]) -> str:
    """A colour as the web writes it: `#e64d1a`."""
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, channel))):02x}" for channel in channels)


def count(ids: bytes, singular: str, plural: str = "") -> str:
    """How many ids there are one after the other, in words: `a face`, `4 faces`."""
    found = len(ids) // IDENTIFIER_BYTES
    return f"{_article(singular)} {singular}" if found == 1 else f"{found} {plural or singular + 's'}"


def plain(text: str) -> str:
    """Text without anything that a terminal would obey."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def tell(command: Command, entity_name: str, name_of: NamesOf) -> str:
    """A command as a sentence without its subject.

    Args:
        command: any; of a type that is not known here, its type's name is what is told.
        entity_name: what the entity that it acts on was called; "" for none.
        name_of: what authors and branches are called.
    """
    operation: Any = command.operation
    thing = f"“{plain(entity_name)}”" if entity_name else "an object"
    ruling = RULINGS.get(operation.NAME)
    if ruling is not None:
        return ruling(operation, name_of)
    teller = TELLERS.get(operation.NAME)
    return teller(operation, thing) if teller is not None else f"{describe(command)} on {thing}"


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeio" else "a"


def _made(operation: Any, thing: str) -> str:
    return f"made {_article(operation.kind)} {plain(operation.kind)}, {thing}"


def _pulled(operation: Any, thing: str) -> str:
    way = "out" if operation.distance > 0 else "in"
    return f"pulled a face of {thing} {metres(abs(operation.distance))} {way}"


def _deleted_elements(operation: Any, thing: str) -> str:
    parts = (
        count(ids, singular, plural)
        for ids, singular, plural in (
            (operation.vertices, "vertex", "vertices"),
            (operation.edges, "edge", "edges"),
            (operation.faces, "face", "faces"),
        )
        if ids
    )
    return f"deleted {' and '.join(parts)} of {thing}"


def _welded_near(operation: Any, thing: str) -> str:
    of = count(operation.vertices, "vertex", "vertices") + " of " if operation.vertices else ""
    return f"welded what is within {metres(operation.distance)} in {of}{thing}"


TELLERS: Mapping[str, Teller] = {
    "theta.create_primitive": _made,
    "theta.import_mesh": lambda of, thing: f"imported {thing}",
    "theta.transform": lambda of, thing: f"placed {thing} at ({', '.join(f'{x:.3g}' for x in of.translation)})",
    "theta.move_vertices": lambda of, thing: f"moved {count(of.vertices, 'vertex', 'vertices')} of {thing}",
    "theta.extrude_face": _pulled,
    "theta.paint": lambda of, thing: f"painted {thing} {colour(of.colour)}",
    "theta.rename": lambda of, thing: f"renamed {thing} to “{plain(of.name)}”",
    "theta.delete": lambda of, thing: f"deleted {thing}",
    "theta.set_surface": lambda of, thing: f"changed the surface of {thing}",
    "theta.create_vertex": lambda of, thing: f"made a vertex in {thing}",
    "theta.add_face": lambda of, thing: f"made a face between {count(of.vertices, 'vertex', 'vertices')} of {thing}",
    "theta.split_edge": lambda of, thing: f"split an edge of {thing}",
    "theta.dissolve_vertex": lambda of, thing: f"dissolved a vertex of {thing}",
    "theta.dissolve_edge": lambda of, thing: f"dissolved an edge of {thing}",
    "theta.split_face": lambda of, thing: f"cut a face of {thing}",
    "theta.poke": lambda of, thing: f"poked a face of {thing}",
    "theta.triangulate_faces": lambda of, thing: f"triangulated {count(of.faces, 'face')} of {thing}",
    "theta.flip_edge": lambda of, thing: f"flipped an edge of {thing}",
    "theta.collapse_edge": lambda of, thing: f"collapsed an edge of {thing}",
    "theta.delete_elements": _deleted_elements,
    "theta.fill_hole": lambda of, thing: f"filled a hole in {thing}",
    "theta.flip_normals": lambda of, thing: f"turned {count(of.faces, 'face')} of {thing} around",
    "theta.inset_face": lambda of, thing: f"inset a face of {thing} by {metres(of.distance)}",
    "theta.extrude_region": lambda of, thing: f"pulled {count(of.faces, 'face')} of {thing} out together",
    "theta.extrude_edges": lambda of, thing: f"pulled {count(of.edges, 'edge')} of {thing} out",
    "theta.loop_cut": lambda of, thing: f"cut a loop into {thing}",
    "theta.bevel_edge": lambda of, thing: f"bevelled an edge of {thing} by {metres(of.width)}",
    "theta.bridge": lambda of, thing: f"bridged two borders of {thing}",
    "theta.weld": lambda of, thing: f"welded {count(of.vertices, 'vertex', 'vertices')} of {thing}",
    "theta.weld_by_distance": _welded_near,
    "theta.mirror": lambda of, thing: f"mirrored {thing} along {plain(of.axis)}",
    "theta.subdivide": lambda of, thing: f"subdivided {thing} ({plain(of.scheme)})",
    "theta.compact_mesh": lambda of, thing: f"compacted {thing}",
    "theta.paint_faces": lambda of, thing: f"painted {count(of.faces, 'face')} of {thing} {colour(of.colour)}",
    "theta.set_crease": lambda of, thing: (
        f"set the crease of {count(of.edges, 'edge')} of {thing} to {of.sharpness:.3g}"
    ),
    "theta.set_attribute": lambda of, thing: f"set {plain(of.attribute)} of some of {thing}",
}
"""By the type's name: what a command did to an entity; versions of a type are told alike."""


def _kicked(operation: Any, name_of: NamesOf) -> str:
    return f"removed {name_of(operation.author)} from the room{_because(operation.reason)}"


def _because(reason: str) -> str:
    return f": {plain(reason)}" if reason else ""


def _cascade(operation: Any, name_of: NamesOf) -> str:
    return f"{'let' if operation.allowed else 'no longer let'} undo take back what others built on it"


def _merged(operation: Any, name_of: NamesOf) -> str:
    by = f" by {plain(operation.strategy)}" if operation.strategy else ""
    without = f", without {len(operation.dropped)} of its gestures" if operation.dropped else ""
    return f"merged the branch {name_of(operation.source)} as of record {operation.at}{by}{without}"


RULINGS: Mapping[str, Callable[[Any, NamesOf], str]] = {
    "theta.set_role": lambda of, name_of: f"made {name_of(of.author)} {_article(of.role)} {of.role}",
    "theta.kick": _kicked,
    "theta.revoke_key": lambda of, name_of: f"revoked the key of {name_of(of.author)}{_because(of.reason)}",
    "theta.restore_key": lambda of, name_of: f"restored the key of {name_of(of.author)}",
    "theta.set_strategy": lambda of, name_of: f"set the strategy of {_types(of.command)} to {plain(of.strategy)}",
    "theta.set_permission": lambda of, name_of: f"left {_types(of.command)} to {plain(of.role)}s and above",
    "theta.set_cascade": _cascade,
    "theta.create_branch": lambda of, name_of: f"began the branch “{plain(of.name)}” at record {of.fork}",
    "theta.merge_branch": _merged,
}
"""By the type's name: what a command did to the room itself."""


def _types(command: str) -> str:
    return "every command" if command == "*" else plain(command.removeprefix("theta.").replace("_", " "))
