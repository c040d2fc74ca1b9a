"""Models in files: into a room, and a room into one."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict
from urllib.parse import unquote

import numpy as np

from theta import __version__
from theta.adapters.client.assets import PLAIN, ImportDetails, import_command
from theta.adapters.client.values import number, vector
from theta.adapters.glb_files import check_replaceable, write_glb_file
from theta.base.errors import InvalidValue, StoreUnavailable
from theta.base.identifiers import CommandName, element_id
from theta.base.limits import ENTITY_NAME_CHARACTERS_MAX, IMPORT_FILE_BYTES_MAX
from theta.editor.mesh_assets import face_count_of
from theta.editor.surface import ALPHA_MODES, SurfaceValues
from theta.editor.vocabulary import ImportMeshV2, Vector3, check_name
from theta.gltf import ImportedEntity, ImportedScene, Material, ModelError, Shape, import_model
from theta.mesh import Mesh, asset_name, canonical_bytes, encode_polygons
from theta.mesh.bulk_ids import numbered
from theta.mesh.linking import edge_ends
from theta.mesh.orbits import starts_of
from theta.mesh.rebuild import replace_mesh
from theta.node.replica import Replica
from theta.node.scene_copy import SceneCopy

NO_COMMAND = CommandName(0, 0)
FileProgress = Callable[[str, int, int], None]


class FileDetails(TypedDict, total=False):
    """What may be said of an imported file.

    `at` is where its origin goes, metres; `scale` one factor for all of it; `on_progress` is called with ("reading" or
    "sending", how much is done, how much there is); `on_note` with each remark on what was not as it might have been.
    """

    at: Sequence[float]
    scale: float
    on_progress: FileProgress
    on_note: Callable[[str], None]


class ModelPart(NamedTuple):
    """One object of a file: the asset to give to the room, and the command that then makes it."""

    data: bytes
    command: ImportMeshV2


async def read_model(path: str | os.PathLike[str], details: FileDetails) -> list[ModelPart]:
    """The objects of a GLB, glTF or OBJ file, read in another thread.

    Raises:
        ModelError: it cannot be read as a model, is too much, or has no object in it.
        InvalidValue, UnusableAsset: one of its objects is not what a room can hold.
        StoreUnavailable: the file cannot be read.
    """
    loop = asyncio.get_running_loop()
    tell = details.get("on_progress")

    def progress(done: int, total: int) -> None:
        if tell is not None:
            loop.call_soon_threadsafe(tell, "reading", done, total)

    def work() -> tuple[ImportedScene, list[ModelPart]]:
        data, resources = _read(Path(path))
        scene = import_model(data, resources, progress)
        return scene, list(_parts(scene, Path(path).stem, details))

    scene, parts = await asyncio.to_thread(work)
    for note in dict.fromkeys((*scene.notes, *(each for entity in scene.entities for each in entity.notes))):
        if (tell_note := details.get("on_note")) is not None:
            tell_note(note)
    if not parts:
        raise ModelError("model", Path(path).name, "nothing is in it that has faces: is it a GLB, glTF or OBJ file?")
    return parts


async def write_room(replica: Replica, path: str | os.PathLike[str]) -> None:
    """Write the document as it is now as GLB, replacing an older file; the slow part is done in another thread.

    Raises:
        InvalidValue: it would be too large, or the path is a folder or some other kind of file, which would be lost.
        StoreUnavailable: the file cannot be written.
    """
    target = Path(path)
    check_replaceable(target)
    copy = SceneCopy(replica)
    while not copy.copy_some(None):
        pass
    content = await asyncio.to_thread(copy.to_write().glb, f"Theta {__version__}")
    await asyncio.to_thread(write_glb_file, target, content)


def _read(path: Path) -> tuple[bytes, dict[str, bytes]]:
    """A file, and of a glTF the buffers beside it that it names."""
    data = _bytes_of(path)
    if path.suffix.lower() != ".gltf":
        return data, {}
    try:
        buffers = json.loads(data).get("buffers", [])
        uris = [buffer["uri"] for buffer in buffers if isinstance(buffer.get("uri"), str)]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return data, {}  # the importer says what is wrong with it
    folder = path.parent.resolve()
    found = {uri: (folder / unquote(uri)).resolve() for uri in uris if not uri.startswith("data:")}
    # A file from elsewhere must not name what it was not given: only what lies beside or below it is read.
    return data, {uri: _bytes_of(file) for uri, file in found.items() if file.is_relative_to(folder) and file.is_file()}


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > IMPORT_FILE_BYTES_MAX:
            raise InvalidValue("file", f"{path.stat().st_size} bytes", f"at most {IMPORT_FILE_BYTES_MAX} bytes")
        return path.read_bytes()
    except OSError as error:
        raise StoreUnavailable(f"cannot read {path}: {error.strerror}") from error


def _parts(scene: ImportedScene, stem: str, details: FileDetails) -> Iterator[ModelPart]:
    origin, factor = vector(details.get("at", (0.0, 0.0, 0.0)), "at"), number(details.get("scale", 1.0), "scale")
    for entity in scene.entities:
        data = _asset_of(entity)
        face_count_of(data)
        material = entity.material
        placed: ImportDetails = {
            "name": _name(entity.name, stem),
            "at": _plus(origin, entity.translation, factor),
            "rotation": entity.rotation,
            "scale": tuple(factor * value for value in entity.scale),
            "surface": PLAIN if material is None else surface_of(material),
        }
        if material is not None:
            placed["colour"] = material.colour
        yield ModelPart(data, import_command(data, placed))


def surface_of(material: Material) -> SurfaceValues:
    """A material of a file as an object here has it."""
    return SurfaceValues(
        material.metallic,
        material.roughness,
        material.emissive,
        material.alpha,
        ALPHA_MODES[("OPAQUE", "MASK", "BLEND").index(material.alpha_mode)],
        min(1.0, material.alpha_cutoff),
        material.double_sided,
    )


def _asset_of(entity: ImportedEntity) -> bytes:
    """With ids where the file has them, and with attributes; else plain polygons, which get ids from the command."""
    if entity.mesh is not None:
        return canonical_bytes(entity.mesh)
    shape = entity.shape
    if not shape.attributes:
        loops = [loop.tolist() for loop in np.split(shape.corners, starts_of(shape.counts)[1:])]
        return encode_polygons(shape.positions, loops)
    return canonical_bytes(mesh_of_shape(shape))


def mesh_of_shape(shape: Shape) -> Mesh:
    """The mesh of what a file has, with its attributes; ids follow from its positions and faces alone."""
    content = asset_name(shape.positions.tobytes() + shape.counts.tobytes() + shape.corners.tobytes())
    parents = (content[:16], content[16:])
    counts = (len(shape.positions), len(edge_ends(shape.counts, shape.corners)), len(shape.counts))
    vertices, edges, faces = (
        numbered(element_id(NO_COMMAND, f"file.{kind}", parents), count)
        for kind, count in zip(("vertex", "edge", "face"), counts, strict=True)
    )
    mesh = Mesh()
    replace_mesh(mesh, shape.positions, shape.counts, shape.corners, (vertices, edges, faces), shape.attributes)
    return mesh


def _name(name: str, stem: str) -> str:
    """A name that a room takes: the file's, or the object's within it, without what is no plain text."""
    for each in (name, stem):
        plain = "".join(sign for sign in each if _is_plain(sign))[:ENTITY_NAME_CHARACTERS_MAX]
        if plain:
            return plain
    return "import"


def _is_plain(sign: str) -> bool:
    try:
        check_name(sign)
    except InvalidValue:
        return False
    return True


def _plus(origin: Vector3, offset: Vector3, factor: float) -> Vector3:
    x, y, z = (start + factor * value for start, value in zip(origin, offset, strict=True))
    return x, y, z
