"""The whole document in parts, for a participant that takes patches (WIRE-12)."""

from collections.abc import Iterable, Iterator

from theta.wire.messages import DocumentPart, UnitPatch

PART_BYTES_TARGET = 256 * 1024


def document_parts(
    seq: int, chain: bytes, lamport: int, document_hash: bytes, units: Iterable[UnitPatch]
) -> Iterator[DocumentPart]:
    """The document at record `seq`; at least one part, the last one marked.

    Args:
        seq: the record that the units stand at.
        chain: the chain hash there, 32 bytes.
        lamport: the highest Lamport time admitted by then.
        document_hash: 16 bytes.
        units: every entity with all its components.
    """
    groups = list(_groups(units))
    for index, group in enumerate(groups):
        last = index == len(groups) - 1
        yield DocumentPart(seq, chain, lamport, index == 0, last, group, document_hash)


def _groups(units: Iterable[UnitPatch]) -> Iterator[list[UnitPatch]]:
    group: list[UnitPatch] = []
    size = 0
    for unit in units:
        group.append(unit)
        size += sum(len(component.data) for component in unit.components)
        if size >= PART_BYTES_TARGET:
            yield group
            group, size = [], 0
    yield group
