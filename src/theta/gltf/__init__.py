"""glTF 2.0 for every other 3D program, and back again without loss: spec/gltf.md. OBJ is read too.

Start with `export_glb` and `import_model`.
"""

from theta.gltf.authorship import NOBODY, Authorship, LogHead, Maker
from theta.gltf.errors import GltfError, ModelError, ObjError
from theta.gltf.export import ExportedEntity, SceneKept, export_glb
from theta.gltf.imported import ImportedEntity, ImportedScene, Origin, Progress
from theta.gltf.importing import import_glb, import_gltf
from theta.gltf.kept import EXTENSION, Kept
from theta.gltf.materials import Material
from theta.gltf.obj import import_obj
from theta.gltf.shapes import Shape
from theta.gltf.sniffing import import_model

__all__ = [
    "EXTENSION",
    "NOBODY",
    "Authorship",
    "ExportedEntity",
    "GltfError",
    "ImportedEntity",
    "ImportedScene",
    "Kept",
    "LogHead",
    "Maker",
    "Material",
    "ModelError",
    "ObjError",
    "Origin",
    "Progress",
    "SceneKept",
    "Shape",
    "export_glb",
    "import_glb",
    "import_gltf",
    "import_model",
    "import_obj",
]
