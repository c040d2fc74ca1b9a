"""A colour for each person: from the author's key, moved on while somebody in the room has it."""

from collections.abc import Collection

PALETTE = (
    0xE4572E,
    0x2E86AB,
    0x3BB273,
    0xE1A730,
    0x8E5DB8,
    0xD64584,
    0x14A3A8,
    0x7A8B2A,
    0x4F6BED,
    0xB5651D,
    0x5C9E5C,
    0xC0392B,
)


def colour_for(public_key: bytes, taken: Collection[int]) -> int:
    """A colour 0xRRGGBB of the palette that nobody in `taken` has, as long as there is one."""
    start = public_key[0] % len(PALETTE)
    order = PALETTE[start:] + PALETTE[:start]
    return next((colour for colour in order if colour not in taken), order[0])
