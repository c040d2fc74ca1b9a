import type { Statistics } from "./types";

/** How good a link is to work over: none of it to be noticed, some of it, or in one's way. */
export type LinkQuality = "good" | "fair" | "poor";

interface Bounds {
  readonly roundTripMs: number;
  readonly jitterMs: number;
  readonly lossShare: number;
}

/** What is dragged by others follows within two frames of the room; a click is answered as fast as a person looks. */
const GOOD: Bounds = { roundTripMs: 150, jitterMs: 30, lossShare: 0.02 };
const FAIR: Bounds = { roundTripMs: 400, jitterMs: 100, lossShare: 0.1 };

/** Null before the first answer to a ping. */
export function linkQuality({ roundTripMs, jitterMs, lossShare }: Statistics): LinkQuality | null {
  if (roundTripMs === null) return null;
  const isWithin = (bounds: Bounds): boolean =>
    roundTripMs <= bounds.roundTripMs && (jitterMs ?? 0) <= bounds.jitterMs && (lossShare ?? 0) <= bounds.lossShare;
  return isWithin(GOOD) ? "good" : isWithin(FAIR) ? "fair" : "poor";
}
