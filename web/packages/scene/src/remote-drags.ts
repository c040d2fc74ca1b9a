import type { Actor, DocumentChange, Drag, EntityId, Presence, Selection } from "@theta/client";
import { DRAG_TIMEOUT_SECONDS } from "@theta/wire";
import { Quaternion } from "three";
import { previewOf } from "./drag";
import type { EntityLayer } from "./entities";

/**
 * After the document changed what somebody drags, rows they sent before they knew of it are still on their way: shown
 * over the new document they would do it all a second time.
 */
const QUIET_SECONDS = 0.25;
/** A page that stood still for longer than this couldn't hear anybody: that is not their silence. */
const STALL_SECONDS_MAX = 0.25;

export interface RemoteDragPorts {
  readonly entities: Pick<EntityLayer, "views" | "preview">;
  /** Whether this person drags it too: what is in one's own hand comes before what is in others'. */
  readonly isOwn: (entity: EntityId) => boolean;
  /** Milliseconds, rising. */
  readonly now: () => number;
  /** Something else is drawn now. */
  readonly changed: () => void;
}

/** What others drag, shown as they have it until it is over (REP-5). */
export interface RemoteDrags {
  /** Rows came from these, or they are gone. */
  hear(actors: Iterable<Actor>, presence: ReadonlyMap<Actor, Presence>): void;
  /** Ends what is shown of what changed. After the entity layer has the change. */
  documentChanged(change: DocumentChange): void;
  /** In every frame. Ends what nothing was heard of for long; true while anything is shown, so that it is asked again. */
  advance(): boolean;
}

interface Heard {
  readonly selection: Selection;
  readonly drag: Drag;
  /** What a row says, to tell a new one from one said again. */
  readonly words: string;
  /** On the clock of `listened`. */
  readonly at: number;
  /** Of two who drag one thing, the one who said something new last is shown. */
  readonly order: number;
}

interface Ended {
  readonly entity: EntityId;
  readonly words: string;
  readonly untilMs: number;
}

export function createRemoteDrags({ entities, isOwn, now, changed }: RemoteDragPorts): RemoteDrags {
  const heard = new Map<Actor, Heard>();
  const ended = new Map<Actor, Ended>();
  /** What each entity is shown by. */
  const shown = new Map<EntityId, Heard>();
  let count = 0;
  /** Seconds in which this page could hear. */
  let listened = 0;
  let advancedMs = now();

  const listen = (actor: Actor, presence: Presence | undefined): void => {
    const { selection, drag } = presence ?? {};
    if (!selection || !drag) {
      heard.delete(actor);
      ended.delete(actor);
      return;
    }
    const words = JSON.stringify([selection, drag]);
    const over = ended.get(actor);
    if (over?.entity === selection.entity && (over.words === words || now() < over.untilMs)) return;
    ended.delete(actor);
    const before = heard.get(actor);
    if (before?.words === words) heard.set(actor, { ...before, at: listened });
    else heard.set(actor, { selection, drag, words, at: listened, order: count++ });
  };

  /** Shows of each entity what was said last of it, and the document where nothing is said any more. */
  const draw = (): void => {
    const latest = new Map<EntityId, Heard>();
    for (const one of heard.values()) {
      const { entity } = one.selection;
      if (one.order >= (latest.get(entity)?.order ?? 0)) latest.set(entity, one);
    }
    let drawn = false;
    for (const entity of new Set([...shown.keys(), ...latest.keys()])) {
      const [one, before] = [latest.get(entity), shown.get(entity)];
      if (isOwn(entity)) {
        shown.delete(entity);
      } else if (one?.order !== before?.order) {
        drawn = true;
        const view = entities.views.get(entity);
        entities.preview(entity, (one && view && previewOf(view.entity, one.selection, tidy(one.drag))) ?? null);
        if (one) shown.set(entity, one);
        else shown.delete(entity);
      }
    }
    if (drawn) changed();
  };

  return {
    hear(actors, presence) {
      for (const actor of actors) listen(actor, presence.get(actor));
      draw();
    },
    documentChanged(change) {
      const touched = new Set([...change.changed, ...change.removed]);
      for (const [actor, { selection, words }] of heard) {
        if (!touched.has(selection.entity)) continue;
        heard.delete(actor);
        ended.set(actor, { entity: selection.entity, words, untilMs: now() + QUIET_SECONDS * 1000 });
      }
      draw();
    },
    advance() {
      const nowMs = now();
      listened += Math.min((nowMs - advancedMs) / 1000, STALL_SECONDS_MAX);
      advancedMs = nowMs;
      for (const [actor, { at }] of heard) if (listened - at >= DRAG_TIMEOUT_SECONDS) heard.delete(actor);
      draw();
      return heard.size > 0;
    },
  };
}

/** Rotations arrive in single precision, and from anyone. */
function tidy(drag: Drag): Drag {
  if (drag.kind !== "object") return drag;
  const { x, y, z, w } = new Quaternion(...drag.rotation).normalize();
  return { ...drag, rotation: [x, y, z, w] };
}
