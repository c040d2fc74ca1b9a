"""Modelling from Python, in a room: every verb, what it tells, and files in and out."""

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp.test_utils import TestServer

import theta
from tests.contract.transport_contract import soon
from tests.integration.test_host import Hosted
from theta.adapters.client import Entity, RoomClient, modelling
from theta.adapters.client.files import _read
from theta.adapters.client.modelling import Modelling
from theta.adapters.http_server import HttpSettings, create_app
from theta.adapters.memory_store import MemoryLogStore
from theta.base.errors import StoreUnavailable
from theta.base.identifiers import CommandName
from theta.base.limits import COMMAND_ELEMENTS_MAX
from theta.commands.identity import Identity
from theta.editor import mesh_operations as commands
from theta.gltf import ModelError, import_glb
from theta.mesh import build_primitive, canonical_bytes, face_normal, validate
from theta.mesh.attribute_rows import attribute_rows

pytestmark = pytest.mark.integration


@pytest.fixture
async def hosted() -> AsyncIterator[Hosted]:
    """A room in memory."""
    hosted = Hosted(MemoryLogStore())
    yield hosted
    await soon(hosted.host.close())


@pytest.fixture
async def link(hosted: Hosted) -> AsyncIterator[str]:
    """The room's link."""
    server = TestServer(create_app(hosted.host, HttpSettings()))
    await server.start_server()
    yield f"{server.make_url('/')}#invite={hosted.host.room.invite('editor')}"
    await server.close()


@pytest.fixture
async def room(hosted: Hosted, link: str) -> AsyncIterator[RoomClient]:
    """A client that is in the room, always the same one, so that all ids are the same every time."""
    async with RoomClient(link, "Ada", None, Identity.from_seed(bytes(range(32))), b"i" * 16) as client:
        yield client
        for entity in client.entities:
            validate(entity.mesh)
        assert client.document_hash == hosted.host.room.replica.document.hash.hex()


def top_of(entity: Entity) -> bytes:
    """The one face that looks up."""
    (face,) = entity.select.faces_toward((0, 1, 0))
    return face


async def test_every_shape_is_made(room: RoomClient) -> None:
    kinds = ("cube", "pyramid", "cone", "cylinder", "sphere", "icosphere", "torus", "plane", "grid", "ngon")
    for kind in kinds:
        entity = await room.create(kind, size=0.5)
        assert entity.name == kind
        assert np.abs(entity.positions).max() <= 0.25 + 1e-9
    ring = await room.create("torus", segments=6, rings=4, tube=0.5)
    assert ring.mesh.face_count == 24
    with pytest.raises(theta.InvalidValue, match="segments"):
        await room.create("cube", segments=4)
    with pytest.raises(theta.InvalidValue, match="kind"):
        await room.create("teapot")


async def test_vertices_edges_and_faces_are_modelled(room: RoomClient) -> None:
    cube = await room.create("cube", size=1.0)
    split = await cube.split_edge(cube.select.edges_of(top_of(cube))[0])
    assert (len(split.vertices), len(split.edges), len(split.faces)) == (1, 2, 0)
    assert cube.mesh.has_edge(split.edges[0])
    await cube.dissolve_vertex(split.vertices[0])
    assert cube.mesh.edge_count == 12
    poked = await cube.poke(top_of(cube))
    assert len(poked.faces) == 4
    inner = [edge for edge in poked.edges if cube.mesh.has_edge(edge)]
    merged = await cube.dissolve_edge(inner[0])
    assert len(merged.faces) == 1
    loop = cube.mesh.face_vertices(merged.faces[0])
    middle = loop.index(poked.vertices[0])
    across = await cube.split_face(merged.faces[0], loop[middle], loop[(middle + 2) % 4])
    assert len(across.faces) == 2
    lone = await cube.create_vertex((3, 3, 3))
    others = [(await cube.create_vertex(point)).vertices[0] for point in ((4, 3, 3), (3, 4, 3))]
    face = await cube.add_face([lone.vertices[0], *others])
    assert len(face.faces) == 1
    await cube.flip_normals(face.faces)
    await cube.delete_elements(faces=face.faces)
    assert not cube.mesh.has_face(face.faces[0])


async def test_regions_loops_and_rims_are_modelled(room: RoomClient) -> None:
    grid = await room.create("grid", segments=4, rings=4)
    (rim,) = grid.select.boundary_loops()
    assert len(rim) == 16
    pulled = await grid.extrude_edges(rim, (0, -0.5, 0))
    assert len(pulled.faces) == 16
    (rim,) = grid.select.boundary_loops()
    filled = await grid.fill_hole(rim[0])
    assert len(filled.faces) == 1
    up = grid.select.faces_toward((0, 1, 0))
    region = [face for face in grid.select.grow([up[5]]) if face in up]
    assert grid.select.shrink(region) == [] or set(grid.select.shrink(region)) <= set(region)
    raised = await grid.extrude_region(region, (0, 0.25, 0))
    assert raised.faces
    box = await room.create("cube", at=(3, 0, 0))
    edge = box.select.edges_of(top_of(box))[0]
    assert len(box.select.edge_ring(edge)) == 4
    cut = await box.loop_cut(edge)
    assert (len(cut.vertices), len(cut.faces)) == (4, 8)
    assert len(box.select.edge_loop(next(each for each in cut.edges if len(box.select.edge_loop(each)) == 4))) == 4
    inset = await box.inset_face(box.select.faces_toward((1, 0, 0))[0], 0.125)
    assert inset.faces
    sharp = await room.create("cube", at=(6, 0, 0))
    bevelled = await sharp.bevel_edge(sharp.select.edges[0], 0.125)
    assert bevelled.faces
    tube = await room.create("cylinder", segments=8, at=(0, 3, 0))
    caps = [*tube.select.faces_toward((0, 1, 0)), *tube.select.faces_toward((0, -1, 0))]
    await tube.delete_elements(faces=caps)
    one, other = tube.select.boundary_loops()
    bridged = await tube.bridge(one[0], other[0])
    assert len(bridged.faces) == 8
    assert tube.select.boundary_loops() == []


async def test_a_cap_that_is_cut_at_once_is_still_what_extruding_returns(room: RoomClient) -> None:
    cube = await room.create("cube")
    top = top_of(cube)
    cap, poked = await asyncio.gather(cube.extrude_face(top, 0.25), cube.poke(top))
    assert cap.id == top
    assert len(poked.faces) == 4
    assert set(cube.mesh.resolve("face", top)) == set(poked.faces)


async def test_what_goes_with_others_can_be_deleted_with_them(
    room: RoomClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at_once in (COMMAND_ELEMENTS_MAX, 3):
        monkeypatch.setattr(modelling, "COMMAND_ELEMENTS_MAX", at_once)
        cube = await room.create("cube")
        before = room.document_hash
        await cube.delete_elements(
            vertices=cube.mesh.vertex_ids(), edges=cube.mesh.edge_ids(), faces=cube.mesh.face_ids()
        )
        assert (cube.mesh.vertex_count, cube.mesh.face_count) == (0, 0)
        await room.undo()
        assert room.document_hash == before, "it is one step"


async def test_whole_meshes_are_modelled(room: RoomClient) -> None:
    ball = await room.create("icosphere", levels=1)
    edge = ball.select.edges[0]
    ends = ball.mesh.edge_vertices(edge)
    await ball.flip_edge(edge)
    assert set(ball.mesh.edge_vertices(edge)).isdisjoint(ends)
    await ball.collapse_edge(ball.select.edges[5])
    assert ball.mesh.face_count == 78
    box = await room.create("cube")
    await box.set_crease(box.select.edges, 1.0)
    smooth = await box.subdivide()
    assert len(smooth.faces) == 24
    assert all(isinstance(each, bytes) for each in smooth.faces)
    await box.triangulate_faces(box.select.faces)
    await box.subdivide("loop")
    assert box.mesh.face_count == 192
    await box.mirror("x", offset=2.0)
    assert box.mesh.face_count == 384
    await box.weld_by_distance(1e-6)
    ends = box.mesh.edge_vertices(box.select.edges[0])
    await box.weld(ends)
    assert not box.mesh.has_vertex(max(ends))
    await box.compact_mesh()
    with pytest.raises(theta.InvalidValue, match="scheme"):
        await box.subdivide("doo-sabin")
    with pytest.raises(theta.NoEffect):
        await box.extrude_region([b"n" * 16], (0, 1, 0))


async def test_large_selections_are_several_commands_and_one_step(room: RoomClient) -> None:
    grid = await room.create("grid", segments=70, rings=50)
    before = room.document_hash
    await grid.paint_faces(grid.select.faces, (1, 0, 0))
    assert len(grid.select.faces) > COMMAND_ELEMENTS_MAX
    assert attribute_rows(grid.mesh, "face", "painted").all()
    await room.undo()
    assert room.document_hash == before
    vertices = grid.vertices
    await grid.set_attribute("vertex", "weight", vertices, np.arange(len(vertices) * 2.0).reshape(-1, 2))
    assert attribute_rows(grid.mesh, "vertex", "weight").ravel().tolist() == list(range(2 * len(vertices)))
    await grid.move_vertices(vertices, grid.positions + np.array((0.0, 1.0, 0.0)))
    assert set(grid.positions[:, 1].tolist()) == {1.0}
    async with room.gesture():
        await grid.move_vertices(vertices[:2], grid.positions[:2] + 1.0)
    face = grid.faces.nearest_to_normal((0, 1, 0))
    corners = [each for vertex in face.vertices for each in (face, vertex)]
    await grid.set_attribute("corner", "uv", corners, [(0, 0), (1, 0), (1, 1), (0, 1)])
    assert attribute_rows(grid.mesh, "corner", "uv").sum() == 4.0
    wrong: tuple[dict[str, Any], ...] = (
        {"values": [1.0]},
        {"domain": "mesh"},
        {"kind": "f4"},
        {"name": "Ü"},
        {"elements": []},
    )
    for bad in wrong:
        given: dict[str, Any] = {
            "domain": "vertex",
            "name": "weight",
            "elements": vertices[:2],
            "values": [1.0, 2.0],
            **bad,
        }
        with pytest.raises(theta.InvalidValue):
            await grid.set_attribute(**given)
    with pytest.raises(theta.InvalidValue, match="elements"):
        await grid.delete_elements()
    with pytest.raises(theta.InvalidValue, match="targets"):
        await grid.move_vertices(vertices[:2], [(0, 0, 0)])
    with pytest.raises(theta.InvalidValue, match="element"):
        await grid.poke(b"short")


async def test_surfaces_makers_and_parts(room: RoomClient, hosted: Hosted) -> None:
    cube = await room.create("cube", name="box")
    assert cube.surface.double_sided
    await cube.set_surface(metallic=1.0, opacity=0.5, alpha_mode="blend")
    assert (cube.surface.metallic, cube.surface.roughness, cube.surface.alpha_mode) == (1.0, 0.65, "blend")
    with pytest.raises(theta.InvalidValue, match="roughness"):
        await cube.set_surface(roughness=2.0)
    top = cube.faces.nearest_to_normal((0, 1, 0))
    cap = await cube.extrude_face(top, 0.5)
    assert cap == top
    by = cube.made_by(cap)
    assert (by.name, by.what) == ("Ada", "create primitive")
    side = next(face for face in cube.faces if face.id not in build_ids(cube))
    assert cube.made_by(side).what == "extrude face"
    with pytest.raises(theta.UnknownElement):
        cube.made_by(b"n" * 16)
    await cube.paint_faces([cap], (1, 0, 0))
    lid = await cube.separate([cap], name="lid")
    assert (lid.name, lid.mesh.face_ids()) == ("lid", [cap.id])
    assert lid.surface == cube.surface
    assert not cube.mesh.has_face(cap.id)
    assert attribute_rows(lid.mesh, "face", "painted").tolist() == [[1]]
    await room.undo()
    assert cube.mesh.has_face(cap.id)
    assert not lid.exists
    assert isinstance(cube, Modelling)


def build_ids(entity: Entity) -> list[bytes]:
    """The faces that were there from the beginning."""
    return [face.id for face in entity.faces if entity.made_by(face).what == "create primitive"]


async def test_meshes_of_ones_own_keep_their_ids(room: RoomClient) -> None:
    mine = build_primitive("pyramid", 1.0, CommandName(3, 4))
    entity = await room.import_mesh(mine, name="mine", colour=(0, 1, 0))
    assert canonical_bytes(entity.mesh) == canonical_bytes(mine)
    assert (entity.name, entity.colour) == ("mine", (0.0, 1.0, 0.0))


async def test_a_room_comes_back_from_a_file(room: RoomClient, tmp_path: Path) -> None:
    cube = await room.create("cube", name="box", at=(1, 2, 3))
    await cube.paint_faces(cube.select.faces[:2], (1, 0, 0))
    await cube.set_surface(roughness=0.25, double_sided=False)
    await cube.extrude_face(cube.faces.nearest_to_normal((0, 1, 0)), 0.25)
    file = tmp_path / "room.glb"
    await room.export(file)
    scene = import_glb(file.read_bytes())
    (written,) = scene.entities
    assert written.origin == "exact"
    assert written.authorship is not None
    assert {maker.name for maker in written.authorship.makers} == {"Ada"}
    assert scene.head is not None
    assert scene.head.document.hex() == room.document_hash
    told: list[tuple[str, int, int]] = []
    (back,) = await room.import_file(
        file, at=(10, 0, 0), on_progress=lambda stage, done, total: told.append((stage, done, total))
    )
    assert canonical_bytes(back.mesh) == canonical_bytes(cube.mesh)
    assert (back.name, back.position, back.surface) == ("box", (11.0, 2.0, 3.0), cube.surface)
    assert {stage for stage, _, _ in told} == {"reading", "sending"}
    assert told[-1][1] == told[-1][2]
    await room.undo()
    assert len(room.entities) == 1


OBJ = "o one\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\no two\nv 0 0 1\nv 1 0 1\nv 1 1 1\nf 5 6 7\n"


async def test_foreign_files_are_imported_with_remarks(room: RoomClient, tmp_path: Path) -> None:
    file = tmp_path / "two.obj"
    file.write_text(OBJ)
    entities = await room.import_file(file, scale=2.0)
    assert [entity.name for entity in entities] == ["one", "two"]
    assert entities[0].scale == (2.0, 2.0, 2.0)
    assert face_normal(entities[0].mesh, entities[0].mesh.face_ids()[0]) == (0.0, 0.0, 1.0)
    file.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 5 5 5\nf 1 2 3\nf 1 1 1\n")
    notes: list[str] = []
    (entity,) = await room.import_file(file, on_note=notes.append)
    assert entity.name == "two", "after the file"
    assert notes
    seq = room.head_seq
    file.write_text("f 1 2 3\n")
    with pytest.raises(ModelError):
        await room.import_file(file)
    for nothing in ("", "hello", '{"asset": {"version": "2.0"}}'):
        file.write_text(nothing)
        with pytest.raises(ModelError, match="nothing is in it"):
            await room.import_file(file)
    with pytest.raises(StoreUnavailable):
        await room.import_file(tmp_path / "none.glb")
    assert room.head_seq == seq


async def test_attributes_of_a_file_come_along(room: RoomClient, tmp_path: Path) -> None:
    file = tmp_path / "textured.obj"
    file.write_text(
        "o \x07\nv 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 0 1 0 0 0 1\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\nf 3/3 2/2 1/1\n"
    )
    (entity,) = await room.import_file(file)
    assert {key.domain for key in entity.mesh.attribute_keys()} & {"corner", "vertex"}
    uvs = attribute_rows(entity.mesh, "corner", "uv")
    assert sorted(map(tuple, uvs.tolist()))[:2] == [(0.0, 0.0)] * 2, "glTF counts v from the top"
    (again,) = await room.import_file(file)
    assert again.mesh.face_ids() == entity.mesh.face_ids(), "the same file, the same ids"


async def test_an_object_without_faces_goes_out_and_in(room: RoomClient, tmp_path: Path) -> None:
    plane = await room.create("plane", name="bare")
    lone = await plane.create_vertex((1, 2, 3))
    await plane.delete_elements(faces=plane.select.faces)
    assert plane.mesh.face_count == 0
    await room.export(tmp_path / "bare.glb")
    (back,) = await room.import_file(tmp_path / "bare.glb")
    assert back.mesh.has_vertex(lone.vertices[0])


async def test_an_edge_is_found_between_its_ends(room: RoomClient) -> None:
    cube = await room.create("cube")
    edge = cube.select.edges[7]
    one, other = cube.mesh.edge_vertices(edge)
    assert cube.select.edge(other, one) == edge
    assert [cube.select.kind_of(each) for each in (one, edge, cube.select.faces[0])] == ["vertex", "edge", "face"]
    far = max(cube.vertices, key=lambda each: sum((a - b) ** 2 for a, b in pairs_of(cube, one, each)))
    with pytest.raises(theta.UnknownElement):
        cube.select.edge(one, far)
    with pytest.raises(theta.UnknownElement):
        cube.select.kind_of(b"n" * 16)
    with pytest.raises(theta.InvalidValue, match="direction"):
        cube.select.faces_toward((0, 0, 0))
    assert sorted(cube.select.faces_toward((1, 1, 1), tolerance=2)) == cube.select.faces


def pairs_of(entity: Entity, one: bytes, other: bytes) -> list[tuple[float, float]]:
    """The coordinates of two vertices, side by side."""
    return list(zip(entity.mesh.position(one), entity.mesh.position(other), strict=True))


def test_a_gltf_is_given_the_buffers_beside_it_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(b"secret")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "my buffer.bin").write_bytes(struct.pack("<3f", 1, 2, 3))
    uris = ["my%20buffer.bin", "../secret.bin", str(tmp_path / "secret.bin"), "none.bin", "data:,x", 7]
    buffers = ", ".join(f'{{"uri": {uri}}}' if uri == 7 else f'{{"uri": "{uri}"}}' for uri in uris)
    (folder / "scene.gltf").write_text(f'{{"buffers": [{buffers}, {{}}]}}')
    data, resources = _read(folder / "scene.gltf")
    assert data.startswith(b'{"buffers"')
    assert resources == {"my%20buffer.bin": struct.pack("<3f", 1, 2, 3)}
    (folder / "scene.gltf").write_text("[]")
    assert _read(folder / "scene.gltf")[1] == {}


async def test_all_of_it_without_await(link: str, tmp_path: Path) -> None:
    def work() -> None:
        with theta.connect_blocking(link, name="Bo", identity=tmp_path / "bo.key") as room:
            cube = room.create("cube", name="box")
            top = cube.select.faces_toward((0, 1, 0))
            made = cube.poke(top[0])
            assert len(made.faces) == 4
            cube.paint_faces(made.faces, (1, 0, 0))
            cube.set_surface(metallic=1.0)
            assert cube.surface.metallic == 1.0
            assert cube.made_by(made.faces[0]).name == "Bo"
            lid = cube.separate(made.faces, name="lid")
            assert len(lid.faces) == 4
            room.import_mesh(lid.mesh.copy(), name="copy")
            room.export(tmp_path / "room.glb")
            assert len(room.import_file(tmp_path / "room.glb")) == 3
            with pytest.raises(theta.InvalidValue, match="older GLB"):
                room.export(tmp_path / "bo.key")
            with pytest.raises(AttributeError):
                cube.no_such_verb()

    await asyncio.to_thread(work)


async def test_every_operation_has_a_verb() -> None:
    verbs = {name for name in dir(Modelling) if not name.startswith("_")} | {"extrude_face"}
    named = {each.NAME.removeprefix("theta.") for each in commands.MESH_OPERATIONS}
    assert named <= verbs, named - verbs
