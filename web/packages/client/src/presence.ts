/** Where everyone is and points: one's own row out, everyone else's in. Latest wins, nothing is kept. */

import {
  decodePresenceRows,
  encodePresenceRow,
  fromHex,
  PRESENCE_HERTZ,
  type PresenceRow,
  toHex,
} from "@theta/wire";
import type { Environment } from "./environment";
import type { Actor, Presence, Selection } from "./types";

const INTERVAL_MS = 1000 / PRESENCE_HERTZ;
/** Said again this often without a change, so that newcomers and losers of a datagram learn it. */
const REPEAT_MS = 1000;
const NO_ID = new Uint8Array(16);

/** Sends one's own row: at most PRESENCE_HERTZ times a second when it changes, else once a second. */
export function createOwnPresence(environment: Environment, send: (row: Uint8Array) => void) {
  let actor: Actor | null = null;
  let latest: Presence | null = null;
  let sequence = 0;
  let sentAtMs = -Infinity;
  let cancel: (() => void) | null = null;

  function arm(delayMs: number): void {
    cancel?.();
    cancel = environment.startTimer(Math.max(0, delayMs), () => {
      cancel = null;
      flush();
    });
  }

  function flush(): void {
    if (actor === null || latest === null) return;
    sequence = (sequence + 1) >>> 0;
    sentAtMs = environment.monotonicMs();
    send(encodePresenceRow(rowOf(actor, sequence, latest)));
    arm(REPEAT_MS);
  }

  function flushWhenDue(): void {
    if (actor === null || latest === null) return;
    arm(sentAtMs + INTERVAL_MS - environment.monotonicMs());
  }

  return {
    show(presence: Presence): void {
      latest = presence;
      flushWhenDue();
    },
    start(as: Actor): void {
      actor = as;
      flushWhenDue();
    },
    stop(): void {
      actor = null;
      cancel?.();
      cancel = null;
    },
  };
}

/** Everyone else's latest row. */
export function createOthersPresence() {
  const latest = new Map<Actor, Presence>();
  const sequences = new Map<Actor, number>();

  function forget(actor: Actor): boolean {
    sequences.delete(actor);
    return latest.delete(actor);
  }

  return {
    latest: latest as ReadonlyMap<Actor, Presence>,
    /** Takes a batch and returns who changed. Throws `WireError`. */
    take(rows: Uint8Array, own: Actor): Actor[] {
      const changed: Actor[] = [];
      for (const row of decodePresenceRows(rows)) {
        const before = sequences.get(row.actor);
        if (row.actor === own || (before !== undefined && !isNewer(row.sequence, before))) continue;
        sequences.set(row.actor, row.sequence);
        latest.set(row.actor, presenceOf(row));
        changed.push(row.actor);
      }
      return changed;
    },
    /** Forgets those who are not in the room, and returns them. */
    keepOnly(present: ReadonlySet<Actor>): Actor[] {
      return [...latest.keys()].filter((actor) => !present.has(actor) && forget(actor));
    },
  };
}

/** Serial numbers as in RFC 1982: the difference modulo 2^32 is positive. */
function isNewer(sequence: number, before: number): boolean {
  return ((sequence - before) | 0) > 0;
}

/** What is not finite is not shown: the room takes it for a broken participant. */
function rowOf(actor: Actor, sequence: number, { tool, selection, head, ray }: Presence): PresenceRow {
  return {
    actor,
    sequence,
    tool,
    selectionKind: selection?.kind ?? "none",
    head: head !== null && isFinite32([...head.position, ...head.rotation]) ? head : null,
    ray: ray !== null && isFinite32([...ray.origin, ...ray.direction]) ? ray : null,
    selectedEntity: selection === null ? NO_ID : fromHex(selection.entity),
    selectedElement: selection === null || selection.kind === "object" ? NO_ID : fromHex(selection.element),
  };
}

function isFinite32(values: readonly number[]): boolean {
  return values.every((value) => Number.isFinite(Math.fround(value)));
}

function presenceOf(row: PresenceRow): Presence {
  return { tool: row.tool, head: row.head, ray: row.ray, selection: selectionOf(row) };
}

function selectionOf({ selectionKind, selectedEntity, selectedElement }: PresenceRow): Selection | null {
  const entity = toHex(selectedEntity);
  if (selectionKind === "none") return null;
  if (selectionKind === "object") return { kind: selectionKind, entity };
  return { kind: selectionKind, entity, element: toHex(selectedElement) };
}
