/**
 * Who owns what, as this participant sees it: its own grabs at once, corrected when the room decides otherwise (REP-60,
 * REP-65).
 *
 * What is wanted and what the room said are kept apart. Whatever their difference asks for is asked of the room, again
 * every OWNERSHIP_REPEAT_SECONDS until it is answered; so lost, late and repeated messages need no care of their own.
 */

import {
  type ClaimOwnership,
  OWNERSHIP_REPEAT_SECONDS,
  type OwnershipChanged,
  type OwnershipRefused,
  type OwnershipRow,
  type ReleaseOwnership,
} from "@theta/wire";
import { RoomFaultError } from "../errors";

/** How an entity is held: free, touched or grabbed. */
export const FREE = 0;
export const TOUCHED = 1;
export const GRABBED = 2;
/** The owner of what nobody has. */
export const ROOM = 0n;

const REPEAT_MS = OWNERSHIP_REPEAT_SECONDS * 1000;
const AHEAD_MAX = 2 ** 31;

export type Refusal = OwnershipRefused["reason"];

/** What this participant had is another's; `refusal` is the room's reason when it refused a claim. */
export interface Correction {
  readonly holding: OwnershipRow;
  readonly refusal: Refusal | null;
}

export interface OwnershipView {
  /** What this participant moves, and sends `OwnedState` of. */
  readonly owned: readonly bigint[];
  /** When to call `handleTimeout`, in monotonic milliseconds; `null` for never. */
  readonly timeoutMs: number | null;
  /** Whether this participant moves the entity. */
  owns(entity: bigint): boolean;
  /** Who has an entity, this participant's own wishes counted as granted. */
  holding(entity: bigint): OwnershipRow;
  /** Takes an entity in the hand, out of another's if need be. */
  grab(nowMs: number, entity: bigint): void;
  /** Moves an entity by a collision; nothing where somebody holds it, or this participant has it already. */
  touch(nowMs: number, entity: bigint): void;
  /** Lets go of an entity; with `keep` it is thrown, and this participant goes on to move it. */
  release(nowMs: number, entity: bigint, keep?: boolean): void;
  /** Who has what; what is older than what is known is passed over. Throws `RoomFaultError`; nothing was taken then. */
  handleChanged(nowMs: number, message: OwnershipChanged): void;
  /** The room did not take a claim or a release. Throws `RoomFaultError`; nothing was taken then. */
  handleRefused(nowMs: number, message: OwnershipRefused): void;
  /** The entity ended; nothing of it is kept. */
  handleDespawned(entity: bigint): void;
  /** The connection was lost and there is another: asks again, and whether what was granted still is (REP-83). */
  handleResumed(nowMs: number): void;
  /** Asks again what was not answered. */
  handleTimeout(nowMs: number): void;
  /** What to send to the room; to be drained. */
  pollMessage(): Request | null;
  /** Where the room decided otherwise than was shown; to be drained. */
  pollCorrection(): Correction | null;
}

type Request = ClaimOwnership | ReleaseOwnership;

/** The two sequence numbers. */
type Stamp = Pick<OwnershipRow, "ownership" | "authority">;

/** A request that is not answered, for which grip it is, and when it was sent last. */
interface Asked {
  readonly request: Request;
  readonly grip: number;
  readonly sentMs: number;
}

/** Serial number arithmetic of RFC 1982 with 32 bits: whether `one` comes after `other`. */
export function isNewer(one: number, other: number): boolean {
  const ahead = (one - other) >>> 0;
  return ahead > 0 && ahead < AHEAD_MAX;
}

export function createOwnershipView(actor: bigint): OwnershipView {
  const confirmed = new Map<bigint, OwnershipRow>();
  const wanted = new Map<bigint, number>();
  const asked = new Map<bigint, Asked>();
  const messages: Request[] = [];
  const corrections: Correction[] = [];

  function want(nowMs: number, entity: bigint, grip: number): void {
    if (grip === FREE) wanted.delete(entity);
    else wanted.set(entity, grip);
    ask(nowMs, entity);
  }

  function take(nowMs: number, row: OwnershipRow): void {
    if (isStampNewer(known(row.entity), row)) return;
    confirmed.set(row.entity, row);
    const grip = wanted.get(row.entity);
    if (row.owner !== actor && grip !== undefined && isLost(row, grip)) giveUp(row.entity, null);
    ask(nowMs, row.entity);
  }

  /** Whether another's row ends what this participant wants of the entity. */
  function isLost(row: OwnershipRow, grip: number): boolean {
    const before = asked.get(row.entity);
    if (before === undefined) return true;
    const claim = claimOf(before);
    if (claim !== null && isStampNewer(claim, row)) return false;
    // The request came too late. It is made anew where nobody stands against it.
    return row.grip > TOUCHED || (row.grip > FREE && grip === TOUCHED);
  }

  function giveUp(entity: bigint, refusal: Refusal | null): void {
    wanted.delete(entity);
    asked.delete(entity);
    corrections.push({ holding: known(entity), refusal });
  }

  /** Asks the room for what is wanted and is not. */
  function ask(nowMs: number, entity: bigint): void {
    const grip = wanted.get(entity) ?? FREE;
    const request = needed(entity, grip);
    const before = asked.get(entity);
    if (request === null) asked.delete(entity);
    else if (before === undefined || !isSame(before.request, request)) {
      asked.set(entity, { request, grip, sentMs: nowMs });
      messages.push(request);
    }
  }

  function needed(entity: bigint, grip: number): Request | null {
    const have = known(entity);
    if (have.owner === actor) {
      if (grip === have.grip && !(grip !== FREE && isReleasing(have))) return null;
      if (grip < have.grip) {
        const { ownership, authority } = have;
        return { type: "ReleaseOwnership", entity, ownership, authority, keep: grip === TOUCHED };
      }
    } else if (grip === FREE) return null;
    // What is let go of before the grab is answered is claimed by the grab's numbers all the same.
    const before = asked.get(entity);
    const claim = before !== undefined && before.grip >= grip ? claimOf(before) : null;
    if (claim !== null && isStampNewer(claim, have)) return claim;
    if (grip === GRABBED) return { type: "ClaimOwnership", entity, ownership: following(have.ownership), authority: 0 };
    return { type: "ClaimOwnership", entity, ownership: have.ownership, authority: following(have.authority) };
  }

  /** Whether the room was asked to take back what this participant has by these numbers, and has not answered. */
  function isReleasing(have: OwnershipRow): boolean {
    const request = asked.get(have.entity)?.request;
    if (request?.type !== "ReleaseOwnership") return false;
    return request.ownership === have.ownership && request.authority === have.authority;
  }

  function known(entity: bigint): OwnershipRow {
    return confirmed.get(entity) ?? { entity, owner: ROOM, ownership: 0, authority: 0, grip: FREE };
  }

  function holding(entity: bigint): OwnershipRow {
    const request = asked.get(entity)?.request;
    if (request === undefined) return known(entity);
    const grip = wanted.get(entity) ?? FREE;
    const { ownership, authority } = request;
    if (request.type === "ClaimOwnership") return { entity, owner: actor, ownership, authority, grip };
    return { entity, owner: grip === FREE ? ROOM : actor, ownership, authority: following(authority), grip };
  }

  return {
    get owned() {
      return [...wanted.keys()];
    },
    get timeoutMs() {
      return asked.size === 0 ? null : Math.min(...[...asked.values()].map((each) => each.sentMs)) + REPEAT_MS;
    },
    owns: (entity) => wanted.has(entity),
    holding,
    grab: (nowMs, entity) => want(nowMs, entity, GRABBED),
    touch(nowMs, entity) {
      const { grip, owner } = holding(entity);
      if (grip !== GRABBED && owner !== actor) want(nowMs, entity, TOUCHED);
    },
    release(nowMs, entity, keep = false) {
      if (wanted.has(entity)) want(nowMs, entity, keep ? TOUCHED : FREE);
    },
    handleChanged(nowMs, message) {
      message.rows.forEach(checkGrip);
      for (const row of message.rows) take(nowMs, row);
    },
    handleRefused(nowMs, message) {
      checkGrip(message.row);
      const { entity } = message.row;
      take(nowMs, message.row);
      const claim = claimOf(asked.get(entity));
      // Whether an outdated claim is at its end is seen by how it stands.
      if (claim !== null && isSameStamp(claim, message) && message.reason !== "outdated") giveUp(entity, message.reason);
    },
    handleDespawned(entity) {
      for (const kept of [confirmed, wanted, asked]) kept.delete(entity);
    },
    handleResumed(nowMs) {
      for (const [entity, grip] of wanted) {
        const { owner, ownership, authority } = known(entity);
        if (asked.has(entity) || owner !== actor) continue;
        asked.set(entity, { request: { type: "ClaimOwnership", entity, ownership, authority }, grip, sentMs: nowMs });
      }
      messages.length = 0;
      for (const [entity, each] of asked) {
        asked.set(entity, { ...each, sentMs: nowMs });
        messages.push(each.request);
      }
    },
    handleTimeout(nowMs) {
      for (const [entity, each] of asked) {
        if (each.sentMs + REPEAT_MS <= nowMs) {
          asked.set(entity, { ...each, sentMs: nowMs });
          messages.push(each.request);
        }
      }
    },
    pollMessage: () => messages.shift() ?? null,
    pollCorrection: () => corrections.shift() ?? null,
  };
}

/** By ownership, and where it is the same, by authority. */
function isStampNewer(one: Stamp, other: Stamp): boolean {
  if (one.ownership !== other.ownership) return isNewer(one.ownership, other.ownership);
  return isNewer(one.authority, other.authority);
}

function isSameStamp(one: Stamp, other: Stamp): boolean {
  return one.ownership === other.ownership && one.authority === other.authority;
}

function isSame(one: Request, other: Request): boolean {
  const keeps = (request: Request) => request.type === "ReleaseOwnership" && request.keep;
  return one.type === other.type && isSameStamp(one, other) && keeps(one) === keeps(other);
}

function claimOf(asked: Asked | undefined): ClaimOwnership | null {
  return asked?.request.type === "ClaimOwnership" ? asked.request : null;
}

function following(number: number): number {
  return (number + 1) >>> 0;
}

function checkGrip({ grip }: OwnershipRow): void {
  if (grip > GRABBED) throw new RoomFaultError(`OwnershipRow: grip is ${grip}, but must be at most ${GRABBED}`);
}
