"""How an object's surface takes light, beyond its base colour: the command that sets it (CMD-45)."""

from typing import Literal

from theta.editor.operation import Operation, Vector3, check_between, check_choice, check_colour
from theta.editor.touches import of_entity
from theta.wire.messages import Part
from theta.wire.types import Id16

AlphaMode = Literal["opaque", "mask", "blend"]
ALPHA_MODES: tuple[AlphaMode, ...] = ("opaque", "mask", "blend")


class SurfaceValues(Part, frozen=True):
    """A surface as glTF 2.0's metallic-roughness model has it.

    `metallic`, `roughness`, `opacity` and `alpha_cutoff` are in [0, 1]; `emissive` is sRGB in [0, 1]. `opacity` counts
    in the modes "mask", which shows what is at least `alpha_cutoff`, and "blend".
    """

    metallic: float
    roughness: float
    emissive: Vector3
    opacity: float
    alpha_mode: AlphaMode
    alpha_cutoff: float
    double_sided: bool

    def check(self) -> None:
        """Refuse values out of their limits.

        Raises:
            InvalidValue: names the field and its limit.
        """
        for field in ("metallic", "roughness", "opacity", "alpha_cutoff"):
            check_between(field, getattr(self, field), 0.0, 1.0)
        check_colour(self.emissive)
        check_choice("alpha_mode", self.alpha_mode, ALPHA_MODES)


class SetSurface(Operation, frozen=True):
    """Give an entity's surface all of these values; its base colour stays."""

    NAME = "theta.set_surface"
    WRITES = of_entity("surface")
    entity: Id16
    surface: SurfaceValues

    def check(self) -> None:
        """See Operation.check."""
        self.surface.check()
