/** What the client takes from the outside world, so that tests can hold the clock. */

export interface Environment {
  /** Milliseconds since 1970 by this machine's clock. */
  nowMs(): number;
  /** Milliseconds that never go back. */
  monotonicMs(): number;
  /** In [0, 1). */
  random(): number;
  randomBytes(count: number): Uint8Array;
  /** Calls `action` once after `delayMs`, unless the returned function is called before. */
  startTimer(delayMs: number, action: () => void): () => void;
  /** Calls `action` whenever the network is back, until the returned function is called. */
  onOnline(action: () => void): () => void;
}

export function createBrowserEnvironment(): Environment {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    random: () => Math.random(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    startTimer(delayMs, action) {
      const timer = setTimeout(action, delayMs);
      return () => {
        clearTimeout(timer);
      };
    },
    onOnline(action) {
      globalThis.addEventListener("online", action);
      return () => {
        globalThis.removeEventListener("online", action);
      };
    },
  };
}
