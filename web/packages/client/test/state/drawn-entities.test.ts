import {
  EXTRAPOLATION_SECONDS_MAX,
  INTERPOLATION_GAP_SECONDS_MAX,
  REST_SECONDS,
  TELEPORT_METRES,
  toHex,
  type Vector3,
} from "@theta/wire";
import { describe, expect, it } from "vitest";
import { createDrawnEntities, type Overrides, TICK_SECONDS } from "../../src/state/drawn-entities";
import { createStateReceiver } from "../../src/state/receiving";
import {
  box,
  createStandardSession,
  endOf,
  entity,
  NO_TURN,
  poseIn,
  sectionOf,
  STANDARD_DESCRIPTORS,
  STANDARD_MANIFEST,
  type Thing,
} from "./standard-room";

const TICK_MS = 1000 * TICK_SECONDS;
/** After so many ticks without a word everything is at rest. */
const REST_TICKS = 13;
const NOBODY: Overrides = { entities: [], shown: (_now, _time, _entity, known) => known };

/** A page that draws what cells hold, told at each tick when it is due. */
function createDrawing(descriptors?: readonly string[]) {
  const session = createStandardSession(descriptors);
  const receiver = createStateReceiver(session);
  const drawn = createDrawnEntities(session);
  let tick = 0;
  let nowMs = 0;
  return {
    drawn,
    get nowMs() {
      return nowMs;
    },
    get tick() {
      return tick;
    },
    /** Goes on by ticks in which nothing is told. */
    wait(ticks: number): void {
      tick += ticks;
      nowMs += ticks * TICK_MS;
    },
    tell(...bodies: Uint8Array[]): void {
      tick += 1;
      nowMs += TICK_MS;
      drawn.handleTick(nowMs, tick);
      for (const body of bodies) receiver.handleBody(nowMs, tick, body);
      for (let update = receiver.pollUpdate(); update !== null; update = receiver.pollUpdate()) drawn.handleUpdate(update);
    },
    sample(overrides: Overrides = NOBODY, laterMs = 0) {
      const marked = drawn.sample(nowMs + laterMs, overrides);
      const { table, count } = drawn.rows;
      const { changed, changedCount, reshaped, reshapedCount } = marked;
      return {
        ...{ count, entities: table.entities, positions: table.positions, rotations: table.rotations },
        ...{ kinds: table.kinds, sizes: table.sizes, colours: table.colours },
        changed: [...changed.subarray(0, changedCount)].sort((one, other) => one - other),
        reshaped: [...reshaped.subarray(0, reshapedCount)].sort((one, other) => one - other),
      };
    },
  };
}

const positionOf = (found: Parameters<typeof poseIn>[0], id: bigint): Vector3 | undefined => poseIn(found, id)?.position;

describe("what is drawn", () => {
  it("REP-6: knows the standard components as Python declares them", () => {
    const session = createStandardSession();
    expect(toHex(session.manifest)).toBe(STANDARD_MANIFEST);
    const { drawn } = createDrawing();
    expect([drawn.poseComponent!.number, drawn.shapeComponent!.number]).toEqual([1, 2]);
    expect([drawn.poseComponent!.isWhole, drawn.shapeComponent!.isWhole]).toEqual([true, true]);
  });

  it("is whatever has a pose and a shape, with both", () => {
    const room = createDrawing();
    const [posed, shaped] = [{ entity: entity(8), position: [1, 2, 3] }, { entity: entity(9), shape: "cone" }] as const;
    const sphere: Thing = { entity: entity(2), position: [1, 2, 3], rotation: [1, 0, 0, 0], shape: "sphere", size: [1, 2, 3], colour: [1, 2, 255] };
    room.tell(sectionOf(0, [box(1), posed, sphere, shaped]));
    const found = room.sample();
    expect([...found.entities.subarray(0, found.count)].sort()).toEqual([entity(1), entity(2)]);
    const row = found.entities.indexOf(entity(2));
    expect(poseIn(found, entity(2))).toEqual({ position: [1, 2, 3], rotation: [1, 0, 0, 0] });
    expect(found.kinds[row]).toBe(1);
    expect([...found.sizes.subarray(3 * row, 3 * row + 3)]).toEqual([1, 2, 3]);
    expect([...found.colours.subarray(3 * row, 3 * row + 3)]).toEqual([1, 2, 255]);
    expect(room.drawn.poseOf(entity(8))).toBeNull();
    expect(room.drawn.poseOf(entity(77))).toBeNull();
    expect(room.drawn.poseOf(entity(2))!.position).toEqual([1, 2, 3]);
  });

  it("tells which rows differ: those that came, then none, then those that moved", () => {
    const room = createDrawing();
    room.tell(sectionOf(0, [box(1), box(2)]), sectionOf(1, [box(3)]));
    const first = room.sample();
    expect([first.changed, first.reshaped]).toEqual([[0, 1, 2], [0, 1, 2]]);
    const rows = new Map([...first.entities.subarray(0, 3)].map((id, row) => [id, row]));
    const second = room.sample();
    expect([second.changed, second.reshaped]).toEqual([[], []]);
    room.tell(sectionOf(0, [box(1), box(2, [2, 0, 0.5])]));
    room.wait(REST_TICKS);
    const third = room.sample();
    expect([third.changed, third.reshaped]).toEqual([[rows.get(entity(2))], []]);
    expect(positionOf(third, entity(2))![2]).toBe(0.5);
  });

  it("tells of another shape, and only of that row", () => {
    const room = createDrawing();
    room.tell(sectionOf(0, [box(1), box(2)]));
    const row = room.sample().entities.indexOf(entity(2));
    room.tell(sectionOf(0, [box(1), { ...box(2), colour: [0, 255, 0] }]));
    const found = room.sample();
    expect([found.changed, found.reshaped]).toEqual([[row], [row]]);
    expect([...found.colours.subarray(3 * row, 3 * row + 3)]).toEqual([0, 255, 0]);
  });

  it("the last row takes the place of one that ends, and says so", () => {
    const room = createDrawing();
    room.tell(sectionOf(0, [box(1), box(2), box(3)]));
    room.sample();
    room.tell(endOf(0, 0));
    const found = room.sample();
    expect(found.count).toBe(2);
    expect([...found.entities.subarray(0, 2)]).toEqual([entity(3), entity(2)]);
    expect(positionOf(found, entity(3))).toEqual([3, 0, 0]);
    expect([found.changed, found.reshaped]).toEqual([[0], [0]]);
    room.tell(endOf(0, 2));
    expect(room.sample().changed).toEqual([0]);
    room.tell(endOf(0, 1));
    expect([room.sample().count, room.sample().changed]).toEqual([0, []]);
  });

  it("is no more what loses its pose or its shape, and is again what gets it", () => {
    const room = createDrawing();
    const things = [box(1), box(2), box(3)];
    room.tell(sectionOf(0, things));
    room.tell(sectionOf(0, things.with(1, box(2, [2, 1, 0]))));
    room.sample();
    room.tell(sectionOf(0, things.with(1, { entity: entity(2), shape: "cone", size: [1, 1, 1], colour: [1, 1, 1] })));
    expect(room.sample().count).toBe(2);
    expect(room.drawn.poseOf(entity(2))).toBeNull();
    room.tell(sectionOf(0, things.with(1, box(2, [5, 5, 5]))));
    // It was not drawn elsewhere meanwhile: it does not fly there.
    expect(positionOf(room.sample(), entity(2))).toEqual([5, 5, 5]);
    room.tell(sectionOf(0, things.with(0, { entity: entity(1), position: [0, 0, 0] })));
    expect(room.sample().count).toBe(2);
  });

  it("grows with the room", () => {
    const room = createDrawing();
    const cells = Array.from({ length: 40 }, (_, cell) => Array.from({ length: 16 }, (_, at) => box(cell * 16 + at + 1)));
    room.tell(...cells.map((things, cell) => sectionOf(cell, things)));
    const first = room.sample();
    expect([first.count, first.changed.length]).toEqual([640, 640]);
    room.tell(...cells.map((things, cell) => sectionOf(cell, things.map((thing, at) => box(cell * 16 + at + 1, [...thing.position!].with(1, 1) as unknown as Vector3)))));
    room.wait(REST_TICKS);
    const found = room.sample();
    expect(found.changed.length).toBe(640);
    for (let index = 1; index <= 640; index += 1) expect(positionOf(found, entity(index))).toEqual([index, 1, 0]);
  });

  it.each([
    ["no pose", STANDARD_DESCRIPTORS.slice(1)],
    ["a field of another name", [STANDARD_DESCRIPTORS[0].replace('"translation","width"', '"place","width"'), STANDARD_DESCRIPTORS[1]]],
    ["another width", [STANDARD_DESCRIPTORS[0], STANDARD_DESCRIPTORS[1].replace('"colour","width":3', '"colour","width":4')]],
    ["another type", [STANDARD_DESCRIPTORS[0], STANDARD_DESCRIPTORS[1].replace('"dtype":"<u1","kind":"column","name":"kind"', '"dtype":"<u2","kind":"column","name":"kind"')]],
  ])("is nothing in a room with %s", (_, descriptors) => {
    const { drawn } = createDrawing(descriptors);
    expect(drawn.poseComponent === null || drawn.shapeComponent === null).toBe(true);
  });

  it("takes components with more fields, but cannot write them", () => {
    const more = STANDARD_DESCRIPTORS[0].replace('"fields":[', '"fields":[{"dtype":"<u1","kind":"column","name":"more","width":1},');
    const { drawn } = createDrawing([more, STANDARD_DESCRIPTORS[1]]);
    expect(drawn.poseComponent!.isWhole).toBe(false);
    const text = STANDARD_DESCRIPTORS[1].replace('"fields":[', '"fields":[{"characters_max":9,"kind":"text","name":"text"},');
    expect(createDrawing([STANDARD_DESCRIPTORS[0], text]).drawn.shapeComponent!.isWhole).toBe(false);
  });
});

describe("what moves", () => {
  it("REP-68, REP-69: goes from sample to sample, a little late", () => {
    const room = createDrawing();
    for (let step = 0; step <= 6; step += 1) room.tell(sectionOf(0, [box(1, [step, 0, 0]), box(2)]));
    room.sample();
    // A tick late: where the tick before had it.
    expect(positionOf(room.sample(), entity(1))![0]).toBeCloseTo(5, 5);
    const half = room.sample(NOBODY, TICK_MS / 2);
    expect(positionOf(half, entity(1))![0]).toBeCloseTo(5.5, 5);
    expect(half.changed).toEqual([half.entities.indexOf(entity(1))]);
  });

  it("REP-70: goes on a little, comes back, and is at rest: then it costs nothing more", () => {
    const room = createDrawing();
    for (let step = 0; step <= 3; step += 1) room.tell(sectionOf(0, [box(1, [step / 10, 0, 0])]));
    room.sample();
    const late = room.sample(NOBODY, TICK_MS + 1000 * EXTRAPOLATION_SECONDS_MAX);
    expect(positionOf(late, entity(1))![0]).toBeCloseTo(0.6, 5);
    const settled = TICK_MS + 1000 * (REST_SECONDS + EXTRAPOLATION_SECONDS_MAX) + 1;
    const rest = room.sample(NOBODY, settled);
    expect(positionOf(rest, entity(1))![0]).toBeCloseTo(0.3, 5);
    expect(rest.changed).toEqual([0]);
    expect(room.sample(NOBODY, settled + 1).changed).toEqual([]);
  });

  it("REP-70: does not go on when it is known to be at rest, until it is told otherwise", () => {
    const room = createDrawing();
    for (let step = 0; step <= 3; step += 1) room.tell(sectionOf(0, [box(1, [step / 10, 0, 0])]));
    room.sample();
    room.drawn.rest(entity(1));
    room.drawn.rest(entity(9));
    expect(positionOf(room.sample(NOBODY, 2 * TICK_MS), entity(1))![0]).toBeCloseTo(0.3, 5);
    room.tell(sectionOf(0, [box(1, [0.4, 0, 0])]));
    room.wait(REST_TICKS);
    expect(positionOf(room.sample(), entity(1))![0]).toBeCloseTo(0.4, 5);
    room.drawn.rest(entity(1));
    expect(positionOf(room.sample(), entity(1))![0]).toBeCloseTo(0.4, 5);
  });

  it("REP-69: moves again from where it was at rest", () => {
    const room = createDrawing();
    room.tell(sectionOf(0, [box(1, [0, 0, 0])]));
    room.wait(60);
    for (let step = 1; step <= 2; step += 1) room.tell(sectionOf(0, [box(1, [step, 0, 0])]));
    expect(positionOf(room.sample(), entity(1))![0]).toBeCloseTo(1, 5);
    room.wait(60);
    room.sample();
    room.tell(sectionOf(0, [box(1, [4, 0, 0])]));
    // It stayed until INTERPOLATION_GAP_SECONDS_MAX before the next, and a tick of that is still to come.
    const share = 1 - TICK_SECONDS / INTERPOLATION_GAP_SECONDS_MAX;
    expect(positionOf(room.sample(), entity(1))![0]).toBeCloseTo(2 + 2 * share, 5);
  });

  it("REP-71: jumps where it is far", () => {
    const room = createDrawing();
    room.tell(sectionOf(0, [box(1, [0, 0, 0])]));
    room.sample();
    room.tell(sectionOf(0, [box(1, [2 * TELEPORT_METRES, 0, 0])]));
    room.sample();
    expect(positionOf(room.sample(NOBODY, TICK_MS / 2), entity(1))![0]).toBe(0);
    expect(positionOf(room.sample(NOBODY, 2 * TICK_MS), entity(1))![0]).toBe(2 * TELEPORT_METRES);
  });

  it("ends while it moves, and gives its place to another", () => {
    const room = createDrawing();
    for (let step = 0; step <= 3; step += 1) room.tell(sectionOf(0, [box(1, [step, 0, 0]), box(2, [0, step, 0])]));
    room.sample();
    room.tell(endOf(0, 0));
    expect(room.sample().count).toBe(1);
    room.tell(sectionOf(1, [box(3, [9, 9, 9])]));
    room.tell(sectionOf(1, [box(3, [9, 9, 10])]));
    room.wait(REST_TICKS);
    expect(positionOf(room.sample(), entity(3))).toEqual([9, 9, 10]);
    expect(positionOf(room.sample(), entity(2))).toEqual([0, 3, 0]);
  });

  it("is where it was told last before there is a time to show", () => {
    const session = createStandardSession();
    const receiver = createStateReceiver(session);
    const drawn = createDrawnEntities(session);
    for (const tick of [4, 5]) receiver.handleBody(0, tick, sectionOf(0, [box(1, [tick, 0, 0])]));
    for (let update = receiver.pollUpdate(); update !== null; update = receiver.pollUpdate()) drawn.handleUpdate(update);
    drawn.sample(0, NOBODY);
    expect(drawn.poseOf(entity(1))!.position).toEqual([5, 0, 0]);
    expect(drawn.told(entity(1))).toMatchObject({ tick: 5, pose: { position: [5, 0, 0] } });
    expect(drawn.told(entity(9))).toBeNull();
  });

  it("passes over what is older, and takes the later of the same tick", () => {
    const session = createStandardSession();
    const drawn = createDrawnEntities(session);
    const receivers = [createStateReceiver(session), createStateReceiver(session), createStateReceiver(session)];
    [5, 4, 5].forEach((tick, at) => {
      receivers[at]!.handleBody(0, tick, sectionOf(at, [box(1, [tick, at, 0])]));
      drawn.handleUpdate(receivers[at]!.pollUpdate()!);
    });
    drawn.sample(0, NOBODY);
    expect(drawn.poseOf(entity(1))!.position).toEqual([5, 2, 0]);
  });
});

describe("what is shown elsewhere than where the room has it", () => {
  it("is shown there, and back when that ends", () => {
    const room = createDrawing();
    room.tell(sectionOf(0, [box(1), box(2)]));
    room.sample();
    const overrides: Overrides = {
      entities: [entity(2), entity(99)],
      shown: (_now, _time, _entity, known) => ({ position: [known.position[0], 7, 0], rotation: NO_TURN }),
    };
    const found = room.sample(overrides);
    expect(positionOf(found, entity(2))).toEqual([2, 7, 0]);
    expect(found.changed).toEqual([1]);
    // What it is based on is what the room told, not what was shown.
    expect(positionOf(room.sample(overrides), entity(2))).toEqual([2, 7, 0]);
    expect(positionOf(room.sample(), entity(2))).toEqual([2, 0, 0]);
    expect(room.sample().changed).toEqual([]);
  });

  it("also while it moves", () => {
    const room = createDrawing();
    for (let step = 0; step <= 3; step += 1) room.tell(sectionOf(0, [box(1, [step, 0, 0])]));
    const overrides: Overrides = { entities: [entity(1)], shown: (_now, _time, _entity, { position, rotation }) => ({ position: [position[0], 7, 0], rotation }) };
    expect(positionOf(room.sample(overrides), entity(1))![1]).toBe(7);
    expect(positionOf(room.sample(), entity(1))![1]).toBe(0);
  });
});

describe("a page that is hidden", () => {
  it("keeps no samples of what came, moved and went meanwhile", () => {
    const drawing = createDrawing();
    let highest = 0;
    for (let round = 1; round <= 2_000; round += 1) {
      drawing.tell(sectionOf(0, [box(round, [0, 0, 0])]));
      drawing.tell(sectionOf(0, [box(round, [1, 0, 0])]));
      const { table } = drawing.drawn.rows;
      highest = Math.max(highest, table.slots[0]!);
      drawing.tell(endOf(0, 0));
    }
    expect(highest).toBeGreaterThan(0);
    expect(highest).toBeLessThan(128);
    drawing.tell(sectionOf(0, [box(9_000, [2, 0, 0])]));
    expect(poseIn(drawing.sample(), entity(9_000))!.position).toEqual([2, 0, 0]);
  });
});
