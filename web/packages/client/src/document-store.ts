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
  parseTransform,
  replaceTerm,
  sumBytes,
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
}

/** How a component that this page shows is read. Others count in the hash and are not looked at. */
const READERS = new Map<bigint, (data: Uint8Array) => Partial<DocumentEntity>>([
  [TRANSFORM_COMPONENT, (data) => ({ transform: parseTransform(data) })],
  [MATERIAL_COMPONENT, (data) => ({ material: parseMaterial(data) })],
  [MESH_COMPONENT, (data) => ({ mesh: parseMesh(data) })],
  [NAME_COMPONENT, (data) => ({ name: parseName(data) })],
  [OWNER_COMPONENT, (data) => ({ owner: toHex(data) })],
]);

/** The same component as it stands in another entity. */
const COPIERS = new Map<bigint, (entity: DocumentEntity) => Partial<DocumentEntity>>([
  [TRANSFORM_COMPONENT, ({ transform }) => ({ transform })],
  [MATERIAL_COMPONENT, ({ material }) => ({ material })],
  [MESH_COMPONENT, ({ mesh }) => ({ mesh })],
  [NAME_COMPONENT, ({ name }) => ({ name })],
  [OWNER_COMPONENT, ({ owner }) => ({ owner })],
]);

export function createDocumentStore(): DocumentStore {
  const stored = new Map<EntityId, Stored>();
  const entities = new Map<EntityId, DocumentEntity>();
  let sum = 0n;

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
  };
}

function empty(id: EntityId): Stored {
  const entity = { id, transform: null, mesh: null, material: null, name: null, owner: null };
  return { entity, terms: new Map() };
}

/** `base` with the unit's components; what stands in `known` with the same bytes is taken from there, not read again. */
function read(unit: UnitPatch, base: Stored, known: Stored | null): Stored {
  const terms = new Map(base.terms);
  let entity = base.entity;
  for (const { component, data } of unit.components) {
    const term = componentTerm(unit.entity, component, data);
    const isKnown = known?.terms.get(component) === term;
    const part = isKnown ? COPIERS.get(component)?.(known.entity) : READERS.get(component)?.(data);
    entity = { ...entity, ...part };
    terms.set(component, term);
  }
  return known !== null && isSame(terms, known.terms) ? known : { entity, terms };
}

function isSame(one: ReadonlyMap<bigint, bigint>, other: ReadonlyMap<bigint, bigint>): boolean {
  return one.size === other.size && [...one].every(([component, term]) => other.get(component) === term);
}
