"""Taking a connected part out as a mesh of its own."""

import pytest

from tests.unit.mesh.local.operating import NOTHING, row, with_attributes
from tests.unit.mesh.meshes import grid, mesh_from, raw_state
from theta.base.errors import UnknownElement
from theta.mesh import canonical_bytes, encode_canonical, mesh_of, parse_canonical, validate
from theta.mesh.local.extracting import extract_part

TRIANGLES = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]


def test_mesh_59_a_part_keeps_its_ids_positions_and_attributes() -> None:
    points = [*TRIANGLES, *[(x + 3.0, y, z) for x, y, z in TRIANGLES], (4.0, 1.0, 0.0), (9.0, 9.0, 9.0)]
    mesh = with_attributes(mesh_from(points, [(0, 1, 2), (3, 4, 5), (4, 6, 5)]))
    before = raw_state(mesh)
    seen: set[bytes] = set()
    for face in mesh.face_ids():
        canonical = extract_part(mesh, face)
        part = mesh_of(parse_canonical(encode_canonical(canonical)))
        validate(part)
        assert face in part.face_ids()
        assert part.face_count == (1 if mesh.position(mesh.face_vertices(face)[0])[0] < 2.0 else 2)
        assert part.vertex_count == part.face_count + 2
        for each in part.face_ids():
            assert part.face_vertices(each) == mesh.face_vertices(each)
            assert part.face_edges(each) == mesh.face_edges(each)
            assert row(part, "face", "mark", each) == row(mesh, "face", "mark", each)
            for vertex in part.face_vertices(each):
                assert part.position(vertex) == mesh.position(vertex)
                assert row(part, "corner", "uv", each, vertex) == row(mesh, "corner", "uv", each, vertex)
                assert row(part, "vertex", "group", vertex) == row(mesh, "vertex", "group", vertex)
        for edge in part.edge_ids():
            assert row(part, "edge", "mark", edge) == row(mesh, "edge", "mark", edge)
        seen.update(part.face_ids())
    assert seen == set(mesh.face_ids())
    assert raw_state(mesh) == before


def test_mesh_59_a_mesh_of_one_part_is_extracted_whole() -> None:
    mesh = with_attributes(grid(3, 2))
    assert encode_canonical(extract_part(mesh, mesh.face_ids()[0])) == canonical_bytes(mesh)


def test_mesh_59_a_face_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownElement):
        extract_part(grid(1, 1), NOTHING)
