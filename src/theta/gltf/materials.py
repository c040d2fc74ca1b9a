"""Metallic-roughness materials, as glTF writes them and as people pick them (glTF 2.0, section 3.9).

glTF's factors are linear light; colours here are sRGB, as picked on a screen.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theta.base.errors import InvalidValue
from theta.gltf.errors import GltfError
from theta.gltf.fields import Fields
from theta.gltf.kept import Kept, keep
from theta.gltf.placement import Vector3

AlphaMode = Literal["OPAQUE", "MASK", "BLEND"]

ALPHA_MODES: tuple[AlphaMode, ...] = get_args(AlphaMode)
BLACK: Vector3 = (0.0, 0.0, 0.0)
WHITE: Vector3 = (1.0, 1.0, 1.0)
CUTOFF_DEFAULT = 0.5
# Colours read back are rounded to this: what was picked as 0.72 is 0.72 again.
COLOUR_DECIMALS = 6


@dataclass(frozen=True)
class Material:
    """What a surface looks like.

    Attributes:
        colour: sRGB in [0, 1].
        metallic: in [0, 1].
        roughness: in [0, 1].
        emissive: sRGB in [0, 1]; what it shines with by itself.
        alpha: opacity in [0, 1].
        alpha_mode: "OPAQUE" ignores alpha, "MASK" shows what is at least `alpha_cutoff`, "BLEND" lets shine through.
        alpha_cutoff: at least 0; of "MASK" only.
        double_sided: can be seen from behind.
        name: any text; empty for none.
        kept: what other programs wrote to it.
    """

    colour: Vector3 = WHITE
    metallic: float = 1.0
    roughness: float = 1.0
    emissive: Vector3 = BLACK
    alpha: float = 1.0
    alpha_mode: AlphaMode = "OPAQUE"
    alpha_cutoff: float = CUTOFF_DEFAULT
    double_sided: bool = False
    name: str = ""
    kept: Kept = field(default_factory=Kept)

    def check(self) -> None:
        """Refuse what glTF cannot hold.

        Raises:
            InvalidValue: a number out of its limits, or an unknown mode.
        """
        shares = [("colour", number) for number in self.colour] + [("emissive", number) for number in self.emissive]
        shares += [("metallic", self.metallic), ("roughness", self.roughness), ("alpha", self.alpha)]
        for name, number in shares:
            if not 0.0 <= number <= 1.0:
                raise InvalidValue(name, number, "in [0, 1]")
        if not 0.0 <= self.alpha_cutoff < float("inf"):
            raise InvalidValue("alpha_cutoff", self.alpha_cutoff, "finite and at least 0")
        if self.alpha_mode not in ALPHA_MODES:
            raise InvalidValue("alpha_mode", self.alpha_mode, "one of " + ", ".join(ALPHA_MODES))


def linear_of_srgb(value: float) -> float:
    """A colour channel in [0, 1] from sRGB to linear light: IEC 61966-2-1. Never used in what is replayed."""
    linear: float = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
    return linear


def linear_of_srgb_array(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """`linear_of_srgb` of many; what lies outside [0, 1] is taken as the nearer end."""
    shares = np.clip(srgb, 0.0, 1.0)
    linear: NDArray[np.float64] = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return linear


def srgb_of_linear(linear: ArrayLike) -> NDArray[np.float64]:
    """The other way round, to the millionth; what lies outside [0, 1] is taken as the nearer end."""
    light = np.clip(np.asarray(linear, np.float64), 0.0, 1.0)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1.0 / 2.4) - 0.055)
    return np.clip(srgb.round(COLOUR_DECIMALS), 0.0, 1.0)


def written_material(material: Material, base: Vector3) -> dict[str, Any]:
    """A material as glTF, with a linear base colour of its own; what is as glTF's default is left out."""
    written: dict[str, Any] = {"name": material.name} if material.name else {}
    written["pbrMetallicRoughness"] = {
        "baseColorFactor": [*base, material.alpha],
        "metallicFactor": material.metallic,
        "roughnessFactor": material.roughness,
    }
    if material.emissive != BLACK:
        written["emissiveFactor"] = emissive_factor(material)
    if material.alpha_mode != "OPAQUE":
        written["alphaMode"] = material.alpha_mode
    if material.alpha_mode == "MASK":
        written["alphaCutoff"] = material.alpha_cutoff
    if material.double_sided:
        written["doubleSided"] = True
    return material.kept.added_to(written)


def emissive_factor(material: Material) -> list[float]:
    """What it shines with by itself, linear."""
    return [linear_of_srgb(value) for value in material.emissive]


def read_material(material: Fields, notes: list[str]) -> Material:
    """A material; pictures are left out, and `notes` says so.

    Raises:
        GltfError: a field of a wrong kind.
    """
    rough = material.object("pbrMetallicRoughness")
    pictures = [name for part in (rough, material) for name in part.values if name.endswith("Texture")]
    if pictures:
        notes.append("Pictures on surfaces were left out.")
    red, green, blue, alpha = rough.numbers("baseColorFactor", 4) or (1.0, 1.0, 1.0, 1.0)
    emissive = material.numbers("emissiveFactor", 3) or BLACK
    mode = material.text("alphaMode") or "OPAQUE"
    if mode not in ALPHA_MODES:
        raise GltfError(material.at("alphaMode"), f"is {mode!r}, but must be one of {', '.join(ALPHA_MODES)}")
    return Material(
        colour=_srgb((red, green, blue)),
        metallic=rough.share("metallicFactor", 1.0),
        roughness=rough.share("roughnessFactor", 1.0),
        emissive=_srgb((emissive[0], emissive[1], emissive[2])),
        alpha=min(1.0, max(0.0, alpha)),
        alpha_mode=mode,
        alpha_cutoff=max(0.0, material.number("alphaCutoff", CUTOFF_DEFAULT)),
        double_sided=material.flag("doubleSided"),
        name=material.text("name"),
        kept=keep(material, notes),
    )


def _srgb(linear: Vector3) -> Vector3:
    red, green, blue = srgb_of_linear(linear).tolist()
    return red, green, blue
