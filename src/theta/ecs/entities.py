"""Entity ids: an index and a generation, so that an id is never used for two entities."""

from collections.abc import Sequence
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from theta.base.errors import InvalidValue
from theta.base.limits import ENTITIES_MAX
from theta.ecs.errors import EntitiesExhausted

Entity = NewType("Entity", int)
"""A u64: the index in the low 32 bits, the generation (from 1) above; 0 is never an entity."""

Entities = NDArray[np.uint64]
"""Entities in an array (n,)."""

EntityList = Entities | Sequence[int]
"""Entities in an array, or in any sequence."""

Slots = NDArray[np.uint32]
"""Entities' indices in an array (n,)."""

INDEX_BITS = 32
INDEX_MAX = 2**32 - 1
GENERATION_MAX = 2**32 - 1
_FREE_MIN = 16
_ONE_GENERATION = np.uint64(1 << INDEX_BITS)


def index_of(entity: Entity) -> int:
    """The entity's slot, u32; another entity may have it after this one."""
    return entity & INDEX_MAX


def generation_of(entity: Entity) -> int:
    """How many entities have had the slot, this one included, u32."""
    return entity >> INDEX_BITS


def as_entities(entities: EntityList) -> Entities:
    """The entities in an array (n,) uint64.

    Raises:
        InvalidValue: something that is no list of u64.
    """
    try:
        array = np.asarray(entities, np.uint64)
    except (OverflowError, TypeError, ValueError) as error:
        raise InvalidValue("entities", entities, "a list of entity ids") from error
    if array.ndim != 1:
        raise InvalidValue("entities", array.shape, "a list of entity ids")
    return array


def slots_of(entities: Entities) -> Slots:
    """The entities' slots, (n,) uint32."""
    return entities.astype(np.uint32)


class EntityAllocator:
    """Gives out ids, and takes them back for the next generation; the last freed slot is used first.

    A slot whose generations are used up is retired: better a slot lost than an old id that names something new.

    Args:
        entities_max: how many may live at once.
        generation_max: a slot's last generation.
        index_max: the last slot.

    Attributes:
        entities_max: this.
    """

    def __init__(
        self,
        entities_max: int = ENTITIES_MAX,
        generation_max: int = GENERATION_MAX,
        index_max: int = INDEX_MAX,
    ) -> None:
        assert 0 < entities_max <= INDEX_MAX + 1
        assert 0 < generation_max <= GENERATION_MAX
        assert 0 <= index_max <= INDEX_MAX
        self.entities_max = entities_max
        self._generation_max = generation_max
        self._index_max = index_max
        self._free = np.zeros(_FREE_MIN, np.uint64)
        self._free_count = 0
        self._slots = 0
        self._live = 0

    @property
    def live(self) -> int:
        """How many ids are out."""
        return self._live

    @property
    def slots(self) -> int:
        """How many slots were ever used."""
        return self._slots

    def allocate(self) -> Entity:
        """An id that was never given out before.

        Raises:
            EntitiesExhausted: as many as may live do, or every slot is retired.
        """
        self._check_room(1)
        if self._free_count:
            self._free_count -= 1
            entity = self._free.item(self._free_count)
        else:
            self._check_slots(1)
            entity = 1 << INDEX_BITS | self._slots
            self._slots += 1
        self._live += 1
        return Entity(entity)

    def allocate_many(self, count: int) -> Entities:
        """As many ids, the same and in the same order as so many calls of `allocate`.

        Raises:
            EntitiesExhausted: not as many may live, or not as many slots are left; none was given out.
        """
        self._check_room(count)
        reused = min(count, self._free_count)
        fresh = count - reused
        self._check_slots(fresh)
        left = self._free_count - reused
        entities = np.empty(count, np.uint64)
        entities[:reused] = self._free[left : self._free_count][::-1]
        entities[reused:] = np.arange(self._slots, self._slots + fresh, dtype=np.uint64) | _ONE_GENERATION
        self._free_count = left
        self._slots += fresh
        self._live += count
        return entities

    def release(self, entity: Entity) -> None:
        """Take back an id that is out; its slot comes back in the next generation."""
        assert self._live > 0
        self._live -= 1
        if generation_of(entity) < self._generation_max:
            self._reserve(self._free_count + 1)
            self._free[self._free_count] = entity + (1 << INDEX_BITS)
            self._free_count += 1

    def release_many(self, entities: Entities) -> None:
        """Take back ids that are out, one after the other."""
        assert self._live >= len(entities)
        self._live -= len(entities)
        again = entities[entities >> np.uint64(INDEX_BITS) < self._generation_max] + _ONE_GENERATION
        end = self._free_count + len(again)
        self._reserve(end)
        self._free[self._free_count : end] = again
        self._free_count = end

    def _check_room(self, count: int) -> None:
        if self._live + count > self.entities_max:
            raise EntitiesExhausted(
                f"there are {self._live} entities, and {self.entities_max} is the most that may live at once"
            )

    def _check_slots(self, count: int) -> None:
        if self._slots + count > self._index_max + 1:
            raise EntitiesExhausted("every entity id has been used")

    def _reserve(self, count: int) -> None:
        if count > len(self._free):
            free = np.zeros(max(2 * len(self._free), count), np.uint64)
            free[: self._free_count] = self._free[: self._free_count]
            self._free = free
