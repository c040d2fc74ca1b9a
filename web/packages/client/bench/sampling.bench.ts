/**
 * What is drawn of 10,000 entities, 1,000 of which move: a frame's `sample`, and taking the tick between two frames.
 * `npx vitest bench --run`.
 */

import { CELL_ENTITIES_MAX } from "@theta/wire";
import { bench, describe } from "vitest";
import { createDrawnEntities, type Overrides, TICK_SECONDS } from "../src/state/drawn-entities";
import { createStateReceiver } from "../src/state/receiving";
import { box, createStandardSession, sectionOf } from "../test/state/standard-room";

const ENTITIES = 10_000;
const MOVING_CELLS = Math.ceil(1_000 / CELL_ENTITIES_MAX);
const TICK_MS = 1000 * TICK_SECONDS;
const FRAME_MS = 1000 / 60;
const NOBODY: Overrides = { entities: [], shown: (_now, _time, _entity, known) => known };

const session = createStandardSession();
const receiver = createStateReceiver(session);
const drawn = createDrawnEntities(session);
const cells = Math.ceil(ENTITIES / CELL_ENTITIES_MAX);
let tick = 0;
let nowMs = 0;

function things(cell: number, height: number) {
  return Array.from({ length: CELL_ENTITIES_MAX }, (_, at) => box(cell * CELL_ENTITIES_MAX + at + 1, [cell, height, at]));
}

/** So that a measurement is not of making what a room would tell. */
const moves = Array.from({ length: 8 }, (_, step) =>
  Array.from({ length: MOVING_CELLS }, (_, cell) => sectionOf(cell, things(cell, step / 100))),
);

function take(bodies: readonly Uint8Array[]): void {
  tick += 1;
  nowMs += TICK_MS;
  drawn.handleTick(nowMs, tick);
  for (const body of bodies) receiver.handleBody(nowMs, tick, body);
  for (let update = receiver.pollUpdate(); update !== null; update = receiver.pollUpdate()) drawn.handleUpdate(update);
}

take(Array.from({ length: cells }, (_, cell) => sectionOf(cell, things(cell, 0))));
for (const bodies of moves) take(bodies);
drawn.sample(nowMs, NOBODY);
const { changedCount } = drawn.sample(nowMs + FRAME_MS / 2, NOBODY);
if (drawn.rows.count < ENTITIES || changedCount !== MOVING_CELLS * CELL_ENTITIES_MAX) throw new Error(`${changedCount} moved`);

let frame = 0;

describe(`${drawn.rows.count} drawn entities, ${changedCount} of which move`, () => {
  bench("a frame's sample", () => {
    // Within half a tick, so that all of them go on moving.
    frame += 1;
    drawn.sample(nowMs + (frame % 1_000) / 60, NOBODY);
  }, { time: 3_000, warmupTime: 500 });

  bench("a tick taken and a frame's sample", () => {
    take(moves[tick % moves.length]!);
    drawn.sample(nowMs, NOBODY);
  }, { time: 3_000, warmupTime: 500 });
});
