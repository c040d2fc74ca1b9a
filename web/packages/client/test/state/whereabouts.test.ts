import { BASELINE_AGE_TICKS_MAX } from "@theta/wire";
import { expect, it } from "vitest";
import { createWhereabouts } from "../../src/state/whereabouts";
import { entity } from "./room";

const ADA = entity(7);
const BOB = entity(8);
const [ENDED, CELL_9] = [0, 11];

it("REP-17: who has ended is remembered for as long as a cell has it, and until nothing older can come", () => {
  const whereabouts = createWhereabouts();
  expect(whereabouts.come(ADA, 0, 0)).toBe(true);
  expect(whereabouts.leave(0, ADA, 0, ENDED, 5)).toBe(true);
  expect(whereabouts.come(ADA, 1, 0)).toBe(false);
  whereabouts.prune(1000);
  expect(whereabouts.come(ADA, 2, 0)).toBe(false);
  expect([whereabouts.isHidden(ADA), whereabouts.has(ADA)]).toEqual([true, false]);
  whereabouts.leave(0, ADA, 1, ENDED, 1000);
  whereabouts.leave(0, ADA, 2, ENDED, 1000);
  expect(whereabouts.hasHidden).toBe(false);
  whereabouts.prune(1000 + 2 * BASELINE_AGE_TICKS_MAX);
  expect(whereabouts.come(ADA, 3, 0)).toBe(false);
  whereabouts.leave(0, ADA, 3, CELL_9, 1001);
  whereabouts.prune(1001 + 2 * BASELINE_AGE_TICKS_MAX);
  expect(whereabouts.come(ADA, 3, 0)).toBe(true);
});

it("REP-17: each has a second of its own from when it left", () => {
  const whereabouts = createWhereabouts();
  whereabouts.come(ADA, 0, 0);
  whereabouts.come(BOB, 0, 1);
  whereabouts.leave(0, ADA, 0, CELL_9, 2);
  whereabouts.leave(400, BOB, 0, CELL_9, 3);
  whereabouts.come(ADA, 9, 0);
  whereabouts.leave(500, ADA, 9, CELL_9, 4);
  expect(whereabouts.timeoutMs).toBe(1400);
  expect(whereabouts.handleTimeout(1450)).toEqual([BOB]);
  expect(whereabouts.timeoutMs).toBe(1500);
  expect(whereabouts.handleTimeout(1500)).toEqual([ADA]);
  expect([whereabouts.timeoutMs, whereabouts.size]).toEqual([null, 0]);
});
