import { Box3, Vector3 } from "three";
import { describe, expect, it } from "vitest";
import { ARRIVAL_METRES_MAX, comeNear } from "../src/arrival";

const ROOM = new Box3(new Vector3(-2, 0, -2), new Vector3(2, 3, 2));

describe("entering VR", () => {
  it("brings a far camera's person near, along the way to what is there", () => {
    expect(comeNear(new Vector3(0, 0, 17), ROOM).toArray()).toEqual([0, 0, 2 + ARRIVAL_METRES_MAX]);
    const aslant = comeNear(new Vector3(12, 0, 12), ROOM);
    expect(aslant.x).toBeCloseTo(aslant.z);
    expect(Math.hypot(aslant.x - 2, aslant.z - 2)).toBeCloseTo(ARRIVAL_METRES_MAX);
  });

  it("leaves who is near, or among it, where they are", () => {
    expect(comeNear(new Vector3(0, 0, 4), ROOM).toArray()).toEqual([0, 0, 4]);
    expect(comeNear(new Vector3(1, 0, -1), ROOM).toArray()).toEqual([1, 0, -1]);
    expect(comeNear(new Vector3(40, 0, 0), new Box3()).toArray()).toEqual([40, 0, 0]);
  });

  it("keeps the feet on the floor when everything floats above it", () => {
    const floating = new Box3(new Vector3(-1, 5, -1), new Vector3(1, 6, 1));
    expect(comeNear(new Vector3(0, 0, 14), floating).y).toBe(0);
  });
});
