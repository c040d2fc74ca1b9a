"""glTF 2.0: what is built here, for every other 3D program."""

from theta.gltf.export import ExportedEntity, export_glb

__all__ = ["ExportedEntity", "export_glb"]
