"""Scenes with everything that a file can hold, for tests of writing, reading and validating them."""

import numpy as np

from tests.unit.gltf.entities import CUBE, MAKER, entity, grid, mesh_from
from theta.gltf import NOBODY, Authorship, ExportedEntity, LogHead, Maker
from theta.mesh import Mesh, build_primitive, canonical_mesh
from theta.mesh.attribute_rows import set_attribute

HEAD = LogHead(2**53 - 1, bytes(range(32)), bytes(range(16)))
UNIT = (0.5, -0.5, 0.5, 0.5)


def corners_of(mesh: Mesh) -> list[tuple[bytes, bytes]]:
    """Every corner as (face id, vertex id), in canonical order."""
    canonical = canonical_mesh(mesh)
    faces = np.repeat(np.arange(len(canonical.face_ids)), canonical.face_counts)
    return [
        (bytes(canonical.face_ids[face]), bytes(canonical.vertex_ids[vertex]))
        for face, vertex in zip(faces.tolist(), canonical.corners.tolist(), strict=True)
    ]


def paint(mesh: Mesh, faces: int | None = None) -> Mesh:
    """Different colours on the first faces, or all."""
    ids = mesh.face_ids()[:faces]
    shades = np.linspace(0.0, 1.0, 3 * len(ids)).reshape(-1, 3)
    set_attribute(mesh, "face", "colour", ids, shades)
    set_attribute(mesh, "face", "painted", ids, np.ones((len(ids), 1)), "u1")
    return mesh


def tint(mesh: Mesh) -> Mesh:
    """A colour with alpha on every vertex."""
    ids = mesh.vertex_ids()
    set_attribute(mesh, "vertex", "colour", ids, np.linspace(0.0, 1.0, 4 * len(ids)).reshape(-1, 4))
    return mesh


def unwrap(mesh: Mesh) -> Mesh:
    """Texture coordinates on every corner."""
    corners = corners_of(mesh)
    set_attribute(mesh, "corner", "uv", corners, np.linspace(-1.0, 2.0, 2 * len(corners)).reshape(-1, 2))
    return mesh


def smooth(mesh: Mesh) -> Mesh:
    """Normals of its own on every corner but the first."""
    corners = corners_of(mesh)
    directions = [mesh.position(vertex) for _, vertex in corners]
    set_attribute(mesh, "corner", "normal", corners[1:], directions[1:])
    return mesh


def odd_attributes(mesh: Mesh) -> Mesh:
    """Attributes that are not drawn, one with the name of one that is and another type."""
    edges = mesh.edge_ids()
    set_attribute(mesh, "edge", "crease", edges[:2], [[1.5], [10.0]])
    set_attribute(mesh, "edge", "seam", edges[1:3], [[1], [255]], "u1")
    set_attribute(mesh, "vertex", "colour", mesh.vertex_ids()[:1], [[-7, 8]], "i4")
    set_attribute(mesh, "corner", "uv", corners_of(mesh)[:1], [[1.0, 2.0, 3.0]])
    return mesh


def authorship_of(mesh: Mesh) -> Authorship:
    """Two makers and nobody, in turns."""
    makers = (Maker(bytes(32), "Zoë", 7, 12, 1_700_000_000_000), Maker(b"\x07" * 32, "", 8, 2**53 - 1, 0))
    cycle = np.array([0, 1, NOBODY], np.uint32)
    counts = (mesh.vertex_count, mesh.edge_count, mesh.face_count)
    vertices, edges, faces = (np.resize(cycle, count) for count in counts)
    return Authorship(makers, vertices, edges, faces)


def isolated() -> Mesh:
    """Vertices without any face."""
    return mesh_from([(1.0, 2.0, 3.0), (1e6, -1e-300, 0.1)], [])


PENTAGON = [(0.0, 0.0, 0.1), (4.0, 0.0, 0.1), (4.0, 4.0, 0.1), (2.0, 1.0, 0.1), (0.0, 4.0, 0.1)]


def scenes() -> dict[str, list[ExportedEntity]]:
    """By name; every mesh is new."""
    cube = CUBE.copy
    return {
        "empty": [],
        "shapes": [
            entity(name=kind, mesh=build_primitive(kind, 0.3, MAKER), rotation=UNIT, translation=(1 / 3, 1e6, -1e-9))
            for kind in ("cube", "pyramid", "plane")
        ],
        "painted": [entity(mesh=paint(cube())), entity(mesh=paint(cube(), 2), colour=(0.1, 0.7, 0.30000000000000004))],
        "tinted": [entity(mesh=tint(cube())), entity(mesh=tint(paint(cube(), 3)))],
        "unwrapped and smooth": [entity(mesh=smooth(unwrap(cube())))],
        "odd attributes": [entity(mesh=odd_attributes(cube()))],
        "alpha": [
            entity(alpha=0.25, alpha_mode="BLEND", double_sided=False, material_name="glass"),
            entity(alpha=0.5, alpha_mode="MASK", alpha_cutoff=0.75, emissive=(0.2, 1.0, 0.0)),
            entity(alpha=0.5, alpha_mode="OPAQUE", alpha_cutoff=0.125, metallic=0.0, roughness=1.0),
        ],
        "open and concave": [entity(mesh=grid(3, 2)), entity(mesh=mesh_from(PENTAGON, [range(5)]))],
        "authored": [entity(mesh=cube(), authorship=authorship_of(CUBE))],
        "without faces": [
            entity(
                mesh=isolated(),
                emissive=(0.1, 0.2, 0.3),
                material_name="of points",
                authorship=authorship_of(isolated()),
            ),
            entity(mesh=Mesh(), name=""),
            entity(mesh=odd_attributes(mesh_from([(0, 0, 0), (1, 0, 0), (2, 0, 0)], [(0, 1, 2)]))),
        ],
    }
