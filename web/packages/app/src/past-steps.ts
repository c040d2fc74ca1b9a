import type { PastStep, RoomClient } from "@theta/client";

const PAGE_STEPS = 200;

/** What was done on the branch, oldest first, as far as it was asked for. */
export interface PastSteps {
  readonly steps: readonly PastStep[];
  /** There are older ones than the first. */
  readonly more: boolean;
  /** Asks for what is newer than the last, or for the newest. */
  refresh(): Promise<void>;
  /** Asks for older ones. */
  older(): Promise<void>;
  /** Asks for older ones until record `seq` is among them. */
  reach(seq: bigint): Promise<void>;
  clear(): void;
}

/** At most so many pages are asked for to reach a record. */
const PAGES_MAX = 25;

export function createPastSteps(client: Pick<RoomClient, "past">): PastSteps {
  let steps: readonly PastStep[] = [];
  let more = false;

  const keyOf = ({ gesture: { actor, number } }: PastStep): string => `${actor} ${number}`;

  const older = async (): Promise<void> => {
    const first = steps[0];
    if (!first || !more) return;
    const page = await client.past(first.seq, PAGE_STEPS);
    steps = [...[...page.steps].reverse(), ...steps];
    more = page.more;
  };

  return {
    get steps() {
      return steps;
    },
    get more() {
      return more;
    },
    async refresh() {
      const page = await client.past(0n, PAGE_STEPS);
      const newest = [...page.steps].reverse();
      const from = newest[0]?.seq ?? 0n;
      // What is newer than all that one page holds leaves a gap: then only the page is known.
      const joins = steps.length > 0 && steps.at(-1)!.seq >= from;
      const fresh = new Set(newest.map(keyOf));
      const kept = joins ? steps.filter((step) => step.seq <= from && !fresh.has(keyOf(step))) : [];
      if (!joins) more = page.more;
      steps = [...kept, ...newest];
    },
    older,
    async reach(seq) {
      for (let pages = 0; pages < PAGES_MAX && more && (steps[0]?.seq ?? 0n) > seq; pages += 1) await older();
    },
    clear() {
      steps = [];
      more = false;
    },
  };
}
