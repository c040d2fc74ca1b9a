"""Wavefront OBJ: `v` with colours, `vt`, `vn`, `f`, `o`, `g`, `usemtl`; polygons stay polygons: spec/gltf.md, GLTF-21.

Materials are named and not read: they are in another file. Curves, lines and points are passed over.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from theta.base.limits import (
    COORDINATE_METRES_MAX,
    IMPORT_CORNERS_MAX,
    IMPORT_ENTITIES_MAX,
    IMPORT_FACES_MAX,
    IMPORT_FILE_BYTES_MAX,
    MESH_FACE_CORNERS_MAX,
    OBJ_LINE_CHARACTERS_MAX,
)
from theta.gltf.errors import ObjError
from theta.gltf.imported import ImportedEntity, ImportedScene, Progress, Steps
from theta.gltf.materials import WHITE, Material, linear_of_srgb_array
from theta.gltf.placement import NO_MOVE, NO_SCALE, NO_TURN, Placement
from theta.gltf.shapes import RawShape, notes_of, shape_of

LINES_BETWEEN_STEPS = 65_536
LABELS = ("o", "g", "usemtl")
NOT_TAKEN = frozenset(("l", "p", "curv", "curv2", "surf"))
NONE = -1

_AS_IT_IS = Placement(NO_MOVE, NO_TURN, NO_SCALE)
Corner = tuple[int, int, int]


@dataclass(slots=True)
class _Faces:
    """The faces so far.

    Attributes:
        counts: corners of each face.
        labels: of each face, the numbers of its object, group and material.
        corners: of each corner, v, vt and vn from 0, -1 for none.
    """

    counts: "array[int]" = field(default_factory=lambda: array("q"))
    labels: "array[int]" = field(default_factory=lambda: array("q"))
    corners: "array[int]" = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class _Lists:
    """What the lines so far have listed, number by number; `coloured` are the vertices with a colour, in `colours`."""

    positions: "array[float]" = field(default_factory=lambda: array("d"))
    coloured: "array[int]" = field(default_factory=lambda: array("q"))
    colours: "array[float]" = field(default_factory=lambda: array("d"))
    uvs: "array[float]" = field(default_factory=lambda: array("d"))
    normals: "array[float]" = field(default_factory=lambda: array("d"))


def import_obj(data: bytes, progress: Progress | None = None) -> ImportedScene:
    """The entities of an OBJ: one for each object, or group where there are no objects, and material.

    Args:
        data: the whole file, at most IMPORT_FILE_BYTES_MAX.
        progress: told how far it is.

    Raises:
        ObjError: it cannot be read, or is too much; names the line.
    """
    if len(data) > IMPORT_FILE_BYTES_MAX:
        raise ObjError(0, f"{len(data)} bytes are more than {IMPORT_FILE_BYTES_MAX}")
    reader = _Reader()
    steps = Steps(progress, 2 * len(data))
    done = 0
    for number, begin, words in _lines(data):
        reader.take(number, words)
        if number % LINES_BETWEEN_STEPS == 0:
            steps.take(begin - done)
            done = begin
    steps.take(len(data) - done)
    scene = reader.scene(steps, len(data))
    steps.finish()
    return scene


class _Reader:
    def __init__(self) -> None:
        self._lists = _Lists()
        self._faces = _Faces()
        # Names by number of objects, groups and materials; "" is what comes before the first of its kind.
        self._names: tuple[dict[str, int], ...] = ({"": 0}, {"": 0}, {"": 0})
        self._current = [0, 0, 0]
        self._has_objects = False
        self._corners = 0
        self._not_taken = 0

    def take(self, line: int, words: list[str]) -> None:
        """Read a line.

        Raises:
            ObjError: it is wrong.
        """
        keyword, rest = words[0], words[1:]
        if keyword == "v":
            self._take_vertex(line, rest)
        elif keyword == "f":
            self._take_face(line, rest)
        elif keyword == "vt":
            u, v, *_ = (*_numbers(line, rest[:2], 1), 0.0)
            self._lists.uvs.extend((u, v))
        elif keyword == "vn":
            self._lists.normals.extend(_numbers(line, rest[:3], 3))
        elif keyword in LABELS:
            kind = LABELS.index(keyword)
            names = self._names[kind]
            self._current[kind] = names.setdefault(" ".join(rest), len(names))
            self._has_objects |= kind == 0
        elif keyword in NOT_TAKEN:
            self._not_taken += 1

    def scene(self, steps: Steps, size: int) -> ImportedScene:
        """What came together."""
        positions, colours = _array(self._lists.positions, 3), self._colours()
        uvs, normals = _array(self._lists.uvs, 2), _array(self._lists.normals, 3)
        uvs[:, 1] = 1.0 - uvs[:, 1]  # glTF counts from the top
        entities = []
        for name, material, counts, table in self._parts():
            used, corners = np.unique(table[:, 0], return_inverse=True)
            raw = RawShape(
                positions[used],
                counts,
                corners.astype(np.int64),
                _of_corners(normals, table[:, 2]),
                None if colours is None else colours[table[:, 0]],
                _of_corners(uvs, table[:, 1]),
            )
            shape = shape_of(raw, _AS_IT_IS, WHITE, "file")
            look = Material(name=material, metallic=0.0) if material else None
            if len(shape.counts):
                notes = tuple(notes_of(shape))
                entities.append(ImportedEntity(name, NO_MOVE, NO_TURN, NO_SCALE, look, shape, notes=notes))
            steps.take(size * len(counts) // len(self._faces.counts))
        return ImportedScene(tuple(entities), self._notes(), "")

    def _parts(self) -> Iterator[tuple[str, str, NDArray[np.int64], NDArray[np.int64]]]:
        """Object or group, material, corner counts and corners (n, 3) of each part, by their first faces."""
        counts = np.array(self._faces.counts)
        labels, corners = np.array(self._faces.labels).reshape(-1, 3), np.array(self._faces.corners).reshape(-1, 3)
        owners = labels[:, 0 if self._has_objects else 1]
        _, firsts, part_of = np.unique(
            owners * len(self._names[2]) + labels[:, 2], return_index=True, return_inverse=True
        )
        if len(firsts) > IMPORT_ENTITIES_MAX:
            raise ObjError(0, f"{len(firsts)} parts are more than {IMPORT_ENTITIES_MAX}: join some of them")
        by_part, by_corner = np.argsort(part_of, kind="stable"), np.argsort(np.repeat(part_of, counts), kind="stable")
        ends = np.cumsum(np.bincount(part_of, minlength=len(firsts)))
        corner_ends = np.cumsum(np.bincount(part_of, counts, minlength=len(firsts)).astype(np.int64))
        owner_names, material_names = list(self._names[0 if self._has_objects else 1]), list(self._names[2])
        for part in np.argsort(firsts).tolist():
            begin, corner_begin = (int(each[part - 1]) if part else 0 for each in (ends, corner_ends))
            name, material = owner_names[owners[firsts[part]]], material_names[labels[firsts[part], 2]]
            own_counts = counts[by_part[begin : ends[part]]]
            yield name, material, own_counts, corners[by_corner[corner_begin : corner_ends[part]]]

    def _take_vertex(self, line: int, words: list[str]) -> None:
        # A fourth number is a weight; six are a place and a colour.
        numbers = _numbers(line, words[:6] if len(words) >= 6 else words[:3], 3)
        if not -COORDINATE_METRES_MAX <= min(numbers[:3]) <= max(numbers[:3]) <= COORDINATE_METRES_MAX:
            raise ObjError(line, f"a vertex must be within ±{COORDINATE_METRES_MAX:g} metres")
        if len(numbers) == 6:
            self._lists.coloured.append(len(self._lists.positions) // 3)
            self._lists.colours.extend(numbers[3:])
        self._lists.positions.extend(numbers[:3])

    def _take_face(self, line: int, words: list[str]) -> None:
        if len(words) < 3:
            raise ObjError(line, "a face needs at least three corners")
        self._corners += len(words)
        if self._corners > IMPORT_CORNERS_MAX:
            raise ObjError(line, f"there are more than {IMPORT_CORNERS_MAX} corners")
        faces = self._faces
        loops = [self._loop(line, words)]
        if len(words) > MESH_FACE_CORNERS_MAX:
            loops = _fan(loops[0])
        if len(faces.counts) + len(loops) > IMPORT_FACES_MAX:
            raise ObjError(line, f"there are more than {IMPORT_FACES_MAX} faces")
        for loop in loops:
            faces.counts.append(len(loop) // 3)
            faces.labels.extend(self._current)
            faces.corners.extend(loop)

    def _loop(self, line: int, words: list[str]) -> list[int]:
        """The corners of a face one after the other, three numbers each."""
        lists = self._lists
        vertices = len(lists.positions) // 3
        try:
            plain = list(map(int, words))
        except ValueError:
            plain = [0]
        if min(plain) >= 1 and max(plain) <= vertices:
            return [number for vertex in plain for number in (vertex - 1, NONE, NONE)]
        counts = (vertices, len(lists.uvs) // 2, len(lists.normals) // 3)
        return [number for word in words for number in _corner(line, word, counts)]

    def _colours(self) -> NDArray[np.float64] | None:
        """Linear colours with alpha of all vertices; white where one has none."""
        lists = self._lists
        if not lists.coloured:
            return None
        colours = np.ones((len(lists.positions) // 3, 4))
        colours[np.array(lists.coloured), :3] = linear_of_srgb_array(_array(lists.colours, 3))
        return colours

    def _notes(self) -> tuple[str, ...]:
        if not self._not_taken:
            return ()
        return (f"{self._not_taken} lines, points or curves were left out: only faces are taken.",)


def _lines(data: bytes) -> Iterator[tuple[int, int, list[str]]]:
    """Lines split at blanks, each with its number from 1 and where it begins; comments are gone, long ones whole."""
    begin = number = 0
    kept = ""
    while begin < len(data):
        newline = data.find(b"\n", begin)
        end = len(data) if newline < 0 else newline
        number += 1
        if end - begin + len(kept) > OBJ_LINE_CHARACTERS_MAX:
            raise ObjError(number, f"it has more than {OBJ_LINE_CHARACTERS_MAX} characters")
        text = kept + data[begin:end].decode("utf-8", "replace").partition("#")[0].strip()
        begin = end + 1
        if text.endswith("\\"):
            kept = text[:-1] + " "
            continue
        kept = ""
        words = text.split()
        if words:
            yield number, begin, words
    if kept.strip():
        yield number, begin, kept.split()


def _numbers(line: int, words: list[str], least: int) -> tuple[float, ...]:
    """Finite numbers, at least so many."""
    try:
        numbers = tuple(map(float, words))
    except ValueError:
        numbers = ()
    if len(numbers) < least or not all(map(isfinite, numbers)):
        raise ObjError(line, f"it needs {least} finite numbers")
    return numbers


def _corner(line: int, word: str, counts: tuple[int, int, int]) -> Corner:
    """(v, vt, vn) from 0, -1 for none, of a word like 7, 7/2, 7//3 or -1/-1/-1."""
    found = [NONE, NONE, NONE]
    parts = word.split("/")
    if len(parts) > 3:
        raise ObjError(line, f"{word[:40]!r} is no corner")
    for at, text in enumerate(parts):
        if not text and at:
            continue
        try:
            number = int(text) if len(text) <= 12 else 0
        except ValueError:
            number = 0
        index = counts[at] + number if number < 0 else number - 1
        if not 0 <= index < counts[at]:
            raise ObjError(line, f"{word[:40]!r} names no {('vertex', 'texture coordinate', 'normal')[at]} above it")
        found[at] = index
    return found[0], found[1], found[2]


def _fan(loop: list[int]) -> list[list[int]]:
    return [[*loop[:3], *loop[at : at + 6]] for at in range(3, len(loop) - 3, 3)]


def _array(numbers: "array[float]", width: int) -> NDArray[np.float64]:
    return np.array(numbers).reshape(-1, width)


def _of_corners(rows: NDArray[np.float64], indices: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Rows by corner, zeros for those that name none; None if none names any."""
    named = indices != NONE
    if not named.any():
        return None
    found = np.zeros((len(indices), rows.shape[1]))
    found[named] = rows[indices[named]]
    return found
