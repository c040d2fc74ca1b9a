"""Attributes of a subdivided surface: spec/mesh.md, MESH-79."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.mesh.attributes import CREASE, AttributeKey, Attributes
from theta.mesh.orbits import starts_of
from theta.mesh.subdivision.schemes import face_means, middles
from theta.mesh.subdivision.sharpness import Sharpness, softened
from theta.mesh.subdivision.sums import sums_of_runs
from theta.mesh.subdivision.surface import Surface

Rows = NDArray[Any]

_CREASE = AttributeKey("edge", CREASE)


def stored_crease(attributes: Attributes, surface: Surface) -> Sharpness | None:
    """The sharpness (E,) that the edges' attribute gives; None without one, or if it is not one float64."""
    column = attributes.columns.get(_CREASE)
    if column is None or column.width != 1 or column.array().dtype != np.float64:
        return None
    return _stored(attributes, _CREASE, surface)[:, 0]


def carried(attributes: Attributes, surface: Surface, into_quads: bool, softens: bool) -> dict[AttributeKey, Rows]:
    """The rows of every attribute of the new elements, in the order of their slots, of corners face by face.

    Args:
        attributes: of the mesh before.
        surface: the same mesh.
        into_quads: whether each corner becomes a quad, else each triangle four.
        softens: whether creases lose sharpness.

    Raises:
        InvalidValue: a sum is too large for float64.
    """
    rows: dict[AttributeKey, Rows] = {}
    for key in attributes.columns:
        values = _stored(attributes, key, surface)
        with np.errstate(over="ignore", invalid="ignore"):
            rows[key] = _carried(surface, key, values, into_quads, softens)
        if not np.isfinite(rows[key]).all():
            raise InvalidValue("attribute", f"{key.domain} {key.name}", "of numbers whose sums are finite")
    return rows


def _carried(surface: Surface, key: AttributeKey, values: Rows, into_quads: bool, softens: bool) -> Rows:
    if key.domain == "vertex":
        return _on_vertices(surface, values, into_quads)
    if key.domain == "edge":
        kept = softened(values) if softens and key == _CREASE and values.dtype.kind == "f" else values
        inner = np.zeros((len(surface.sides), values.shape[1]), values.dtype)
        return np.concatenate((np.repeat(kept, 2, axis=0), inner))
    if key.domain == "face":
        return np.repeat(values, surface.counts + (0 if into_quads else 1), axis=0)
    return _at_corners(surface, values, into_quads)


def _stored(attributes: Attributes, key: AttributeKey, surface: Surface) -> Rows:
    """An attribute's rows (n, width) of the living; of corners, one for each half-edge."""
    column = attributes.columns[key]
    rows: Rows = column.array().reshape(-1, column.width)
    return rows.take(surface.slots[key.domain], axis=0)


def _on_vertices(surface: Surface, values: Rows, into_quads: bool) -> Rows:
    """Those of the position's weights in the linear scheme; whole numbers of the parent with the lowest id."""
    is_float = values.dtype.kind == "f"
    parts = [values, middles(surface, values) if is_float else values[surface.origin[0::2]]]
    if into_quads:
        lowest = surface.sides[starts_of(surface.counts)]
        parts.append(face_means(surface, values) if is_float else values[surface.origin[lowest]])
    return np.concatenate(parts)


def _at_corners(surface: Surface, values: Rows, into_quads: bool) -> Rows:
    """Blended inside each face: of a side's two corners, and of all."""
    sides = surface.sides
    before = surface.back[sides]
    along = _along(surface, values)
    if not into_quads:
        children = np.empty((len(surface.counts), 4, 3, values.shape[1]), values.dtype)
        children[:, :3] = np.stack((values[sides], along[sides], along[before]), axis=1).reshape(
            -1, 3, 3, values.shape[1]
        )
        children[:, 3] = along[before].reshape(-1, 3, values.shape[1])
        return children.reshape(-1, values.shape[1])
    inside = np.repeat(_inside(surface, values), surface.counts, axis=0)
    return np.stack((values[sides], along[sides], inside, along[before]), axis=1).reshape(-1, values.shape[1])


def _along(surface: Surface, values: Rows) -> Rows:
    """Between each half-edge's corner and the next of its face."""
    after = surface.forward
    if values.dtype.kind == "f":
        halfway: Rows = (values + values[after]) * 0.5
        return halfway
    is_lower = surface.origin < surface.origin[after]
    return np.where(is_lower[:, np.newaxis], values, values[after])


def _inside(surface: Surface, values: Rows) -> Rows:
    if values.dtype.kind != "f":
        return values[surface.sides[starts_of(surface.counts)]]
    means: Rows = sums_of_runs(values[surface.sides], surface.counts) / surface.counts[:, np.newaxis]
    return means
