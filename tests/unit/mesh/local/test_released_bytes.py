"""What each modelling operation makes of the same mesh, byte for byte and for ever: a change here is a new version."""

import pytest

from tests.unit.mesh.local.operating import NAME, Operate, with_attributes
from tests.unit.mesh.meshes import mesh_from
from theta.base.identifiers import blake2b_128
from theta.mesh import Mesh, canonical_bytes, validate
from theta.mesh.local import (
    bevel_edge,
    bridge,
    delete_elements,
    extrude_edges,
    extrude_region,
    inset_face,
    loop_cut,
    mirror,
    weld,
    weld_by_distance,
)
from theta.mesh.results import Made

WIDE, HIGH = 5, 4


def hills() -> Mesh:
    """A grid of which no two coordinates are alike, with an attribute in every domain."""
    points = [
        (x + 0.01 * ((7 * x + 3 * z) % 5), 0.1 * ((x * x + 2 * z) % 7) / 3.0, z + 0.013 * ((5 * x + z * z) % 4))
        for z in range(HIGH + 1)
        for x in range(WIDE + 1)
    ]
    corners = [z * (WIDE + 1) + x for z in range(HIGH) for x in range(WIDE)]
    faces = [(at, at + WIDE + 1, at + WIDE + 2, at + 1) for at in corners]
    return with_attributes(mesh_from(points, faces))


def vertex(mesh: Mesh, x: int, z: int) -> bytes:
    """The vertex in a column and a row."""
    return min(mesh.vertex_ids(), key=lambda each: abs(mesh.position(each)[0] - x) + abs(mesh.position(each)[2] - z))


def edge(mesh: Mesh, one: tuple[int, int], other: tuple[int, int]) -> bytes:
    """The edge between two such vertices."""
    ends = {vertex(mesh, *one), vertex(mesh, *other)}
    return next(each for each in mesh.edge_ids() if set(mesh.edge_vertices(each)) == ends)


def face(mesh: Mesh, x: int, z: int) -> bytes:
    """The face between a column and a row and the next."""
    ends = {vertex(mesh, x, z), vertex(mesh, x + 1, z + 1)}
    return next(each for each in mesh.face_ids() if ends <= set(mesh.face_vertices(each)))


def tunnel(mesh: Mesh) -> Made:
    one, other = face(mesh, 1, 1), face(mesh, 3, 2)
    first, second = mesh.face_edges(one)[1], mesh.face_edges(other)[2]
    delete_elements(mesh, [], [], [one, other], NAME)
    return bridge(mesh, first, second, 3, NAME)


OPERATIONS: dict[str, Operate] = {
    "inset_face": lambda mesh: inset_face(mesh, face(mesh, 2, 1), 0.13, -0.3, NAME),
    "extrude_region": lambda mesh: extrude_region(
        mesh, [face(mesh, x, z) for x in (1, 2) for z in (1, 2, 3)], (0.1, 0.7, -0.2), NAME
    ),
    "extrude_edges": lambda mesh: extrude_edges(
        mesh, [edge(mesh, (x, 0), (x + 1, 0)) for x in (3, 1, 2)], (0.1, 0.7, -0.9), NAME
    ),
    "loop_cut": lambda mesh: loop_cut(mesh, edge(mesh, (2, 1), (2, 2)), 0.3, NAME),
    "bevel_edge inside": lambda mesh: bevel_edge(mesh, edge(mesh, (2, 1), (2, 2)), 0.17, NAME),
    "bevel_edge on the border": lambda mesh: bevel_edge(mesh, edge(mesh, (1, 0), (1, 1)), 0.17, NAME),
    "weld": lambda mesh: weld(mesh, [vertex(mesh, 2, 1), vertex(mesh, 2, 2)], (2.1, 0.3, 1.7), NAME),
    "weld_by_distance": lambda mesh: weld_by_distance(mesh, [vertex(mesh, x, 2) for x in (1, 2, 4)], 1.1, NAME),
    "mirror": lambda mesh: mirror(mesh, "x", 0.02, 0.05, NAME),
    "bridge": tunnel,
}

RELEASED = {
    "inset_face": "a90018b24e3f93e65daf9dc3e514dc72",
    "extrude_region": "1726ab213d3c2f30812f2a4bcd9c2e68",
    "extrude_edges": "5f45003c9710f30327919e120e97b34f",
    "loop_cut": "9bfb6a6bebe737f0530879e7606f2df4",
    "bevel_edge inside": "f9353149632d0e7eed68419eba615762",
    "bevel_edge on the border": "9890e36c6d9b44556eb9c04715bd4318",
    "weld": "a34b0a9dcdf75a50c653cc9adb4dd9a8",
    "weld_by_distance": "345ac1cfd9bea0c26baa87eaf020407d",
    "mirror": "acffd4e1eaf78a4858f3d1e3983d42e1",
    "bridge": "e1c4451848741b2874d059ab99f679b7",
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_mesh_28_a_modelling_operation_keeps_its_bytes_for_ever(name: str) -> None:
    mesh = hills()
    OPERATIONS[name](mesh)
    validate(mesh)
    assert blake2b_128("test", canonical_bytes(mesh), mesh.redirects.to_bytes()).hex() == RELEASED[name]
