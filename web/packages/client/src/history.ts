/** One's own undo and redo, as the room tells them. */

import { type History, type HistoryStep as WireStep, toHex } from "@theta/wire";
import type { Environment } from "./environment";
import { NothingToUndoError, RefusedError } from "./errors";
import type { LogFollower } from "./log-follower";
import { type EncodedOperation, encodeSetEffective } from "./operations";
import type { HistoryStep, HistoryView } from "./history-types";
import type { Performed } from "./types";

/** How long a press waits for the room to tell what the edit before it made of the history. */
const TOLD_MS_MAX = 250;

export interface HistoryParts {
  readonly environment: Environment;
  readonly follower: LogFollower;
  perform(operation: EncodedOperation): Promise<Performed>;
  changed(): void;
}

export interface OwnHistory {
  readonly view: HistoryView;
  handle(history: History): void;
  /** Something of one's own is on its way: a press waits for it, and for what the room then tells. */
  follow(performed: Promise<Performed>): void;
  /** With `cascade`, what others built on it goes with it. */
  press(kind: "undo" | "redo", cascade?: boolean): Promise<Performed>;
  reset(): void;
}

const NOTHING: History = { type: "History", undo: [], redo: [] };

export function createOwnHistory(parts: HistoryParts): OwnHistory {
  let latest = NOTHING;
  /** The record that the page stood at when the room told it. */
  let toldAt = 0n;
  let tellers: (() => void)[] = [];
  /** Settles when everything before has: presses take their turn. */
  let queue: Promise<unknown> = Promise.resolve();
  let needed = 0n;

  function told(): Promise<void> {
    if (toldAt >= needed) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = parts.environment.startTimer(TOLD_MS_MAX, resolve);
      tellers.push(() => {
        cancel();
        resolve();
      });
    });
  }

  async function run(kind: "undo" | "redo", cascades: boolean): Promise<Performed> {
    await told();
    const step = latest[kind][0];
    if (step === undefined) throw new NothingToUndoError(`nothing of yours is left to ${kind}`);
    const { dependants, blockedBy } = viewOf(step, kind);
    // What an undo took along comes back with its redo.
    if (kind === "undo" && dependants.length > 0 && !cascades) {
      throw new RefusedError("UndoConflict", `others changed it since: ${blockedBy.join(", ")}`);
    }
    if (dependants.some(({ gestures }) => gestures.length === 0)) {
      throw new RefusedError("UndoConflict", "others did too much on it since to take it back in one step");
    }
    return parts.perform(encodeSetEffective(step.gestures, kind === "redo", dependants.flatMap(({ gestures }) => gestures)));
  }

  return {
    get view() {
      const [undo, redo] = [latest.undo[0], latest.redo[0]];
      return { undo: undo ? viewOf(undo, "undo") : null, redo: redo ? viewOf(redo, "redo") : null };
    },
    handle(history) {
      latest = history;
      toldAt = parts.follower.seq;
      if (toldAt >= needed) {
        for (const tell of tellers.splice(0)) tell();
      }
      parts.changed();
    },
    follow(performed) {
      const settled = performed.then(
        ({ seq }) => {
          if (seq > needed) needed = seq;
        },
        () => undefined,
      );
      queue = Promise.all([queue, settled]);
    },
    press(kind, cascade = false) {
      const pressed = queue.then(() => run(kind, cascade));
      queue = pressed.catch(() => undefined);
      return pressed;
    },
    reset() {
      latest = NOTHING;
      toldAt = 0n;
      needed = 0n;
      for (const tell of tellers.splice(0)) tell();
      tellers = [];
      parts.changed();
    },
  };
}

function viewOf({ label, gestures, dependants }: WireStep, kind: "undo" | "redo"): HistoryStep {
  const all = dependants.map(({ entity, ...rest }) => ({ ...rest, entity: toHex(entity) }));
  return { label, gestures, dependants: all, blockedBy: kind === "undo" ? [...new Set(all.map(({ author }) => author))] : [] };
}
