/** One's own undo and redo, as the room tells them. */

import type { History, HistoryStep as WireStep } from "@theta/wire";
import type { Environment } from "./environment";
import { NothingToUndoError, RefusedError } from "./errors";
import type { LogFollower } from "./log-follower";
import { type EncodedOperation, encodeSetEffective } from "./operations";
import type { HistoryView, Performed } from "./types";

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
  press(kind: "undo" | "redo"): Promise<Performed>;
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

  async function run(kind: "undo" | "redo"): Promise<Performed> {
    await told();
    const step = latest[kind][0];
    if (step === undefined) throw new NothingToUndoError(`nothing of yours is left to ${kind}`);
    if (step.blockedBy.length > 0) throw new RefusedError("UndoConflict", `others changed it since: ${step.blockedBy.join(", ")}`);
    return parts.perform(encodeSetEffective(step.gestures, kind === "redo"));
  }

  return {
    get view() {
      return { undo: viewOf(latest.undo[0]), redo: viewOf(latest.redo[0]) };
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
    press(kind) {
      const pressed = queue.then(() => run(kind));
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

function viewOf(step: WireStep | undefined): HistoryView["undo"] {
  return step === undefined ? null : { label: step.label, blockedBy: step.blockedBy };
}
