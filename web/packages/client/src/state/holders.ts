/** Who has what, for whoever draws it: what the ownership view knows, as a map (REP-60, REP-65). */

import { type OwnershipChanged, type OwnershipRefused, STATE_ENTITIES_MAX } from "@theta/wire";
import { RoomFaultError } from "../errors";
import { type OwnershipView, ROOM } from "./ownership";

/** Of so many entities that are not shown here it is remembered who has them: those may come back. */
const AWAY_MAX = 1_024;

export interface Holders {
  /** Of what somebody has. */
  readonly held: ReadonlyMap<bigint, bigint>;
  readonly revision: number;
  /** Looks again who has an entity. */
  look(entity: bigint): void;
  /** Throws `RoomFaultError` when more is had than there can be. */
  handleChanged(nowMs: number, message: OwnershipChanged): void;
  handleRefused(nowMs: number, message: OwnershipRefused): void;
  /** They are shown from now on. */
  handleAppeared(entities: readonly bigint[]): void;
  handleDespawned(entity: bigint): void;
}

export function createHolders(ownership: OwnershipView, isShown: (entity: bigint) => boolean): Holders {
  const held = new Map<bigint, bigint>();
  /** Those that are not shown here, oldest first. */
  const away = new Set<bigint>();
  let revision = 0;

  function look(entity: bigint): void {
    const { owner } = ownership.holding(entity);
    if (owner === (held.get(entity) ?? ROOM)) return;
    if (owner === ROOM) held.delete(entity);
    else held.set(entity, owner);
    revision += 1;
  }

  function settle(entity: bigint): void {
    away.delete(entity);
    if (!isShown(entity)) {
      if (held.has(entity)) away.add(entity);
      else ownership.handleDespawned(entity);
    }
    if (away.size <= AWAY_MAX) return;
    const [oldest] = away;
    forget(oldest!);
  }

  function forget(entity: bigint): void {
    away.delete(entity);
    ownership.handleDespawned(entity);
    look(entity);
  }

  return {
    held,
    get revision() {
      return revision;
    },
    look,
    handleChanged(nowMs, message) {
      ownership.handleChanged(nowMs, message);
      for (const { entity } of message.rows) {
        look(entity);
        settle(entity);
      }
      if (held.size > STATE_ENTITIES_MAX + AWAY_MAX) throw new RoomFaultError("more is owned than there can be");
    },
    handleRefused(nowMs, message) {
      ownership.handleRefused(nowMs, message);
      look(message.row.entity);
      settle(message.row.entity);
    },
    handleAppeared(entities) {
      if (away.size > 0) for (const entity of entities) away.delete(entity);
    },
    handleDespawned(entity) {
      if (ownership.owns(entity)) forget(entity);
      else if (held.has(entity)) settle(entity);
      else ownership.handleDespawned(entity);
    },
  };
}
