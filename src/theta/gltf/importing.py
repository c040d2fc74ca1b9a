"""GLB and glTF 2.0 files to entities: spec/gltf.md, GLTF-12 … GLTF-20. Nothing is fetched, nothing is believed."""

from collections.abc import Iterator, Mapping

from theta.base.limits import IMPORT_ENTITIES_MAX, IMPORT_FACES_MAX
from theta.gltf.accessors import Accessors
from theta.gltf.container import GltfFile, open_glb, open_gltf
from theta.gltf.errors import GltfError
from theta.gltf.export import SceneKept
from theta.gltf.fields import Fields
from theta.gltf.hints import hinted_material, hinted_rotation, material_without_mesh
from theta.gltf.imported import ImportedEntity, ImportedScene, Progress, Steps, told
from theta.gltf.kept import EXTENSION, Kept, keep
from theta.gltf.materials import Material, read_material
from theta.gltf.meshes import Exact, ReadMesh, announced_corners, read_exact, read_mesh
from theta.gltf.nodes import PlacedNode, placed_nodes, scene_of
from theta.gltf.placement import Placement, Vector3
from theta.gltf.reading import COMPRESSIONS
from theta.gltf.shapes import Shape, notes_of, raw_triangles, shape_of, stretched_shape
from theta.gltf.topology import read_head

# What a file may require that changes nothing of what is taken from it.
HARMLESS_PREFIXES = ("KHR_materials_", "KHR_texture_", "KHR_xmp", "EXT_texture_")
HARMLESS = frozenset(("KHR_mesh_quantization", "KHR_lights_punctual", "KHR_animation_pointer", EXTENSION))
# Reading, joining and separating are about equally long.
STAGES = 3


def import_glb(data: bytes, progress: Progress | None = None) -> ImportedScene:
    """The entities of a binary file.

    Args:
        data: the whole file, at most IMPORT_FILE_BYTES_MAX.
        progress: told how far it is.

    Raises:
        GltfError: it cannot be read, or is too much; names the field.
    """
    return _Importer(open_glb(data), progress).run()


def import_gltf(
    json: bytes, resources: Mapping[str, bytes] | None = None, progress: Progress | None = None
) -> ImportedScene:
    """The entities of a JSON file.

    Args:
        json: the file.
        resources: the files that it names, by their URIs; percent-encoded or not.
        progress: told how far it is.

    Raises:
        GltfError: it cannot be read, or names a file that is not given, or is too much; names the field.
    """
    return _Importer(open_gltf(json, resources or {}), progress).run()


class _Importer:
    def __init__(self, file: GltfFile, progress: Progress | None) -> None:
        self._root = file.root
        self._accessors = Accessors(file)
        self._progress = progress
        self._notes = file.notes
        self._meshes: dict[int, ReadMesh] = {}
        self._sizes: dict[int, int] = {}
        self._materials: dict[int, Material] = {}
        self._shapes: dict[tuple[int, int], Shape] = {}
        self._faces_left = IMPORT_FACES_MAX

    def run(self) -> ImportedScene:
        asset = self._root.object("asset")
        _check_version(asset)
        _check_required(self._root)
        self._note_left_out()
        nodes = placed_nodes(self._root)
        steps = Steps(self._progress, STAGES * sum(map(self._size_of, nodes)))
        entities: list[ImportedEntity] = []
        for node in nodes:
            for entity in self._entities_of(node, steps):
                entities.append(entity)
                if len(entities) > IMPORT_ENTITIES_MAX:
                    raise GltfError("nodes", f"make more than {IMPORT_ENTITIES_MAX} parts; join some of them")
        scene = scene_of(self._root)
        head = None
        try:
            head = read_head(scene.object("extensions").object(EXTENSION))
        except GltfError as error:
            self._notes.append(f"Where the log stood cannot be read: {error.field} {error.reason}.")
        kept = SceneKept(keep(scene, self._notes), keep(asset, self._notes), keep(self._root, self._notes))
        steps.finish()
        return ImportedScene(tuple(entities), told(self._notes), asset.text("generator"), head, kept)

    def _size_of(self, node: PlacedNode) -> int:
        """About how much a node is to do."""
        index = node.fields.index("mesh")
        if index is None:
            return 1
        if index not in self._sizes:
            self._sizes[index] = announced_corners(self._root.item("meshes", index), self._accessors)
        return self._sizes[index]

    def _entities_of(self, node: PlacedNode, steps: Steps) -> Iterator[ImportedEntity]:
        index = node.fields.index("mesh")
        if index is None:
            yield from self._without_mesh(node)
            steps.take(STAGES)
            return
        if node.fields.has("skin"):
            self._notes.append("Bones were left out: it stands as it was modelled.")
        if index not in self._meshes:
            self._meshes[index] = read_mesh(self._root.item("meshes", index), self._accessors)
        mesh = self._meshes[index]
        size = self._size_of(node)
        steps.take(size)
        if mesh.exact is not None:
            yield self._exact(node, index, mesh, mesh.exact)
        else:
            yield from self._triangles(node, index, mesh)
        steps.take((STAGES - 1) * size)

    def _without_mesh(self, node: PlacedNode) -> Iterator[ImportedEntity]:
        """An entity that had no face to draw: its mesh is with the node."""
        extension = _extension(node.fields)
        if not extension.has("topology"):
            return
        try:
            exact = read_exact(extension.object("topology"), self._accessors)
            material = material_without_mesh(extension)
        except GltfError as error:
            self._accessors.charge(node.fields.path, 0)
            self._notes.append(f"A mesh without faces is damaged, and was left out ({error.field}: {error.reason}).")
            return
        self._count(len(exact.shape.counts), node.fields)
        mesh = ReadMesh((), "exact", exact, (), Kept())
        yield self._entity(node, node.place(), node.fields.text("name"), material, mesh, exact.shape)

    def _exact(self, node: PlacedNode, index: int, mesh: ReadMesh, exact: Exact) -> ImportedEntity:
        place = node.place()
        self._count(len(exact.shape.counts), node.fields)
        material = self._material_of(mesh.primitives[0][0], mesh, node) if mesh.primitives else None
        name = self._name_of(node, index)
        if place.stretch is None:
            return self._entity(node, place, name, material, mesh, exact.shape)
        shape = stretched_shape(exact.shape, place, node.fields.path)
        note = "It is mirrored, sheared or scaled beyond what an object here can be, so its points were moved instead."
        changed = ReadMesh(mesh.primitives, "edited", None, (*mesh.notes, note), mesh.kept)
        return self._entity(node, place, name, material, changed, shape)

    def _triangles(self, node: PlacedNode, index: int, mesh: ReadMesh) -> Iterator[ImportedEntity]:
        own = self._name_of(node, index)
        place = node.place()
        for at, (primitive, drawn) in enumerate(mesh.primitives):
            self._count(len(drawn.corners) // 3, primitive)
            material = self._material_of(primitive, mesh, node)
            shape = self._shapes.get((index, at)) if place.stretch is None else None
            if shape is None:
                base = self._base_of(primitive)
                shape = shape_of(raw_triangles(drawn), place, base, primitive.path)
            if place.stretch is None:
                self._shapes[index, at] = shape
            if not len(shape.counts):
                self._notes.append(
                    f"{shape.dropped_faces} faces without area were all that a part had; it was left out."
                )
                continue
            label = (material.name if material is not None else "") or str(at + 1)
            name = f"{own} {label}".strip() if len(mesh.primitives) > 1 else own
            yield self._entity(node, place, name, material, mesh, shape)

    def _entity(
        self, node: PlacedNode, place: Placement, name: str, material: Material | None, mesh: ReadMesh, shape: Shape
    ) -> ImportedEntity:
        notes = [*mesh.notes, *notes_of(shape)]
        rotation = place.rotation
        if place.stretch is None and node.is_own():
            rotation = hinted_rotation(_extension(node.fields), node.fields, rotation)
        kept = keep(node.fields, notes)
        return ImportedEntity(
            name,
            place.translation,
            rotation,
            place.scale,
            material,
            shape,
            mesh.origin,
            mesh.exact.mesh if mesh.exact is not None else None,
            mesh.exact.authorship if mesh.exact is not None else None,
            told(notes),
            kept,
            mesh.kept,
        )

    def _name_of(self, node: PlacedNode, index: int) -> str:
        return node.fields.text("name") or self._root.item("meshes", index).text("name")

    def _material_of(self, primitive: Fields, mesh: ReadMesh, node: PlacedNode) -> Material | None:
        index = primitive.index("material")
        if index is None:
            return None
        described = self._root.item("materials", index)
        if index not in self._materials:
            self._materials[index] = read_material(described, self._notes)
        return hinted_material(_extension(node.fields), described, self._materials[index])

    def _base_of(self, primitive: Fields) -> Vector3:
        index = primitive.index("material")
        if index is None:
            return 1.0, 1.0, 1.0
        rough = self._root.item("materials", index).object("pbrMetallicRoughness")
        red, green, blue, _ = rough.numbers("baseColorFactor", 4) or (1.0, 1.0, 1.0, 1.0)
        return red, green, blue

    def _count(self, faces: int, where: Fields) -> None:
        self._faces_left -= faces
        if self._faces_left < 0:
            raise GltfError(where.path, f"all parts together have more than {IMPORT_FACES_MAX} faces")

    def _note_left_out(self) -> None:
        for name, what in (("animations", "Animations"), ("cameras", "Cameras")):
            if self._root.items(name):
                self._notes.append(f"{what} were left out.")


def _check_version(asset: Fields) -> None:
    version, least = asset.text("version"), asset.text("minVersion")
    if not version.startswith("2.") or least not in ("", "2.0"):
        raise GltfError(asset.at("version"), f"is {least or version!r}, but must be 2.0")


def _check_required(root: Fields) -> None:
    for at, name in enumerate(root.items("extensionsRequired")):
        field = f"{root.at('extensionsRequired')}[{at}]"
        if not isinstance(name, str):
            raise GltfError(field, "must be a text")
        if name in COMPRESSIONS:
            raise GltfError(field, f"it is compressed with {COMPRESSIONS[name]} ({name}): export it without")
        if name not in HARMLESS and not name.startswith(HARMLESS_PREFIXES):
            raise GltfError(field, f"it needs {name[:64]}, which is not read here: export it without")


def _extension(node: Fields) -> Fields:
    """Our extension on a node; empty where there is none, or anything else under its name."""
    value = node.object("extensions").values.get(EXTENSION, {})
    return Fields(f"{node.path}.extensions.{EXTENSION}", value if isinstance(value, dict) else {})
