"""The nodes of a glTF's scene, each with its place in the world (glTF 2.0, sections 3.5.2 and 3.5.3)."""

from dataclasses import dataclass

from theta.gltf.errors import GltfError
from theta.gltf.fields import Fields
from theta.gltf.placement import (
    IDENTITY,
    Matrix,
    Placement,
    checked,
    local_matrix,
    multiplied,
    own_placement,
    placement_of,
)


@dataclass(frozen=True, slots=True)
class PlacedNode:
    """A node, what stands above it, and its matrix in the world."""

    fields: Fields
    parent: Matrix
    world: Matrix

    def is_own(self) -> bool:
        """Whether nothing above it moves, and its place is in numbers of its own."""
        return self.parent == IDENTITY and not self.fields.has("matrix")

    def place(self) -> Placement:
        """Its place: from its own numbers where nothing above it moves, else from the product of the matrices.

        Raises:
            GltfError: it is too far away, or nowhere.
        """
        if self.is_own():
            return checked(self.fields.path, own_placement(self.fields))
        return placement_of(self.fields.path, self.world)


def scene_of(root: Fields) -> Fields:
    """The scene that is shown: the one that the file names, else the first; an empty one when there is none.

    Raises:
        GltfError: it names one that is not there.
    """
    if not root.items("scenes") and not root.has("scene"):
        return Fields("scenes[0]", {"nodes": _unparented(root)})
    return root.item("scenes", root.integer("scene", 0))


def placed_nodes(root: Fields) -> list[PlacedNode]:
    """Every node of the shown scene, parents before children, in the file's order.

    Raises:
        GltfError: an index of no node, or a node under itself or under two others.
    """
    found: list[PlacedNode] = []
    seen: set[int] = set()
    scene = scene_of(root)
    waiting = [(index, IDENTITY) for index in reversed(scene.indices("nodes"))]
    while waiting:
        index, parent = waiting.pop()
        node = root.item("nodes", index)
        if index in seen:
            raise GltfError(node.path, "hangs under itself, or under two others")
        seen.add(index)
        local = local_matrix(node)
        world = local if parent == IDENTITY else multiplied(parent, local)
        found.append(PlacedNode(node, parent, world))
        waiting.extend((child, world) for child in reversed(node.indices("children")))
    return found


def _unparented(root: Fields) -> list[int]:
    """The nodes that hang under none: of a file without scenes they are what is there."""
    count = len(root.items("nodes"))
    children = {child for index in range(count) for child in root.item("nodes", index).indices("children")}
    return [index for index in range(count) if index not in children]
