"""Ids of many elements at once, against the rule's words written out one by one."""

import numpy as np
import pytest

from tests.unit.mesh.meshes import ids
from theta.base.identifiers import CommandName, element_id
from theta.mesh import DuplicateElement
from theta.mesh.bulk_ids import bulk_key, numbered, of_one, of_two
from theta.mesh.columns import IdArray, IdTable

NAME = CommandName(3, 4)
WORD = 2**64 - 1


def rows(array: IdArray) -> list[bytes]:
    return [row.tobytes() for row in array]


def array(some: list[bytes]) -> IdArray:
    return np.frombuffer(b"".join(some), np.uint8).reshape(-1, 16)


def xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def mix(word: int) -> int:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        word = (word ^ word >> 33) * factor & WORD
    return word ^ word >> 33


def words(identifier: bytes) -> tuple[int, int]:
    return int.from_bytes(identifier[:8], "little"), int.from_bytes(identifier[8:], "little")


def test_id_9_a_key_is_the_id_without_parents() -> None:
    assert bulk_key(NAME, "subdivide.face", 2) == element_id(NAME, "subdivide.face", (), 2)


def test_id_9_without_parents_the_number_tells_them_apart() -> None:
    key = bulk_key(NAME, "torus.vertex")
    assert rows(numbered(key, 300)) == [xor(key, bytes(8) + at.to_bytes(8, "little")) for at in range(300)]
    assert numbered(key, 0).shape == (0, 16)


def test_id_9_one_parent() -> None:
    key, parents = bulk_key(NAME, "subdivide.edge"), ids("e", 5)
    assert rows(of_one(key, array(parents))) == [xor(parent, key) for parent in parents]


def test_id_9_two_parents() -> None:
    key, parents, others = bulk_key(NAME, "subdivide.side"), ids("f", 5), ids("e", 5)
    expected = []
    for parent, other in zip(parents, others, strict=True):
        first, last = (mix(word) for word in words(xor(parent, key)))
        first ^= words(other)[1]
        last ^= words(other)[0] ^ first
        expected.append(first.to_bytes(8, "little") + last.to_bytes(8, "little"))
    assert rows(of_two(key, array(parents), array(others))) == expected
    assert len(set(expected) | set(rows(of_two(key, array(others), array(parents))))) == 10


def test_id_9_the_same_id_twice_is_refused() -> None:
    some = ids("v", 3)
    IdTable.of("vertex", array(some))
    with pytest.raises(DuplicateElement) as told:
        IdTable.of("vertex", array([*some, some[1]]))
    assert told.value.identifier == some[1]
    same_end = [some[0], bytes(8) + some[0][8:]]
    assert IdTable.of("vertex", array(same_end)).slot_of(same_end[1]) == 1
