"""The whole document in parts, for a participant that takes patches (WIRE-12)."""

from collections.abc import Iterable, Iterator

from theta.base.identifiers import MAIN_BRANCH
from theta.wire.messages import DocumentPart, UnitPatch

PART_BYTES_TARGET = 256 * 1024


def document_parts(
    seq: int,
    chain: bytes,
    lamport: int,
    document_hash: bytes,
    units: Iterable[UnitPatch],
    branch: bytes = MAIN_BRANCH,
) -> Iterator[DocumentPart]:
    """The document at record `seq`; at least one part, the last one marked.

    Args:
        seq: the record that the units stand at.
        chain: the chain hash there, 32 bytes.
        lamport: the highest Lamport time admitted by then.
        document_hash: 16 bytes.
        units: every entity with all its components.
        branch: whose document it is, 16 bytes.
    """
    groups = list(in_parts(units))
    for index, group in enumerate(groups):
        last = index == len(groups) - 1
        yield DocumentPart(seq, chain, lamport, index == 0, last, group, document_hash, branch)


def in_parts(units: Iterable[UnitPatch]) -> Iterator[list[UnitPatch]]:
    """Units in groups that make a message each; at least one group, which is empty when there is none."""
    group: list[UnitPatch] = []
    size = 0
    for unit in units:
        group.append(unit)
        size += sum(len(component.data) for component in unit.components)
        if size >= PART_BYTES_TARGET:
            yield group
            group, size = [], 0
    yield group
