"""Which kind of model a file is, by what is in it."""

from collections.abc import Mapping

from theta.gltf.imported import ImportedScene, Progress
from theta.gltf.importing import import_glb, import_gltf
from theta.gltf.obj import import_obj

_GLB_MAGIC = b"glTF"


def import_model(
    data: bytes, resources: Mapping[str, bytes] | None = None, progress: Progress | None = None
) -> ImportedScene:
    """The entities of a GLB, a glTF or an OBJ.

    Args:
        data: the whole file.
        resources: the files that a glTF names, by their URIs.
        progress: told how far it is.

    Raises:
        ModelError: it cannot be read, or is too much.
    """
    if data[: len(_GLB_MAGIC)] == _GLB_MAGIC:
        return import_glb(data, progress)
    if data[:256].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        return import_gltf(data, resources, progress)
    return import_obj(data, progress)
