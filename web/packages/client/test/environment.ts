/** A clock that stands still until it is told to go on, and seeded randomness. */

import type { Environment, WakeCause } from "../src/environment";

export interface TestEnvironment extends Environment {
  /** Moves the clock, and calls every timer that falls due, in order. */
  advance(milliseconds: number): void;
  /** Calls every timer only now, late: the machine was asleep. */
  sleep(milliseconds: number): void;
  wake(cause: WakeCause): void;
  /** The page is left. */
  leave(): void;
}

interface Timer {
  readonly atMs: number;
  readonly action: () => void;
}

export function createTestEnvironment(seed = 1): TestEnvironment {
  let nowMs = 1_700_000_000_000;
  let state = seed >>> 0;
  const timers = new Set<Timer>();
  const listeners = new Set<(cause: WakeCause) => void>();
  const leaving = new Set<() => void>();

  function random(): number {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  }

  function nextTimer(untilMs: number): Timer | undefined {
    return [...timers].filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs)[0];
  }

  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - 1_600_000_000_000,
    random,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    startTimer(delayMs, action) {
      const timer = { atMs: nowMs + delayMs, action };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    onWake(action) {
      listeners.add(action);
      return () => listeners.delete(action);
    },
    onLeave(action) {
      leaving.add(action);
      return () => leaving.delete(action);
    },
    leave() {
      for (const action of leaving) action();
    },
    advance(milliseconds) {
      const untilMs = nowMs + milliseconds;
      for (let timer = nextTimer(untilMs); timer !== undefined; timer = nextTimer(untilMs)) {
        timers.delete(timer);
        nowMs = timer.atMs;
        timer.action();
      }
      nowMs = untilMs;
    },
    sleep(milliseconds) {
      nowMs += milliseconds;
      const due = [...timers].filter(({ atMs }) => atMs <= nowMs).sort((one, other) => one.atMs - other.atMs);
      for (const timer of due) if (timers.delete(timer)) timer.action();
    },
    wake(cause) {
      for (const listener of listeners) listener(cause);
    },
  };
}

/** Waits until `condition` holds: WebCrypto answers in its own time. Fails after two seconds. */
export async function until(condition: () => boolean, what = condition.toString()): Promise<void> {
  const deadline = performance.now() + 2000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Lets everything that is under way come to rest: WebCrypto's answers and what follows from them. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0));
}
