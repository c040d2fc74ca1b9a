"""Putting checked components of new entities into their tables, under ids that are given out already."""

from collections.abc import Iterable

import numpy as np

from theta.base.errors import InvalidValue
from theta.ecs.batch import Batch
from theta.ecs.component import check
from theta.ecs.declaration import ComponentType, Values, repeat
from theta.ecs.entities import Entities, Entity
from theta.ecs.errors import DuplicateComponent
from theta.ecs.relations import NOBODY, check_link, check_links
from theta.ecs.storage import Storage

Instances = dict[int, tuple[ComponentType, object]]
"""Checked instances by component id."""

Batches = dict[int, tuple[ComponentType, Values]]
"""Checked values for as many entities, by component id."""

_NOT_YET = np.zeros(0, np.uint64)


def checked_instances(components: Iterable[object]) -> Instances:
    """The components of one entity.

    Raises:
        UnknownComponent: an instance of a class that was not declared.
        DuplicateComponent: two of the same component.
        InvalidValue: a field out of its limits.
    """
    found: Instances = {}
    for instance in components:
        declaration = check(instance)
        if declaration.id in found:
            raise DuplicateComponent(f"{declaration.name} is given twice")
        found[declaration.id] = (declaration, instance)
    return found


def checked_batches(components: Iterable[object], count: int) -> Batches:
    """The components of `count` entities: a `Batch` each, or an instance for all of them.

    Raises:
        UnknownComponent, DuplicateComponent, InvalidValue: as for one entity.
    """
    found: Batches = {}
    for component in components:
        declaration, values = complete(component, count)
        if declaration.id in found:
            raise DuplicateComponent(f"{declaration.name} is given twice")
        found[declaration.id] = declaration, values
    return found


def checked(component: object, rows: int) -> tuple[ComponentType, Values]:
    """The fields that are given for so many rows: of a batch its own, of an instance all, repeated."""
    if isinstance(component, Batch):
        return component.checked(rows)
    declaration = check(component)
    return declaration, {name: repeat(kind, getattr(component, name), rows) for name, kind, _ in declaration.fields}


def complete(component: object, rows: int) -> tuple[ComponentType, Values]:
    """As `checked`, with the defaults of what is left out.

    Raises:
        InvalidValue: a field is left out that has no default, or whose default is out of its limits.
    """
    declaration, values = checked(component, rows)
    for name, kind, _ in declaration.fields:
        if name not in values:
            path = f"{declaration.name}.{name}"
            if name not in declaration.defaults:
                raise InvalidValue(path, None, f"given for {rows} entities: it has no default")
            default = declaration.defaults[name]
            kind.check(path, default)
            values[name] = repeat(kind, default, rows)
    return declaration, values


def check_new(storage: Storage, instances: Instances) -> None:
    """Refuse relations of a new entity that cannot be.

    Raises:
        UnknownEntity, RelationError: as `theta.ecs.relations.check_links`.
    """
    for _, instance in instances.values():
        check_link(storage, instance, NOBODY)


def check_new_many(storage: Storage, batches: Batches) -> None:
    """As `check_new`, of many."""
    for declaration, values in batches.values():
        check_links(storage, declaration, values, _NOT_YET)


def place(storage: Storage, entity: Entity, instances: Instances) -> None:
    """An entity begins to live."""
    table = storage.table_of({key: declaration for key, (declaration, _) in instances.items()})
    row = storage.settle(entity, table)
    for key, (_, instance) in instances.items():
        table.components[key].store(row, instance, storage.tick)


def place_many(storage: Storage, entities: Entities, batches: Batches) -> None:
    """Entities begin to live."""
    table = storage.table_of({key: declaration for key, (declaration, _) in batches.items()})
    rows = storage.settle_many(entities, table)
    for key, (_, values) in batches.items():
        table.components[key].scatter(rows, values, storage.tick)
