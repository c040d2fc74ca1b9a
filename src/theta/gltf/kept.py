"""What other programs wrote to a glTF that means nothing here, kept where that is safe: spec/gltf.md, GLTF-17 and -18.

An index in it would point elsewhere after the file was written anew, so that what may be one is not kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from theta.base.limits import GLTF_KEPT_BYTES_MAX, GLTF_KEPT_DEPTH_MAX
from theta.gltf.fields import Fields

EXTENSION = "THETA_mesh_topology"

# Of these the specification says that they hold factors, and indices only below members named …Texture.
FACTOR_EXTENSIONS = frozenset(
    f"KHR_materials_{name}"
    for name in (
        *("anisotropy", "clearcoat", "diffuse_transmission", "dispersion", "emissive_strength", "ior", "iridescence"),
        *("sheen", "specular", "transmission", "unlit", "volume"),
    )
)
# A whole number under one of these in extras is taken for an index into the file.
INDEX_NAMES = frozenset(
    """
    accessor animation attribute buffer bufferview camera child children geometry image index indices instance joint
    light link mapping material mesh node parent primitive root sampler scene skeleton skin source sparse target texture
    variant
    """.split()
)


@dataclass(frozen=True)
class Kept:
    """Extensions and extras of one object of a file, as they are written again."""

    extensions: Mapping[str, Any] = field(default_factory=dict)
    extras: Any = None

    def __bool__(self) -> bool:
        return bool(self.extensions) or self.extras is not None

    def added_to(self, written: dict[str, Any]) -> dict[str, Any]:
        """An object of glTF with what was kept of it; what is there already stays."""
        if self.extensions:
            written["extensions"] = {**self.extensions, **written.get("extensions", {})}
        if self.extras is not None:
            written.setdefault("extras", self.extras)
        return written


def keep(described: Fields, notes: list[str]) -> Kept:
    """What can be kept of an object's extensions and extras; `notes` says what was not.

    Raises:
        GltfError: the extensions are no object.
    """
    extensions: dict[str, Any] = {}
    for name, written in described.object("extensions").values.items():
        if name == EXTENSION:
            continue
        factors = name in FACTOR_EXTENSIONS
        value = _without_textures(written) if factors else written
        if _nested(value) and _small(value) and (factors or not _has_whole_number(value)):
            extensions[name] = value
        else:
            notes.append(f"The extension {name[:64]} was left out, since it may point into the file.")
    extras = described.values.get("extras")
    if extras is not None and not (_nested(extras) and _small(extras) and not _has_named_index(extras)):
        notes.append(f"The extras of {described.path or 'the file'} were left out, since they may point into the file.")
        extras = None
    return Kept(extensions, extras)


def _without_textures(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {member: part for member, part in value.items() if not member.endswith("Texture")}


def _small(value: Any) -> bool:
    try:
        return len(msgspec.json.encode(value)) <= GLTF_KEPT_BYTES_MAX
    except OverflowError:  # a whole number of more than 64 bits
        return False


def _nested(value: Any, depth: int = 0) -> bool:
    """Whether objects and lists lie in each other GLTF_KEPT_DEPTH_MAX deep at most."""
    if not isinstance(value, dict | list):
        return True
    if depth >= GLTF_KEPT_DEPTH_MAX:
        return False
    return all(_nested(part, depth + 1) for part in _parts(value))


def _has_whole_number(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_whole_number, _parts(value)))
    return _is_whole(value)


def _has_named_index(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_named_index, value))
    if not isinstance(value, dict):
        return False
    return any(
        (_names_index(name) and _has_whole_number(part)) or _has_named_index(part) for name, part in value.items()
    )


def _names_index(name: str) -> bool:
    plain = name.lower().replace("_", "")
    return plain.endswith("index") or not INDEX_NAMES.isdisjoint(
        (plain, plain.removesuffix("s"), plain.removesuffix("es"))
    )


def _is_whole(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _parts(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value
