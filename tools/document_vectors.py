"""The vectors of spec/vectors/document.json: canonical bytes, the hash's terms, and a presence row."""

from typing import Any

from theta.base import identifiers as ids
from theta.ecs.component import canonical_bytes, component_type, parse
from theta.editor import components as parts
from theta.editor.document import hash_term
from theta.mesh import build_primitive, parse_canonical
from theta.mesh import canonical_bytes as canonical_mesh_bytes
from theta.replication.presence import encode_presence
from tools.vector_people import ANNA, CUBE, presence, run_of


def document_vectors() -> dict[str, Any]:
    """Canonical bytes of every component, a cube's mesh, the hash's terms and their sum, and a presence row."""
    entity, other = ids.entity_id(CUBE), run_of(200, 16)
    kept: list[object] = [
        parts.Transform((1.0, -2.5, 0.0), (0.0, 0.6, 0.0, 0.8), (1.0, 1.0, 1e-6)),
        parts.Material((0.9, 0.3, 0.1), 0.0, 0.65),
        parts.Name("Würfel 🌍"),
        parts.Owner(ANNA.public_key),
        parts.MeshRef(ids.element_id(CUBE, "mesh")),
    ]
    mesh = canonical_mesh_bytes(build_primitive("cube", 0.5, CUBE))
    content = [(component_type(each).name, canonical_bytes(each)) for each in kept] + [(parts.MESH_CONTENT, mesh)]
    rows = [_term(entity, name, data) for name, data in content]
    rows.append(_term(other, component_type(parts.Name).name, b"other"))
    total = 0
    for row in rows:
        total = (total + int(row["term"])) % (1 << 128)
        row["sum_after"] = total.to_bytes(16, "little").hex()
    return {
        "components": rows,
        "document_hash": total.to_bytes(16, "little").hex(),
        "values": {component_type(each).name: _value(each) for each in kept},
        "cube_mesh": _mesh(mesh),
        "presence": presence_vector(),
    }


def _value(component: object) -> dict[str, Any]:
    fields: dict[str, Any] = {
        field.name: getattr(parse(type(component), canonical_bytes(component)), field.name)
        for field in component_type(component).fields
    }
    return {key: value.hex() if isinstance(value, bytes) else value for key, value in fields.items()}


def _term(entity: bytes, name: str, data: bytes) -> dict[str, Any]:
    component = ids.name_id(name)
    return {
        "entity": entity.hex(),
        "component": name,
        "component_id": str(component),
        "data": data.hex(),
        "term": str(hash_term(entity, component, data)),
    }


def _mesh(data: bytes) -> dict[str, Any]:
    mesh = parse_canonical(data)
    return {
        "bytes": data.hex(),
        "vertex_count": len(mesh.vertex_ids),
        "edge_count": len(mesh.edge_ids),
        "face_count": len(mesh.face_ids),
        "corner_count": len(mesh.corners),
        "vertex_ids": [row.tobytes().hex() for row in mesh.vertex_ids],
        "positions": mesh.positions.tolist(),
        "edge_ids": [row.tobytes().hex() for row in mesh.edge_ids],
        "edge_ends": mesh.edge_ends.tolist(),
        "face_ids": [row.tobytes().hex() for row in mesh.face_ids],
        "face_counts": mesh.face_counts.tolist(),
        "corners": mesh.corners.tolist(),
    }


def presence_vector() -> dict[str, Any]:
    """One row, and its fields."""
    row = presence()
    values = {field.name: getattr(row, field.name) for field in component_type(row).fields}
    plain = {key: value.hex() if isinstance(value, bytes) else value for key, value in values.items()}
    return {"row": encode_presence(row).hex(), "fields": {**plain, "actor": str(row.actor)}}
