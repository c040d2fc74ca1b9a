/** A clock that stands still until it is told to go on. */

import type { Timers } from "../../src/timers";

export interface FakeTimers extends Timers {
  advance(milliseconds: number): void;
}

export function createFakeTimers(): FakeTimers {
  let nowMs = 1_000;
  const timers = new Set<{ readonly atMs: number; readonly action: () => void }>();
  return {
    monotonicMs: () => nowMs,
    startTimer(delayMs, action) {
      const timer = { atMs: nowMs + delayMs, action };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(milliseconds) {
      const untilMs = nowMs + milliseconds;
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs);
        if (next === undefined) break;
        timers.delete(next);
        nowMs = next.atMs;
        next.action();
      }
      nowMs = untilMs;
    },
  };
}

/** Lets every promise that is settled, and what follows from it, come to rest. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0));
}
