/** The document as the room sends it: entities with parsed components, and the hash over their bytes (DOC-2). */

import {
  componentTerm,
  MATERIAL_COMPONENT,
  MESH_COMPONENT,
  NAME_COMPONENT,
  OWNER_COMPONENT,
  parseMaterial,
  parseMesh,
  parseName,
  parseSurface,
  parseTransform,
  replaceTerm,
  sumBytes,
  SURFACE_COMPONENT,
  toHex,
  TRANSFORM_COMPONENT,
  type UnitPatch,
} from "@theta/wire";
import type { DocumentChange, DocumentEntity, EntityId } from "./types";

interface Stored {
  readonly entity: DocumentEntity;
  /** What each component adds to the hash. */
  readonly terms: ReadonlyMap<bigint, bigint>;
}

export interface DocumentStore {
  readonly entities: ReadonlyMap<EntityId, DocumentEntity>;
  /** 16 bytes. */
  readonly hash: Uint8Array;
  /** Takes changed components. Throws `WireError`, and changes nothing, when bytes are not what they should be. */
  apply(units: readonly UnitPatch[]): DocumentChange;
  /** Takes the whole document instead of what there was; throws as `apply`. */
  replace(units: readonly UnitPatch[]): DocumentChange;
  /** Another store with the same in it. */
  copy(): DocumentStore;
}

type Part = Partial<DocumentEntity>;

/** A component that this page shows: how it is read, how it is taken from another entity, and what it is when it is no more. */
interface Shown {
  readonly read: (data: Uint8Array) => Part;
  readonly copy: (entity: DocumentEntity) => Part;
  readonly none: Part;
}

/** Components that are not here count in the hash and are not looked at. */
const SHOWN = new Map<bigint, Shown>([
  [
    TRANSFORM_COMPONENT,
    { read: (data) => ({ transform: parseTransform(data) }), copy: ({ transform }) => ({ transform }), none: { transform: null } },
  ],
  [
    MATERIAL_COMPONENT,
    { read: (data) => ({ material: parseMaterial(data) }), copy: ({ material }) => ({ material }), none: { material: null } },
  ],
  [
    SURFACE_COMPONENT,
    { read: (data) => ({ surface: parseSurface(data) }), copy: ({ surface }) => ({ surface }), none: { surface: null } },
  ],
  [MESH_COMPONENT, { read: (data) => ({ mesh: parseMesh(data) }), copy: ({ mesh }) => ({ mesh }), none: { mesh: null } }],
  [NAME_COMPONENT, { read: (data) => ({ name: parseName(data) }), copy: ({ name }) => ({ name }), none: { name: null } }],
  [OWNER_COMPONENT, { read: (data) => ({ owner: toHex(data) }), copy: ({ owner }) => ({ owner }), none: { owner: null } }],
]);

export function createDocumentStore(): DocumentStore {
  return createStore(new Map(), 0n);
}

function createStore(stored: Map<EntityId, Stored>, initialSum: bigint): DocumentStore {
  const entities = new Map([...stored].map(([id, { entity }]) => [id, entity]));
  let sum = initialSum;

  /** Puts in what was read without fault. */
  function commit(staged: ReadonlyMap<EntityId, Stored | null>): DocumentChange {
    const changed: EntityId[] = [];
    const removed: EntityId[] = [];
    for (const [id, next] of staged) {
      const before = stored.get(id);
      if (next === (before ?? null)) continue;
      for (const term of before?.terms.values() ?? []) sum = replaceTerm(sum, term, 0n);
      for (const term of next?.terms.values() ?? []) sum = replaceTerm(sum, 0n, term);
      if (next === null) {
        stored.delete(id);
        entities.delete(id);
        removed.push(id);
      } else {
        stored.set(id, next);
        entities.set(id, next.entity);
        changed.push(id);
      }
    }
    return { changed, removed };
  }

  return {
    entities,
    get hash() {
      return sumBytes(sum);
    },
    apply(units) {
      const staged = new Map<EntityId, Stored | null>();
      for (const unit of units) {
        const id = toHex(unit.entity);
        const before = staged.has(id) ? staged.get(id) : stored.get(id);
        staged.set(id, unit.removed ? null : read(unit, before ?? empty(id), before ?? null));
      }
      return commit(staged);
    },
    replace(units) {
      const staged = new Map<EntityId, Stored | null>([...stored.keys()].map((id) => [id, null]));
      for (const unit of units) {
        const id = toHex(unit.entity);
        if (!unit.removed) staged.set(id, read(unit, empty(id), stored.get(id) ?? null));
      }
      return commit(staged);
    },
    copy: () => createStore(new Map(stored), sum),
  };
}

/** What is another in `next` than in `before`, or in only one of them. */
export function changeBetween(
  before: ReadonlyMap<EntityId, DocumentEntity>,
  next: ReadonlyMap<EntityId, DocumentEntity>,
): DocumentChange {
  return {
    changed: [...next].filter(([id, entity]) => before.get(id) !== entity).map(([id]) => id),
    removed: [...before.keys()].filter((id) => !next.has(id)),
  };
}

function empty(id: EntityId): Stored {
  const entity = { id, transform: null, mesh: null, material: null, surface: null, name: null, owner: null };
  return { entity, terms: new Map() };
}

/**
 * `base` with the unit's components, without those that come without bytes: they are no more. What stands in `known` with
 * the same bytes is taken from there, not read again.
 */
function read(unit: UnitPatch, base: Stored, known: Stored | null): Stored {
  const terms = new Map(base.terms);
  let entity = base.entity;
  for (const { component, data } of unit.components) {
    const shown = SHOWN.get(component);
    if (data.length === 0) {
      entity = { ...entity, ...shown?.none };
      terms.delete(component);
      continue;
    }
    const term = componentTerm(unit.entity, component, data);
    const isKnown = known?.terms.get(component) === term;
    entity = { ...entity, ...(isKnown ? shown?.copy(known.entity) : shown?.read(data)) };
    terms.set(component, term);
  }
  return known !== null && isSame(terms, known.terms) ? known : { entity, terms };
}

function isSame(one: ReadonlyMap<bigint, bigint>, other: ReadonlyMap<bigint, bigint>): boolean {
  return one.size === other.size && [...one].every(([component, term]) => other.get(component) === term);
}
