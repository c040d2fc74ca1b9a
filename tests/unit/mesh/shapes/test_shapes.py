"""Every shape: closed or flat, outward, as large and with as many elements as it says."""

import math
from typing import Any

import numpy as np
import pytest

from theta.base.errors import InvalidValue
from theta.base.identifiers import CommandName, blake2b_128
from theta.base.limits import MESH_BYTES_MAX, PRIMITIVE_METRES_MAX, PRIMITIVE_METRES_MIN
from theta.mesh import (
    Mesh,
    bounds,
    build_primitive,
    canonical_bytes,
    canonical_mesh,
    edge_pairs,
    face_normals,
    triangulate,
    validate,
)
from theta.mesh.bulk_ids import bulk_key
from theta.mesh.shapes import SHAPES, TAKES, ShapeParameters, build_shape, shape_polygons

NAME = CommandName(0x0123456789ABCDEF, 42)
CLOSED = ("cube", "pyramid", "cone", "cylinder", "sphere", "icosphere", "torus")
FLAT = ("plane", "grid", "ngon")


def shape(kind: str, size: float = 2.0, **parameters: Any) -> Mesh:
    return build_shape(ShapeParameters(kind, size, **parameters), NAME)


def numbered(role: str, number: int) -> bytes:
    """The id of ID-9, spelled out."""
    key = bulk_key(NAME, role)
    return key[:8] + (int.from_bytes(key[8:], "little") ^ number).to_bytes(8, "little")


def counts(mesh: Mesh) -> tuple[int, int, int]:
    return mesh.vertex_count, mesh.edge_count, mesh.face_count


def volume(mesh: Mesh) -> float:
    """Positive when the faces look outward."""
    triangles = triangulate(mesh)
    a, b, c = (triangles.positions[triangles.corners[:, at]] for at in range(3))
    return float((np.cross(a, b) * c).sum() / 6.0)


def genus(mesh: Mesh) -> float:
    return 1 - (mesh.vertex_count - mesh.edge_count + mesh.face_count) / 2


def is_closed(mesh: Mesh) -> bool:
    return bool((mesh.halfedges.face.array() >= 0).all())


@pytest.mark.parametrize("kind", CLOSED)
def test_mesh_65_solids_are_closed_and_look_outward(kind: str) -> None:
    mesh = shape(kind)
    validate(mesh)
    assert is_closed(mesh)
    assert genus(mesh) == (1 if kind == "torus" else 0)
    assert volume(mesh) > 0.0
    assert np.abs(np.linalg.norm(face_normals(mesh), axis=1) - 1.0).max() < 1e-12


@pytest.mark.parametrize("kind", FLAT)
def test_mesh_65_flat_shapes_face_up(kind: str) -> None:
    mesh = shape(kind)
    validate(mesh)
    assert mesh.vertex_count - mesh.edge_count + mesh.face_count == 1
    assert np.abs(face_normals(mesh) - (0.0, 1.0, 0.0)).max() == 0.0


@pytest.mark.parametrize("kind", SHAPES)
def test_mesh_65_a_shape_fits_its_cube(kind: str) -> None:
    found = bounds(shape(kind, 3.0))
    assert found is not None
    height = {"torus": 0.3, "plane": 0.0, "grid": 0.0, "ngon": 0.0}.get(kind, 1.5)
    expected = (1.5, height, 1.5)
    assert found[1] == pytest.approx(expected, abs=1e-12)
    assert found[0] == pytest.approx([-each for each in expected], abs=1e-12)


@pytest.mark.parametrize("kind", SHAPES)
def test_mesh_65_ids_are_numbered_and_edges_ascend(kind: str) -> None:
    mesh = shape(kind)
    polygons = shape_polygons(ShapeParameters(kind, 2.0))
    faces = np.split(polygons.corners, np.cumsum(polygons.counts)[:-1])
    for number, position in enumerate(polygons.positions.tolist()):
        assert mesh.position(numbered("shape.vertex", number)) == tuple(position)
    for number, pair in enumerate(edge_pairs([face.tolist() for face in faces])):
        ends = {numbered("shape.vertex", vertex) for vertex in pair}
        assert set(mesh.edge_vertices(numbered("shape.edge", number))) == ends
    for number, face in enumerate(faces):
        loop = [numbered("shape.vertex", vertex) for vertex in face.tolist()]
        at = loop.index(min(loop))
        assert mesh.face_vertices(numbered("shape.face", number)) == loop[at:] + loop[:at]
    assert counts(mesh) == (len(polygons.positions), len(mesh.edge_ids()), len(faces))


@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        ("cube", {}, (8, 12, 6)),
        ("pyramid", {}, (5, 8, 5)),
        ("plane", {}, (4, 4, 1)),
        ("cone", {}, (33, 64, 33)),
        ("cone", {"segments": 3}, (4, 6, 4)),
        ("cylinder", {"segments": 3}, (6, 9, 5)),
        ("cylinder", {"segments": 256}, (512, 768, 258)),
        ("sphere", {}, (482, 992, 512)),
        ("sphere", {"segments": 3, "rings": 2}, (5, 9, 6)),
        ("icosphere", {}, (162, 480, 320)),
        ("icosphere", {"levels": 0}, (12, 30, 20)),
        ("torus", {}, (576, 1152, 576)),
        ("torus", {"segments": 3, "rings": 3, "tube": 0.99}, (9, 18, 9)),
        ("grid", {}, (121, 220, 100)),
        ("grid", {"segments": 1, "rings": 3}, (8, 10, 3)),
        ("ngon", {"segments": 5}, (5, 5, 1)),
    ],
)
def test_mesh_65_counts(kind: str, parameters: dict[str, Any], expected: tuple[int, int, int]) -> None:
    mesh = shape(kind, **parameters)
    validate(mesh)
    assert counts(mesh) == expected


@pytest.mark.parametrize("kind", ["cube", "pyramid", "plane"])
def test_mesh_65_released_primitives_have_the_same_shape(kind: str) -> None:
    old = build_primitive(kind, 2.0, NAME)
    new = shape(kind)
    assert sorted(map(tuple, old.positions().tolist())) == sorted(map(tuple, new.positions().tolist()))
    assert counts(old) == counts(new)
    assert sorted(map(tuple, face_normals(old).tolist())) == sorted(map(tuple, face_normals(new).tolist()))


@pytest.mark.parametrize("size", [PRIMITIVE_METRES_MIN, PRIMITIVE_METRES_MAX])
@pytest.mark.parametrize("kind", SHAPES)
def test_mesh_65_the_finest_shapes_of_any_size_are_meshes(kind: str, size: float) -> None:
    for tube in ("low", "high") if kind == "torus" else ("",):
        finest = {field: limits.high for field, limits in TAKES[kind].items()}
        if kind == "torus":
            finest["tube"] = getattr(TAKES[kind]["tube"], tube)
        mesh = shape(kind, size, **{field: value if field == "tube" else int(value) for field, value in finest.items()})
        assert face_normals(mesh).any(axis=1).all()
        assert len(canonical_bytes(mesh)) < MESH_BYTES_MAX
        linked = canonical_mesh(mesh)
        assert mesh.vertex_count - mesh.edge_count + mesh.face_count == (
            1 if kind in FLAT else 0 if kind == "torus" else 2
        )
        assert linked.face_counts.max() <= 256


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        (ShapeParameters("teapot"), "kind"),
        (ShapeParameters("cube", 0.0), "size"),
        (ShapeParameters("cube", math.nan), "size"),
        (ShapeParameters("cube", math.inf), "size"),
        (ShapeParameters("cube", True), "size"),
        (ShapeParameters("cube", PRIMITIVE_METRES_MAX * 1.001), "size"),
        (ShapeParameters("cube", segments=4), "segments"),
        (ShapeParameters("cone", rings=4), "rings"),
        (ShapeParameters("sphere", levels=1), "levels"),
        (ShapeParameters("sphere", tube=0.5), "tube"),
        (ShapeParameters("cone", segments=2), "segments"),
        (ShapeParameters("cone", segments=257), "segments"),
        (ShapeParameters("cone", segments=3.5), "segments"),  # type: ignore[arg-type]
        (ShapeParameters("cone", segments=True), "segments"),
        (ShapeParameters("sphere", rings=1), "rings"),
        (ShapeParameters("torus", rings=2), "rings"),
        (ShapeParameters("grid", segments=0), "segments"),
        (ShapeParameters("grid", rings=257), "rings"),
        (ShapeParameters("icosphere", levels=-1), "levels"),
        (ShapeParameters("icosphere", levels=7), "levels"),
        (ShapeParameters("torus", tube=0.0), "tube"),
        (ShapeParameters("torus", tube=1.0), "tube"),
        (ShapeParameters("torus", tube=math.nan), "tube"),
    ],
)
def test_mesh_65_parameters_out_of_their_limits_are_refused(parameters: ShapeParameters, field: str) -> None:
    with pytest.raises(InvalidValue) as told:
        build_shape(parameters, NAME)
    assert told.value.field == field


def test_mesh_67_a_cylinder_has_upright_sides_and_round_caps() -> None:
    mesh = shape("cylinder", segments=64)
    normals = {tuple(normal) for normal in np.round(face_normals(mesh), 12).tolist()}
    assert {(0.0, 1.0, 0.0), (0.0, -1.0, 0.0)} < normals
    assert mesh.face_vertices(numbered("shape.face", 64))[0] in {numbered("shape.vertex", at) for at in range(64)}
    assert len(mesh.face_vertices(numbered("shape.face", 65))) == 64
    polygon = 64 * 0.5 * math.sin(2.0 * math.pi / 64)
    assert volume(mesh) == pytest.approx(2.0 * polygon, rel=1e-12)
    assert mesh.position(numbered("shape.vertex", 16)) == (0.0, -1.0, -1.0)


def test_mesh_67_a_cone_comes_to_a_point() -> None:
    mesh = shape("cone", segments=64)
    assert mesh.position(numbered("shape.vertex", 64)) == (0.0, 1.0, 0.0)
    polygon = 64 * 0.5 * math.sin(2.0 * math.pi / 64)
    assert volume(mesh) == pytest.approx(2.0 * polygon / 3.0, rel=1e-12)
    assert len(mesh.face_vertices(numbered("shape.face", 64))) == 64


def test_mesh_68_a_sphere_is_round() -> None:
    mesh = shape("sphere", segments=96, rings=48)
    assert np.abs(np.linalg.norm(mesh.positions(), axis=1) - 1.0).max() < 1e-15
    assert volume(mesh) == pytest.approx(4.0 / 3.0 * math.pi, rel=0.005)
    positions = {tuple(point) for point in mesh.positions().tolist()}
    assert {(x, -y + 0.0, z) for x, y, z in positions} == positions
    assert mesh.position(numbered("shape.vertex", 0)) == (0.0, 1.0, 0.0)


def test_mesh_68_a_torus_is_round() -> None:
    mesh = shape("torus", segments=96, rings=48, tube=0.5)
    middle, tube = 2.0 / 3.0, 1.0 / 3.0
    x, y, z = mesh.positions().T
    assert np.abs(np.hypot(np.hypot(x, z) - middle, y) - tube).max() < 1e-15
    assert volume(mesh) == pytest.approx(2.0 * math.pi**2 * middle * tube**2, rel=0.005)


def test_mesh_69_an_icosphere_is_round_and_its_triangles_alike() -> None:
    mesh = shape("icosphere", levels=4)
    assert mesh.face_count == 5_120
    assert np.abs(np.linalg.norm(mesh.positions(), axis=1) - 1.0).max() < 4e-16
    assert volume(mesh) == pytest.approx(4.0 / 3.0 * math.pi, rel=0.005)
    triangles = triangulate(mesh)
    a, b, c = (triangles.positions[triangles.corners[:, at]] for at in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    assert areas.max() < 1.5 * areas.min()


def test_mesh_69_the_icosahedron_has_equal_edges() -> None:
    mesh = shape("icosphere", levels=0)
    lengths = [math.dist(*(mesh.position(end) for end in mesh.edge_vertices(edge))) for edge in mesh.edge_ids()]
    assert max(lengths) - min(lengths) < 1e-15


def test_mesh_70_a_grid_is_even() -> None:
    mesh = shape("grid", segments=4, rings=2)
    assert sorted(set(mesh.positions()[:, 0].tolist())) == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert sorted(set(mesh.positions()[:, 2].tolist())) == [-1.0, 0.0, 1.0]
    assert mesh.position(numbered("shape.vertex", 7)) == (0.0, 0.0, 0.0)
    assert mesh.face_vertices(numbered("shape.face", 0)).count(numbered("shape.vertex", 6)) == 1


def test_mesh_70_an_ngon_goes_round_from_the_x_axis() -> None:
    mesh = shape("ngon", segments=4)
    corners = [mesh.position(numbered("shape.vertex", at)) for at in range(4)]
    assert corners == [(1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)]


GOLDEN = {
    "cube": "517a25347e597f6b9bcce1a938fd771e",
    "pyramid": "f414fe006bab371a35c250dca3cc7b52",
    "cone": "2885e226bfba148f16debb511e0a165d",
    "cylinder": "b78b18bc5840636642c5092d40f2e1d3",
    "sphere": "144349759fd576e56d49f455f9a91285",
    "icosphere": "e4dbb16e06c722f241d92d96722c0d4c",
    "torus": "9e7a275529008dd85704e01890b81ead",
    "plane": "9399a9ca256240162df999e540afa3e6",
    "grid": "6f1661ebd07cbc81c4131ff196be14d2",
    "ngon": "c53c82a63a450b59d1a0bba322561798",
}


@pytest.mark.parametrize("kind", SHAPES)
def test_mesh_65_shapes_keep_their_bytes_for_ever(kind: str) -> None:
    canonical = canonical_mesh(shape(kind, 1.5))
    parts = (canonical.vertex_ids, canonical.positions, canonical.edge_ids, canonical.face_ids, canonical.corners)
    assert blake2b_128("test", *[part.tobytes() for part in parts]).hex() == GOLDEN[kind]
