"""The two digests of a mesh in a file: of what it is, and of what is drawn of it: spec/gltf.md, GLTF-9 and GLTF-11."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theta.gltf.authorship import Authorship, encoded_authorship

Floats = NDArray[np.float32]

_PAYLOAD = b"theta-gltf-mesh"
_RENDER = b"theta-gltf-drawn"
NORMALS, COLOURS, UVS = 1, 2, 4


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One primitive's triangles.

    Attributes:
        corners: (3 T,) int64, vertices of the triangles, each three anticlockwise.
        positions: (n, 3) float32.
        normals: (n, 3) float32; None if there are none.
        colours: (n, 4) float32, linear, with alpha; None if there are none.
        uvs: (n, 2) float32; None if there are none.
    """

    corners: NDArray[np.int64]
    positions: Floats
    normals: Floats | None = None
    colours: Floats | None = None
    uvs: Floats | None = None


def payload_digest(canonical: bytes, authorship: Authorship | None) -> str:
    """The digest of a mesh's canonical bytes and of who made it, 64 hexadecimal digits."""
    digest = hashlib.blake2b(canonical, digest_size=32, person=_PAYLOAD)
    for part in encoded_authorship(authorship) if authorship is not None else ():
        digest.update(part)
    return digest.hexdigest()


def render_digest(primitives: Iterable[Drawn]) -> str:
    """The digest of what is drawn, corner by corner, 64 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=32, person=_RENDER)
    for drawn in primitives:
        parts = (drawn.normals, drawn.colours, drawn.uvs)
        flags = sum(flag for flag, part in zip((NORMALS, COLOURS, UVS), parts, strict=True) if part is not None)
        digest.update((len(drawn.corners) // 3).to_bytes(4, "little") + bytes((flags,)))
        for part in (drawn.positions, *parts):
            if part is not None:
                digest.update(np.ascontiguousarray(part[drawn.corners], "<f4").data)
    return digest.hexdigest()
