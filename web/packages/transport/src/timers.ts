/** The clock that transports wait by, so that tests can hold it. */
export interface Timers {
  /** Milliseconds that never go back. */
  monotonicMs(): number;
  /** Calls `action` once after `delayMs`, unless the returned function is called before. */
  startTimer(delayMs: number, action: () => void): () => void;
}
