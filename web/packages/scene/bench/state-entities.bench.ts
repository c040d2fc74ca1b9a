/** What a frame of 10,000 entities of the state plane costs the script: `npx vitest bench --run packages/scene`. */

import type { StateSample } from "@theta/client";
import { Ray, Vector3 } from "three";
import { bench, describe } from "vitest";
import { createStateEntityLayer, type StateEntityLayer } from "../src/state-entities";
import { LIGHT_THEME } from "../src/theme";

const ENTITIES = 10_000;
const EYE = new Vector3(0, 2, 10);

/** A layer that shows 10,000 entities, of which `moving`, spread over the rows, have moved in every sample after the first. */
function createMoving(moving: number): StateEntityLayer {
  const all = Uint32Array.from({ length: ENTITIES }, (_, row) => row);
  const first: StateSample = {
    count: ENTITIES,
    entities: BigUint64Array.from(all, BigInt),
    positions: new Float32Array(3 * ENTITIES).map((_, at) => ((at * 7919) % 2000) / 10 - 100),
    rotations: new Float32Array(4 * ENTITIES).map((_, at) => (at % 4 === 3 ? 1 : 0)),
    kinds: Uint8Array.from(all, (row) => row % 4),
    sizes: new Float32Array(3 * ENTITIES).fill(0.2),
    colours: new Uint8Array(3 * ENTITIES).map((_, at) => at % 256),
    changed: all,
    changedCount: ENTITIES,
    reshaped: all,
    reshapedCount: ENTITIES,
  };
  const changed = all.filter((row) => row % (ENTITIES / moving) === 0);
  const later: StateSample = { ...first, changed, changedCount: changed.length, reshapedCount: 0 };
  let sample = first;
  const layer = createStateEntityLayer({ sample: () => sample, rowOf: () => null }, LIGHT_THEME);
  layer.advance(0, EYE, null);
  sample = later;
  return layer;
}

for (const moving of [10_000, 1_000]) {
  describe(`a frame in which ${moving} of 10,000 entities moved`, () => {
    const layer = createMoving(moving);
    bench("matrices, bounds and what is to be sent", () => void layer.advance(0, EYE, null));
  });
}

describe("picking among 10,000 entities", () => {
  const layer = createMoving(1_000);
  const ray = new Ray(EYE, new Vector3(0.1, -0.2, -1).normalize());
  bench("the first along a ray", () => void layer.pickAlong(ray, 1000));
});
