"""Entities that several tests export."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from theta.base.identifiers import CommandName, element_id
from theta.gltf import ExportedEntity
from theta.mesh import Mesh, build_mesh, build_primitive, edge_pairs

MAKER = CommandName(1, 1)


def mesh_from(positions: Sequence[Sequence[float]], faces: Sequence[Sequence[int]]) -> Mesh:
    """A mesh whose ids ascend with the ordinals."""
    counts = (len(positions), len(edge_pairs(faces)), len(faces))
    tables = [[number.to_bytes(16, "big") for number in range(count)] for count in counts]
    return build_mesh(positions, faces, *tables)


def grid(columns: int, rows: int) -> Mesh:
    """Quads in the plane y = 0 with vertices at whole numbers, facing +y."""
    wide = columns + 1
    positions = [(float(x), 0.0, float(z)) for z in range(rows + 1) for x in range(wide)]
    corners = [z * wide + x for z in range(rows) for x in range(columns)]
    faces = [(at, at + wide, at + wide + 1, at + 1) for at in corners]
    edges = edge_pairs(faces)
    ids = [
        [element_id(MAKER, role, (), at) for at in range(count)]
        for role, count in (("v", len(positions)), ("e", len(edges)), ("f", len(faces)))
    ]
    return build_mesh(positions, faces, *ids)


CUBE = build_primitive("cube", 2.0, MAKER)
PLAIN = ExportedEntity(
    name="Cube",
    translation=(1.0, 2.0, -3.5),
    rotation=(0.0, 0.0, 0.0, 1.0),
    scale=(1.0, 1.0, 1.0),
    colour=(1.0, 0.5, 0.0),
    metallic=0.25,
    roughness=0.75,
    mesh=CUBE,
)


def entity(**changes: Any) -> ExportedEntity:
    """PLAIN with some fields changed."""
    return dataclasses.replace(PLAIN, **changes)
