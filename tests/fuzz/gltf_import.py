"""Any bytes as a model: the importers answer with a scene or a `ModelError`, nothing else.

    PYTHONPATH=. python -m tests.fuzz.gltf_import -runs=100000 CORPUS

makes the folder CORPUS with the seeds, if it is not there, and fuzzes from it with atheris.
"""

import sys
from pathlib import Path

import numpy as np

OBJ = b"""o a
v 0 0 0 1 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 1
vn 0 0 1
usemtl x
f 1/1/1 2//1 -2 \\
 4/1
g b
f 1 2 3
"""


def read_anything(data: bytes) -> None:
    """Read bytes as what they look like; what is read must be fit to be written and read again."""
    from theta.gltf import ModelError, import_gltf, import_model, import_obj

    for read in (import_model, import_gltf, import_obj):
        try:
            scene = read(data)
        except ModelError:  # a refusal that names a field or a line is all that may come out
            continue
        for entity in scene.entities:
            shape = entity.shape
            assert np.isfinite(shape.positions).all()
            assert len(shape.corners) == int(shape.counts.sum())
            assert not len(shape.corners) or 0 <= int(shape.corners.min()) <= int(shape.corners.max()) < len(
                shape.positions
            )
            assert (entity.mesh is not None) == (entity.origin == "exact")
            assert all(map(np.isfinite, (*entity.translation, *entity.rotation, *entity.scale)))
            if len(shape.counts) and entity.mesh is None:
                _is_a_mesh(entity)


def seeds() -> list[bytes]:
    """Small files of every kind."""
    from tests.unit.gltf.files import Builder
    from tests.unit.gltf.scenes import HEAD, scenes
    from theta.gltf import export_glb

    found = [export_glb(entities, "Theta", head=HEAD) for entities in scenes().values()]
    builder = Builder()
    primitive = builder.triangles(children=[1], scale=[-1, 2, 3])
    primitive["mode"] = 5
    builder.node(root=False, mesh=0, matrix=[1, 0, 0, 0, 0.5, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
    builder.json["accessors"][0]["sparse"] = {
        "count": 1,
        "indices": {"bufferView": builder.view(b"\3"), "componentType": 5121},
        "values": {"bufferView": builder.view(bytes(12))},
    }
    builder.json["materials"] = [{"extras": {"a": 1}, "extensions": {"KHR_materials_unlit": {}}}]
    primitive["material"] = 0
    return [*found, builder.glb(), builder.gltf(), OBJ]


def _is_a_mesh(entity: object) -> None:
    from theta.base.identifiers import CommandName
    from theta.gltf import ImportedEntity
    from theta.gltf.building import numbered_mesh
    from theta.mesh import validate

    assert isinstance(entity, ImportedEntity)
    mesh = numbered_mesh(entity.shape, CommandName(1, 1))
    validate(mesh)
    assert mesh.face_count == len(entity.shape.counts)


def main(arguments: list[str]) -> None:
    """Fuzz with atheris; arguments are libFuzzer's."""
    import atheris

    with atheris.instrument_imports(include=["theta.gltf", "theta.mesh"]):
        import theta.gltf  # noqa: F401

    for folder in map(Path, arguments):
        if not str(folder).startswith("-") and not folder.exists():
            folder.mkdir(parents=True)
            for number, seed in enumerate(seeds()):
                (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *arguments], read_anything)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
