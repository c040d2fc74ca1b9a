"""Wavefront OBJ."""

import numpy as np
import pytest

from theta.base.limits import MESH_FACE_CORNERS_MAX
from theta.gltf import ImportedEntity, ObjError, import_obj, obj
from theta.mesh.attributes import AttributeKey

SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


def read(text: str) -> tuple[ImportedEntity, ...]:
    return import_obj(text.encode()).entities


def test_gltf_21_polygons_stay_polygons() -> None:
    (entity,) = read(SQUARE + "v 2 0.5 0\nf 1 2 3 4\nf 2 5 3\n")
    assert entity.shape.counts.tolist() == [4, 3]
    assert entity.shape.corners.tolist() == [0, 1, 2, 3, 1, 4, 2]
    assert entity.shape.positions[4].tolist() == [2, 0.5, 0]
    assert (entity.name, entity.origin, entity.material) == ("", "foreign", None)


def test_gltf_21_indices_from_the_end_and_lines_that_go_on() -> None:
    (entity,) = read("# a comment\n" + SQUARE + "f -4 -3 \\\n  -2 -1 # all four\nv 9 9 9\nf -1 -2 \\\n-3")
    assert entity.shape.counts.tolist() == [4, 3]
    assert entity.shape.positions[entity.shape.corners[4]].tolist() == [9, 9, 9]


def test_gltf_21_texture_coordinates_and_normals() -> None:
    text = SQUARE + "vt 0.25 0.75\nvt 1\nvn 0 1 1\nf 1/1/1 2/2/1 3/-2/-1 4//1\n"
    (entity,) = read(text)
    assert entity.shape.attributes[AttributeKey("corner", "uv")].tolist() == [
        [0.25, 0.25],
        [1, 1],
        [0.25, 0.25],
        [0, 0],
    ]
    assert entity.shape.attributes[AttributeKey("corner", "normal")].tolist() == [[0, 1, 1]] * 4
    flat = read(SQUARE + "vn 0 0 5\nf 1//1 2//1 3//1 4//1\n")[0]
    assert flat.shape.attributes == {}


def test_gltf_21_colours_of_vertices_are_srgb() -> None:
    (entity,) = read("v 0 0 0 1 0 0.5\nv 1 0 0 0 0 0\nv 0 1 0\nf 1 2 3\n")
    colours = entity.shape.attributes[AttributeKey("vertex", "colour")]
    assert colours == pytest.approx(np.array([(1, 0, 0.2140411, 1), (0, 0, 0, 1), (1, 1, 1, 1)]), abs=1e-7)
    (weighted,) = read("v 0 0 0 1\nv 1 0 0 1\nv 0 1 0 1\nf 1 2 3\n")
    assert weighted.shape.attributes == {}


def test_gltf_21_objects_groups_and_materials() -> None:
    faces = "f 1 2 3\n"
    groups = read(SQUARE + "g left side\n" + faces + "g right\nusemtl brass old\n" + faces + "g left side\nf 1 3 4\n")
    assert [(entity.name, entity.material and entity.material.name) for entity in groups] == [
        ("left side", None),
        ("right", "brass old"),
        ("left side", "brass old"),
    ]
    objects = read(SQUARE + "g a\n" + faces + "o one\n" + faces + "g b\n" + faces + "o two\n" + faces)
    assert [(entity.name, len(entity.shape.counts)) for entity in objects] == [("", 1), ("one", 2), ("two", 1)]


def test_gltf_21_what_is_left_out_is_told() -> None:
    scene = import_obj((SQUARE + "p 1\nl 1 2\nmtllib a.mtl\ns off\nf 1 2 3\nf 1 1 2\n").encode())
    assert scene.notes == ("2 lines, points or curves were left out: only faces are taken.",)
    assert scene.entities[0].notes == ("1 faces without area were left out.",)
    assert import_obj(b"").entities == ()
    assert import_obj((SQUARE + "f 1 1 1").encode()).entities == ()


def test_gltf_21_faces_with_too_many_corners_are_cut() -> None:
    count = MESH_FACE_CORNERS_MAX + 1
    angles = np.arange(count) * 2 * np.pi / count
    points = "".join(f"v {x} {y} 0\n" for x, y in zip(np.cos(angles), np.sin(angles), strict=True))
    whole = "f " + " ".join(map(str, range(1, count))) + "\n"
    over = "f " + " ".join(map(str, range(1, count + 1))) + "\n"
    assert read(points + whole)[0].shape.counts.tolist() == [count - 1]
    assert read(points + over)[0].shape.counts.tolist() == [3] * (count - 2)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (1, "v 1 2"),
        (1, "v 1 2 x"),
        (1, "v 1 2 nan"),
        (1, "v 1 2 1e7"),
        (2, "\nv 0 0 0 1 1 inf"),
        (5, SQUARE + "f 1 2"),
        (5, SQUARE + "f 1 2 5"),
        (5, SQUARE + "f 1 2 0"),
        (5, SQUARE + "f 1 2 -5"),
        (5, SQUARE + "f 1 2 3.0"),
        (5, SQUARE + "f 1/1 2/1 3/1"),
        (5, SQUARE + "f 1//1 2//1 3//1"),
        (5, SQUARE + "f 1/1/1/1 2 3"),
        (5, SQUARE + "f 1 2 " + "9" * 5_000),
        (5, SQUARE + "vt"),
        (5, SQUARE + "vn 1 2"),
        (6, SQUARE + "f 1 \\\n 2"),
    ],
)
def test_gltf_21_a_refusal_names_the_line(line: int, text: str) -> None:
    with pytest.raises(ObjError) as caught:
        read(text)
    assert caught.value.line == line, caught.value
    assert len(str(caught.value)) < 200


def test_gltf_21_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SQUARE + "f 1 2 3\ng b\nf 1 2 3\n"
    for name, value, line in (
        ("IMPORT_FILE_BYTES_MAX", 20, 0),
        ("IMPORT_FACES_MAX", 1, 7),
        ("IMPORT_CORNERS_MAX", 5, 7),
        ("IMPORT_ENTITIES_MAX", 1, 0),
        ("OBJ_LINE_CHARACTERS_MAX", 6, 1),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(obj, name, value)
            with pytest.raises(ObjError) as caught:
                read(text)
            assert caught.value.line == line
    assert len(read(text)) == 2


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obj, "LINES_BETWEEN_STEPS", 2)
    told: list[tuple[int, int]] = []
    data = (SQUARE + "f 1 2 3\n").encode()
    import_obj(data, lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {2 * len(data)}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) >= 4
    assert told[-1][0] == 2 * len(data)
