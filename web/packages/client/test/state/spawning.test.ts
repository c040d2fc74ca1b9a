import { toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { InvalidOperationError } from "../../src/errors";
import { encodeBodies } from "../../src/state/spawning";
import { findPose, findShape } from "../../src/state/standard";
import type { StateBody } from "../../src/state-types";
import { createStandardSession } from "./standard-room";

const session = createStandardSession();
const encode = (bodies: readonly StateBody[]) => encodeBodies(session, findPose(session)!, findShape(session)!, bodies);
const BALL: StateBody = { shape: "sphere", size: [1, 2, 3], colour: [1, 0, 0.5], position: [1, -2, 3.5] };
/** As `theta.replication.entity_sections` writes them. */
const WRITTEN_BY_PYTHON =
  "0000030103000f0100000001000000020000000100000005030027fa0000000cfeffff6b03000003000000000000fa00" +
  "00000cfeffff6b030000010000000000000903001d01e8030000d0070000b80b0000ff008003e8030000d0070000b80b" +
  "0000ff0080";

describe("new entities", () => {
  it("REP-84: are told as Python reads them", () => {
    const bodies: StateBody[] = [BALL, { ...BALL, shape: "cone", rotation: [0, 1, 0, 0] }];
    expect(toHex(encode(bodies))).toBe(WRITTEN_BY_PYTHON);
  });

  it("REP-84: are as many as a message takes", () => {
    expect(encode(new Array<StateBody>(1_024).fill(BALL)).length).toBeLessThan(65_536);
    expect(() => encode(new Array<StateBody>(1_025).fill(BALL))).toThrow(InvalidOperationError);
    expect(() => encode([])).toThrow(InvalidOperationError);
  });

  it.each([
    ["shape", { shape: "torus" }],
    ["size", { size: [1, 1, 66] }],
    ["size", { size: [1, NaN, 1] }],
    ["colour", { colour: [1.1, 0, 0] }],
    ["position", { position: [0, 0, 2e6] }],
    ["rotation", { rotation: [1, 1, 1, 1] }],
  ])("are within limits: %s", (field, wrong) => {
    const body = { ...BALL, ...wrong } as unknown as StateBody;
    expect(() => encode([BALL, body])).toThrow(expect.objectContaining({ field }) as Error);
  });
});
