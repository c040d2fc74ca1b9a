/** Where everyone is and points: one's own row out, everyone else's in. Latest wins, nothing is kept. */

import {
  decodePresenceRows,
  encodePresenceRow,
  fromHex,
  type Pose,
  PRESENCE_HERTZ,
  type PresenceRow,
  toHex,
} from "@theta/wire";
import type { Environment } from "./environment";
import type { Actor, Drag, Presence, Selection } from "./types";

const INTERVAL_MS = 1000 / PRESENCE_HERTZ;
/** Said again this often without a change, so that newcomers and losers of a datagram learn it. */
const REPEAT_MS = 1000;
const NO_ID = new Uint8Array(16);
const NOWHERE: Pose = { position: [0, 0, 0], rotation: [0, 0, 0, 1] };

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
function rowOf(actor: Actor, sequence: number, presence: Presence): PresenceRow {
  const { tool, ray } = presence;
  const selection = sayable(presence.selection);
  // A drag of more than a row can name would look like a drag of something else.
  const isWhole = selection === presence.selection && !(selection?.kind !== "object" && selection?.elements);
  const drag = isWhole ? finitePose(presence.drag && poseOfDrag(presence.drag)) : null;
  return {
    actor,
    sequence,
    tool,
    selectionKind: selection === null || selection.kind === "edge" ? "none" : selection.kind,
    head: finitePose(presence.head),
    ray: ray !== null && isFinite32([...ray.origin, ...ray.direction]) ? ray : null,
    selectedEntity: selection === null ? NO_ID : fromHex(selection.entity),
    selectedElement: selection === null || selection.kind === "object" ? NO_ID : fromHex(selection.element),
    left: finitePose(presence.left),
    right: finitePose(presence.right),
    dragKind: drag ? (presence.drag?.kind ?? "none") : "none",
    drag: drag ?? NOWHERE,
  };
}

/** A row names objects, faces and vertices: an edge is told as its object. */
function sayable(selection: Selection | null): Selection | null {
  return selection?.kind === "edge" ? { kind: "object", entity: selection.entity } : selection;
}

function finitePose(pose: Pose | null): Pose | null {
  return pose !== null && isFinite32([...pose.position, ...pose.rotation]) ? pose : null;
}

function poseOfDrag(drag: Drag): Pose {
  if (drag.kind === "object") return drag;
  return { ...NOWHERE, position: drag.kind === "extrude" ? [drag.distance, 0, 0] : drag.offset };
}

function isFinite32(values: readonly number[]): boolean {
  return values.every((value) => Number.isFinite(Math.fround(value)));
}

function presenceOf(row: PresenceRow): Presence {
  const { tool, head, ray, left, right } = row;
  return { tool, head, ray, left, right, selection: selectionOf(row), drag: dragOf(row) };
}

function dragOf({ dragKind, drag }: PresenceRow): Drag | null {
  if (dragKind === "none") return null;
  if (dragKind === "object") return { kind: dragKind, ...drag };
  return dragKind === "extrude" ? { kind: dragKind, distance: drag.position[0] } : { kind: dragKind, offset: drag.position };
}

function selectionOf({ selectionKind, selectedEntity, selectedElement }: PresenceRow): Selection | null {
  const entity = toHex(selectedEntity);
  if (selectionKind === "none") return null;
  if (selectionKind === "object") return { kind: selectionKind, entity };
  return { kind: selectionKind, entity, element: toHex(selectedElement) };
}
