"""Entity ids: an index and a generation, so that an id is never used for two entities."""

from typing import NewType

from theta.base.limits import ENTITIES_MAX
from theta.ecs.errors import EntitiesExhausted

Entity = NewType("Entity", int)
"""A u64: the index in the low 32 bits, the generation (from 1) above; 0 is never an entity."""

INDEX_BITS = 32
INDEX_MAX = 2**32 - 1
GENERATION_MAX = 2**32 - 1


def index_of(entity: Entity) -> int:
    """The entity's slot, u32; another entity may have it after this one."""
    return entity & INDEX_MAX


def generation_of(entity: Entity) -> int:
    """How many entities have had the slot, this one included, u32."""
    return entity >> INDEX_BITS


class EntityAllocator:
    """Gives out ids, and takes them back for the next generation; the last freed slot is used first.

    A slot whose generations are used up is retired: better a slot lost than an old id that names something new.

    Args:
        entities_max: how many may live at once.
        generation_max: a slot's last generation.
        index_max: the last slot.
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
        self._entities_max = entities_max
        self._generation_max = generation_max
        self._index_max = index_max
        self._free: list[Entity] = []
        self._slots = 0
        self._live = 0

    @property
    def live(self) -> int:
        """How many ids are out."""
        return self._live

    def allocate(self) -> Entity:
        """An id that was never given out before.

        Raises:
            EntitiesExhausted: as many as may live do, or every slot is retired.
        """
        if self._live >= self._entities_max:
            raise EntitiesExhausted(f"there are {self._live} entities, the most that may live at once")
        if self._free:
            entity = self._free.pop()
        elif self._slots <= self._index_max:
            entity = Entity(1 << INDEX_BITS | self._slots)
            self._slots += 1
        else:
            raise EntitiesExhausted("every entity id has been used")
        self._live += 1
        return entity

    def release(self, entity: Entity) -> None:
        """Take back an id that is out; its slot comes back in the next generation."""
        assert self._live > 0
        self._live -= 1
        if generation_of(entity) < self._generation_max:
            self._free.append(Entity(entity + (1 << INDEX_BITS)))
