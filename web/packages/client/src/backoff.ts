/** How long to wait before the next try: doubling from 0.25 s to 5 s, each with ± 50 % of jitter. */

const FIRST_MS = 250;
const LONGEST_MS = 5_000;

/** `attempt` counts failures in a row from 1; `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const base = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.min(LONGEST_MS, base * (0.5 + random));
}
