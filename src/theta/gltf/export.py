"""Entities to a glTF 2.0 scene: spec/gltf.md, GLTF-1 … GLTF-11.

A node each, with triangles, materials and placement that every program reads, and beside them the polygons as they are
in `THETA_mesh_topology`. glTF's space is ours: right-handed, +y up, metres, unit quaternions (x, y, z, w).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import msgspec

from theta.base.errors import InvalidValue
from theta.gltf.authorship import Authorship, LogHead
from theta.gltf.digests import render_digest
from theta.gltf.drawing import append_drawn, drawn_mesh
from theta.gltf.glb import BinaryBuffer, write_glb
from theta.gltf.hints import hints_without_mesh, written_hints
from theta.gltf.kept import EXTENSION, Kept
from theta.gltf.materials import BLACK, CUTOFF_DEFAULT, AlphaMode, Material, linear_of_srgb, written_material
from theta.gltf.placement import Quaternion, Vector3, rounded_rotation
from theta.gltf.topology import written_head, written_topology
from theta.mesh import Mesh, canonical_mesh

__all__ = ["ExportedEntity", "SceneKept", "export_glb", "linear_of_srgb"]


@dataclass(frozen=True)
class ExportedEntity:
    """An entity as it is written.

    Attributes:
        name: any text; need not be unique.
        translation: metres.
        rotation: quaternion x, y, z, w; need not be exactly of unit length.
        scale: factors.
        colour: sRGB in [0, 1], as picked on a screen.
        metallic: in [0, 1].
        roughness: in [0, 1].
        mesh: in the entity's own space, metres. Its attributes are written as they are; drawn are face "colour" where
            face "painted" is set, vertex and corner "colour", corner "uv" and corner "normal".
        emissive: sRGB in [0, 1].
        alpha, alpha_mode, alpha_cutoff: as in `Material`.
        double_sided: can be seen from behind, as on the page.
        material_name: any text; empty for none.
        authorship: who made the mesh's elements; None leaves it out.
        kept_node, kept_mesh, kept_material: what other programs had written, from an import.
    """

    name: str
    translation: Vector3
    rotation: Quaternion
    scale: Vector3
    colour: Vector3
    metallic: float
    roughness: float
    mesh: Mesh
    emissive: Vector3 = BLACK
    alpha: float = 1.0
    alpha_mode: AlphaMode = "OPAQUE"
    alpha_cutoff: float = CUTOFF_DEFAULT
    double_sided: bool = True
    material_name: str = ""
    authorship: Authorship | None = None
    kept_node: Kept = field(default_factory=Kept)
    kept_mesh: Kept = field(default_factory=Kept)
    kept_material: Kept = field(default_factory=Kept)

    def material(self) -> Material:
        """What its surface looks like."""
        return Material(
            self.colour,
            self.metallic,
            self.roughness,
            self.emissive,
            self.alpha,
            self.alpha_mode,
            self.alpha_cutoff,
            self.double_sided,
            self.material_name,
            self.kept_material,
        )


@dataclass(frozen=True)
class SceneKept:
    """What other programs had written to a file as a whole, from an import."""

    scene: Kept = field(default_factory=Kept)
    asset: Kept = field(default_factory=Kept)
    file: Kept = field(default_factory=Kept)


def export_glb(
    entities: Sequence[ExportedEntity],
    generator: str,
    *,
    head: LogHead | None = None,
    kept: SceneKept | None = None,
    topology: bool = True,
) -> bytes:
    """A binary glTF 2.0 file with one scene; the same entities give the same bytes.

    Faces without area are not drawn, since they have no normal; an entity without any other face is a node without a
    mesh. Equal materials are written once.

    Args:
        entities: in the order of the scene's nodes.
        generator: what made the file, for example "Theta 0.1.0".
        head: where the log stands.
        kept: what an import kept of the file as a whole.
        topology: write `THETA_mesh_topology`, without which only triangles come back.

    Raises:
        InvalidValue: a number that is not finite or out of its limits, a rotation of length zero, authorship that does
            not fit its mesh, or a file too large.
    """
    kept = kept if kept is not None else SceneKept()
    if head is not None:
        head.check()
    writer = _Writer(topology)
    for entity in entities:
        writer.add(entity)
    scene: dict[str, Any] = {"nodes": list(range(len(writer.nodes)))} if writer.nodes else {}
    if head is not None and topology:
        scene["extensions"] = {EXTENSION: written_head(head)}
    document = {
        "asset": kept.asset.added_to({"version": "2.0", "generator": generator}),
        "scene": 0,
        "scenes": [kept.scene.added_to(scene)],
    }
    document = kept.file.added_to(document | writer.parts())
    used = _extensions_of(document)
    if used:
        document["extensionsUsed"] = sorted(used)
    return write_glb(document, writer.buffer.to_bytes())


class _Writer:
    """The lists of the file as they grow."""

    def __init__(self, topology: bool) -> None:
        self.buffer = BinaryBuffer()
        self.nodes: list[dict[str, Any]] = []
        self._meshes: list[dict[str, Any]] = []
        self._materials: list[dict[str, Any]] = []
        self._numbers: dict[bytes, int] = {}
        self._topology = topology

    def add(self, entity: ExportedEntity) -> None:
        """Write an entity's node, mesh and material."""
        node = _node(entity)
        material = entity.material()
        material.check()
        canonical = canonical_mesh(entity.mesh)
        shown = drawn_mesh(canonical, entity.colour)
        if shown is not None:
            drawn, base = shown
            primitive = append_drawn(self.buffer, drawn)
            primitive["material"] = self._material(material, base)
            node["mesh"] = len(self._meshes)
            hints = written_hints(entity.rotation, material, base)
            mesh: dict[str, Any] = {"name": entity.name, "primitives": [primitive]}
            if self._topology:
                written = written_topology(self.buffer, canonical, entity.authorship)
                written["renderDigest"] = render_digest((drawn,))
                mesh = _marked(mesh, entity.kept_mesh.extras, written)
            self._meshes.append(entity.kept_mesh.added_to(mesh))
        else:
            hints = hints_without_mesh(entity.rotation, material)
            if self._topology:
                hints["topology"] = written_topology(self.buffer, canonical, entity.authorship)
        if self._topology:
            node["extensions"] = {EXTENSION: hints}
        self.nodes.append(entity.kept_node.added_to(node))

    def parts(self) -> dict[str, Any]:
        """The lists by name; glTF has no empty arrays, so that what there is none of is left out."""
        size = len(self.buffer)
        parts: dict[str, list[Any]] = {
            "nodes": self.nodes,
            "meshes": self._meshes,
            "materials": self._materials,
            "accessors": self.buffer.accessors,
            "bufferViews": self.buffer.views,
            "buffers": [{"byteLength": size}] if size else [],
        }
        return {name: part for name, part in parts.items() if part}

    def _material(self, material: Material, base: Vector3) -> int:
        """The index of a material: that of an equal one if there is one."""
        written = written_material(material, base)
        key = msgspec.json.encode(written)
        index = self._numbers.setdefault(key, len(self._materials))
        if index == len(self._materials):
            self._materials.append(written)
        return index


def _node(entity: ExportedEntity) -> dict[str, Any]:
    for name in ("translation", "rotation", "scale"):
        for number in getattr(entity, name):
            if not isfinite(number):
                raise InvalidValue(name, number, "finite")
    return {
        "name": entity.name,
        "translation": entity.translation,
        "rotation": rounded_rotation(entity.rotation),
        "scale": entity.scale,
    }


def _marked(mesh: dict[str, Any], extras: Any, topology: dict[str, Any]) -> dict[str, Any]:
    """With the extension, and in the extras a mark that outlives it in programs which drop what they do not know."""
    mesh["extensions"] = {EXTENSION: topology}
    if extras is None or isinstance(extras, dict):
        mesh["extras"] = {**(extras or {}), EXTENSION: topology["payloadDigest"]}
    return mesh


def _extensions_of(document: dict[str, Any]) -> set[str]:
    """The names of all extensions that the file uses."""
    parts = [document, document["asset"], *document["scenes"]]
    for name in ("nodes", "meshes", "materials"):
        parts += document.get(name, [])
    return {extension for part in parts for extension in part.get("extensions", {})}
