"""What can be wrong with a model that somebody brings along: spec/gltf.md, GLTF-20.

UsageError
└── ModelError          nothing of the file was taken
    ├── GltfError       a GLB or glTF: `field` is a path in its JSON, for example "accessors[3].bufferView"
    └── ObjError        a Wavefront OBJ: `line` says where
"""

from theta.base.errors import UsageError


class ModelError(UsageError):
    """A model that cannot be read; `field` is where, `reason` what is wrong there and what would be right."""

    def __init__(self, kind: str, field: str, reason: str) -> None:
        super().__init__(f"{kind}: {field}: {reason}")
        self.field = field
        self.reason = reason


class GltfError(ModelError):
    """A GLB or glTF that cannot be read."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__("glTF", field, reason)


class ObjError(ModelError):
    """An OBJ that cannot be read; `line` counts from 1, 0 is the whole file."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__("OBJ", f"line {line}" if line else "file", reason)
        self.line = line
