/**
 * The room's living world as the client offers it to whoever draws it: entities that no document holds, told latest
 * value first. Entities are the room's own ids, bigints; they are not those of the document.
 */

import type { Actor, Quaternion, Vector3 } from "./types";

export type StateEntity = bigint;

/** What an entity looks like, in the order of the numbers in `StateSample.kinds`; each is 1 m across before its size. */
export const STATE_SHAPES = ["box", "sphere", "cylinder", "cone"] as const;
export type StateShape = (typeof STATE_SHAPES)[number];

/**
 * What is drawn at a time: everything that has a pose and a shape, one row each. Only the first `count` rows count.
 *
 * It is the same object in each call, changed by the next, and its arrays are longer than they need be. They are
 * replaced when they grow, so keep none of them.
 *
 * An entity keeps its row as long as it can: when one goes, the last row takes its place. What differs from the call
 * before is told, so that only that need be uploaded.
 */
export interface StateSample {
  readonly count: number;
  readonly entities: BigUint64Array;
  /** 3 a row: metres. */
  readonly positions: Float32Array;
  /** 4 a row: a unit quaternion x y z w. */
  readonly rotations: Float32Array;
  /** An index into `STATE_SHAPES`. */
  readonly kinds: Uint8Array;
  /** 3 a row: metres along each axis. */
  readonly sizes: Float32Array;
  /** 3 a row: sRGB, 0 to 255. */
  readonly colours: Uint8Array;
  /** The first `changedCount` are the rows of which anything differs, in no order; mostly their poses alone. */
  readonly changed: Uint32Array;
  readonly changedCount: number;
  /** The first `reshapedCount` are those of `changed` whose entity, kind, size or colour differs. */
  readonly reshaped: Uint32Array;
  readonly reshapedCount: number;
}

export interface StateStatistics {
  /** Entities that the room tells this page of, drawn or not. */
  readonly entities: number;
  readonly drawn: number;
  /** Sections that were taken, and those that came too late to be shown. */
  readonly received: number;
  readonly stale: number;
  /** Sections to something that is not here, and frames before the room's components; the room tells them again. */
  readonly dropped: number;
  /** What the room told, in the last whole second. */
  readonly bytesPerSecond: number;
  /** Whether all that was there at joining has come. */
  readonly complete: boolean;
}

/** How many entities there are more and less, since the event before. */
export interface StateChange {
  readonly appeared: number;
  readonly disappeared: number;
}

/** The room decided otherwise: what this page held is another's, or nobody's. It is shown where the room has it. */
export interface StateLoss {
  readonly entity: StateEntity;
  /** Null: nobody has it. */
  readonly owner: Actor | null;
  /** Why it was refused, for example "not-allowed"; null when it was taken. */
  readonly reason: string | null;
}

/** What `spawn` makes. */
export interface StateBody {
  readonly shape: StateShape;
  /** Metres along each axis, 0 to 65.535. */
  readonly size: Vector3;
  /** sRGB, each in [0, 1]. */
  readonly colour: Vector3;
  readonly position: Vector3;
  readonly rotation?: Quaternion;
}

export interface RoomStateView {
  /** How many entities the room tells this page of. */
  readonly entityCount: number;
  /** Counts changes of who is there. */
  readonly revision: number;
  /** What somebody holds, and who; this page's own grabs are in it at once. */
  readonly held: ReadonlyMap<StateEntity, Actor>;
  /** Counts changes of `held`. */
  readonly heldRevision: number;
  readonly statistics: StateStatistics;

  /** What to draw at a time of `performance.now()`, which must not go back. */
  sample(nowMs: number): StateSample;
  /** Which row of the last sample an entity is in; null when it is not drawn. */
  rowOf(entity: StateEntity): number | null;

  /**
   * The page wants to see what is within `radius` metres (0.1 to 64) of `centre` as well; returns the region's number.
   * It holds in every later session. Throws `InvalidOperationError` when out of limits: there may be 16 regions, and the
   * squares of their radii may add up to 64 m squared.
   */
  subscribeToRegion(centre: Vector3, radius: number): number;
  /** Moves a region. Throws `InvalidOperationError` as `subscribeToRegion` does, and when there is no such region. */
  moveRegion(region: number, centre: Vector3, radius: number): void;
  unsubscribe(region: number): void;

  /** What is selected, and nothing else: it comes first. At most 256; the first of more. */
  select(entities: Iterable<StateEntity>): void;

  /** Takes an entity in the hand, out of another's if need be; false when this page cannot now. */
  grab(entity: StateEntity): boolean;
  /** Where a grabbed entity is from now on; shown at once, sent 30 times a second at most. Nothing when it is not held. */
  moveTo(entity: StateEntity, position: Vector3, rotation: Quaternion): void;
  /** Lets go of it where it is. */
  release(entity: StateEntity): void;
  /** Who has an entity; null: nobody. */
  ownerOf(entity: StateEntity): Actor | null;

  /**
   * Asks the room for new entities; resolves with their ids. Rejects with `RefusedError` (the room said no),
   * `NotConnectedError` or `InvalidOperationError` (out of limits; nothing was sent).
   */
  spawn(bodies: readonly StateBody[]): Promise<readonly StateEntity[]>;
  /** Asks the room to end entities. Rejects as `spawn` does. */
  despawn(entities: readonly StateEntity[]): Promise<void>;
}
