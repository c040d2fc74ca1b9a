/**
 * What a page wants to be told of: regions and a selection (REP-80, REP-81). They hold in every session; the room is told
 * what differs from what it was told, a few times a second at most.
 */

import {
  COORDINATE_METRES_MAX,
  INTEREST_METRES_MAX,
  INTEREST_METRES_MIN,
  REGIONS_PER_PEER_MAX,
  type SelectEntities,
  STATE_SELECTED_MAX,
  type SubscribeRegion,
  type UnsubscribeRegion,
  type Vector3,
} from "@theta/wire";
import { InvalidOperationError } from "../errors";
import { bytesOf, within } from "../field-checks";

const SAY_MS = 100;
const NOTHING = new BigUint64Array(0);

interface Region {
  readonly centre: Vector3;
  readonly radius: number;
}

export type Wish = SubscribeRegion | UnsubscribeRegion | SelectEntities;

export interface Wishes {
  /** When to call `handleTimeout`, in monotonic milliseconds; `null` for never. */
  readonly timeoutMs: number | null;
  /** Returns the region's number. Throws `InvalidOperationError`, as `move` does. */
  subscribe(centre: Vector3, radius: number): number;
  move(region: number, centre: Vector3, radius: number): void;
  unsubscribe(region: number): void;
  select(entities: Iterable<bigint>): void;
  /** A session stands; with `isResumed` the room may know some of it. */
  enter(isResumed: boolean): void;
  /** The entities are others from now on. */
  forgetSelection(): void;
  handleTimeout(nowMs: number): void;
  pollMessage(): Wish | null;
}

export function createWishes(): Wishes {
  const regions = new Map<number, Region>();
  let selection = NOTHING;
  /** As the room was told in this session; `null` where that may be lost. */
  const toldRegions = new Map<number, Region>();
  let toldSelection: BigUint64Array | null = NOTHING;
  const messages: Wish[] = [];
  let saidMs = -Infinity;

  /** What region `number` is to be, if the room takes it. */
  function checked(number: number, centre: Vector3, radius: number): Region {
    within("centre", centre, -COORDINATE_METRES_MAX, COORDINATE_METRES_MAX);
    within("radius", [radius], INTEREST_METRES_MIN, INTEREST_METRES_MAX);
    let square = radius * radius;
    for (const [other, region] of regions) if (other !== number) square += region.radius * region.radius;
    if (square > INTEREST_METRES_MAX * INTEREST_METRES_MAX) {
      throw new InvalidOperationError("radius", `such that the squares of all radii add up to ${INTEREST_METRES_MAX} m squared at most`);
    }
    return { centre: [...centre], radius };
  }

  function differs(): boolean {
    const isOther = regions.size !== toldRegions.size || toldSelection !== selection;
    return isOther || [...regions].some(([number, region]) => toldRegions.get(number) !== region);
  }

  function say(): void {
    for (const region of [...toldRegions.keys()]) {
      if (regions.has(region)) continue;
      toldRegions.delete(region);
      messages.push({ type: "UnsubscribeRegion", region });
    }
    // Those that shrink first, so that the room never has more than it allows.
    const growth = ([number, { radius }]: [number, Region]): number => radius - (toldRegions.get(number)?.radius ?? 0);
    for (const [region, wanted] of [...regions].sort((one, other) => growth(one) - growth(other))) {
      if (toldRegions.get(region) === wanted) continue;
      toldRegions.set(region, wanted);
      messages.push({ type: "SubscribeRegion", region, ...wanted });
    }
    if (toldSelection === selection) return;
    toldSelection = selection;
    messages.push({ type: "SelectEntities", entities: bytesOf(selection) });
  }

  return {
    get timeoutMs() {
      return differs() ? saidMs + SAY_MS : null;
    },
    subscribe(centre, radius) {
      // The lowest that is free: a room knows no others, so that they are never too many.
      for (let number = 0; number < REGIONS_PER_PEER_MAX; number += 1) {
        if (regions.has(number)) continue;
        regions.set(number, checked(number, centre, radius));
        return number;
      }
      throw new InvalidOperationError("regions", `at most ${REGIONS_PER_PEER_MAX}`);
    },
    move(region, centre, radius) {
      if (!regions.has(region)) throw new InvalidOperationError("region", "one that is subscribed to");
      regions.set(region, checked(region, centre, radius));
    },
    unsubscribe: (region) => void regions.delete(region),
    select(entities) {
      const chosen = BigUint64Array.from([...new Set(entities)].slice(0, STATE_SELECTED_MAX));
      const isSame = chosen.length === selection.length && chosen.every((entity, at) => entity === selection[at]);
      if (!isSame) selection = chosen.length === 0 ? NOTHING : chosen;
    },
    enter(isResumed) {
      messages.length = 0;
      toldRegions.clear();
      toldSelection = isResumed ? null : NOTHING;
      saidMs = -Infinity;
    },
    forgetSelection: () => void (selection = NOTHING),
    handleTimeout(nowMs) {
      if (!differs() || nowMs < saidMs + SAY_MS) return;
      saidMs = nowMs;
      say();
    },
    pollMessage: () => messages.shift() ?? null,
  };
}
