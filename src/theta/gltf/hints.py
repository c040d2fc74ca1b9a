"""What a node's `THETA_mesh_topology` says that glTF's own fields hold only roughly: spec/gltf.md, GLTF-7.

Each is taken only while the field it refines is as it was written, so that another program's change counts.
"""

from dataclasses import replace
from typing import Any

from theta.gltf.errors import GltfError
from theta.gltf.fields import Fields
from theta.gltf.materials import ALPHA_MODES, BLACK, Material, emissive_factor
from theta.gltf.placement import Quaternion, Vector3, rounded_rotation, unit_quaternion

EXTENSION_VERSION = 1


def written_hints(rotation: Quaternion, material: Material, base: Vector3) -> dict[str, Any]:
    """The extension's object on a node whose mesh is drawn with the linear base colour `base`."""
    hints: dict[str, Any] = {"version": EXTENSION_VERSION, "rotation": unit_quaternion(rotation)}
    hints |= {"colour": material.colour, "baseColour": base}
    hints |= {"emissive": material.emissive, "emissiveFactor": emissive_factor(material)}
    if material.alpha_mode != "MASK":
        hints["alphaCutoff"] = material.alpha_cutoff
    return hints


def hints_without_mesh(rotation: Quaternion, material: Material) -> dict[str, Any]:
    """The extension's object on a node of which nothing is drawn: nowhere else is its material."""
    return {
        "version": EXTENSION_VERSION,
        "rotation": unit_quaternion(rotation),
        "colour": material.colour,
        "emissive": material.emissive,
        "metallic": material.metallic,
        "roughness": material.roughness,
        "alpha": material.alpha,
        "alphaMode": material.alpha_mode,
        "alphaCutoff": material.alpha_cutoff,
        "doubleSided": material.double_sided,
        "materialName": material.name,
    }


def hinted_rotation(extension: Fields, node: Fields, rotation: Quaternion) -> Quaternion:
    """The rotation that was written, if the node's is still that one rounded, and else `rotation`."""
    hint = _numbers(extension, "rotation", 4)
    unit = unit_quaternion(hint) if hint is not None else None
    return unit if unit is not None and rounded_rotation(unit) == node.numbers("rotation", 4) else rotation


def hinted_material(extension: Fields, described: Fields, material: Material) -> Material:
    """The material with the sRGB colours that were picked, where its factors are still those that were written."""
    base, colour = _share_triple(extension, "baseColour"), _share_triple(extension, "colour")
    factor = described.object("pbrMetallicRoughness").numbers("baseColorFactor", 4)
    if base is not None and colour is not None and factor is not None and tuple(factor[:3]) == base:
        material = replace(material, colour=colour)
    glow, emissive = _share_triple(extension, "emissiveFactor"), _share_triple(extension, "emissive")
    if emissive is not None and tuple(described.numbers("emissiveFactor", 3) or BLACK) == glow:
        material = replace(material, emissive=emissive)
    if material.alpha_mode != "MASK" and (cutoff := _numbers(extension, "alphaCutoff")):
        material = replace(material, alpha_cutoff=max(0.0, cutoff[0]))
    return material


def material_without_mesh(extension: Fields) -> Material:
    """The material of what is not drawn.

    Raises:
        GltfError: it is none.
    """
    plain = Material()
    mode = extension.text("alphaMode") or plain.alpha_mode
    if mode not in ALPHA_MODES:
        raise GltfError(extension.at("alphaMode"), f"is {mode!r}, but must be one of {', '.join(ALPHA_MODES)}")
    return Material(
        _share_triple(extension, "colour") or plain.colour,
        extension.share("metallic", plain.metallic),
        extension.share("roughness", plain.roughness),
        _share_triple(extension, "emissive") or plain.emissive,
        extension.share("alpha", plain.alpha),
        mode,
        max(0.0, extension.number("alphaCutoff", plain.alpha_cutoff)),
        extension.flag("doubleSided"),
        extension.text("materialName"),
    )


def _share_triple(extension: Fields, field: str) -> Vector3 | None:
    numbers = _numbers(extension, field, 3)
    if numbers is None or not all(0.0 <= number <= 1.0 for number in numbers):
        return None
    return numbers[0], numbers[1], numbers[2]


def _numbers(extension: Fields, field: str, count: int = 0) -> list[float] | None:
    """The numbers, or the one number, None where they are absent or anything else: no file is refused for a hint."""
    if not extension.has(field):
        return None
    try:
        return extension.numbers(field, count) if count else [extension.number(field, 0.0)]
    except GltfError:
        return None
