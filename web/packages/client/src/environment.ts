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
  /** Calls `action` whenever the page may have been away, until the returned function is called. */
  onWake(action: (cause: WakeCause) => void): () => void;
  /** Calls `action` whenever the page is left, be it for good or for the cache of pages, until the returned function is called. */
  onLeave(action: () => void): () => void;
}

/** The network is back, or another one than before; the page is looked at again, or goes on after a sleep. */
export type WakeCause = "online" | "network" | "visible";

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
    onWake(action) {
      const ends = [
        listen(globalThis, "online", () => action("online")),
        listen((navigator as { connection?: EventTarget }).connection, "change", () => action("network")),
        // From the cache of pages that were left, or after the browser froze it.
        listen(globalThis, "pageshow", ({ persisted }: Event & { persisted?: boolean }) => {
          if (persisted === true) action("visible");
        }),
        listen(globalThis.document, "resume", () => action("visible")),
        listen(globalThis.document, "visibilitychange", () => {
          if (document.visibilityState === "visible") action("visible");
        }),
      ];
      return () => {
        for (const end of ends) end();
      };
    },
    onLeave: (action) => listen(globalThis, "pagehide", action),
  };
}

/** Listens until the returned function is called; not every browser has everything to listen to. */
function listen(target: EventTarget | undefined, event: string, action: (event: Event) => void): () => void {
  target?.addEventListener(event, action);
  return () => target?.removeEventListener(event, action);
}
