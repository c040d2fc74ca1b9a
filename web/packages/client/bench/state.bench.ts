/**
 * Taking a tick in which 1,000 entities moved, from datagrams to columns of numbers: `npx vitest bench --run`.
 *
 * The bytes are those of a room's sections: poses in fixed point and smallest three, every difference in one byte.
 */

import {
  CELL_ENTITIES_MAX,
  concat,
  decodeFromRoom,
  encodeMessage,
  nameId,
  STATE_BODY_BYTES_MAX,
  type StateFrame,
  viewOf,
} from "@theta/wire";
import { bench, describe } from "vitest";
import { createStateReceiver } from "../src/state/receiving";
import { createSessionComponents, manifestHash, restoreField } from "../src/state/schema";
import { encodeHead, encodePart, encodeSection } from "../src/state/writing-sections";

const ENTITIES = 1_000;
const POSE = 1;
const DELTA = 2;
const ALL = 2 ** CELL_ENTITIES_MAX - 1;
/** From here on MessagePack has ticks and sequence numbers in four bytes, which are written over. */
const FIRST_TICK = 70_000;

const POSE_TEXT = JSON.stringify({
  fields: [
    { codec: { high: 4096, low: -4096, name: "fixed-point", step: 0.004 }, dtype: "<f4", kind: "column", name: "metres", width: 3 },
    { codec: { bits: 10, name: "smallest-three" }, dtype: "<f4", kind: "column", name: "rotation", width: 4 },
  ],
  id: nameId("bench.Pose").toString(16).padStart(16, "0"),
  name: "bench.Pose",
  plane: "state",
});

function frameOf(tick: number, body: Uint8Array): StateFrame {
  return { type: "StateFrame", sequence: tick, tick, input: 0, coded: false, body };
}

/** Datagrams in which every entity moves on, and a receiver that has what was before. */
function createRoom() {
  const session = createSessionComponents();
  session.handleDescriptors({ type: "ComponentDescriptors", first: 1, descriptors: [POSE_TEXT], manifest: manifestHash([POSE_TEXT]) });
  const receiver = createStateReceiver(session);
  const cells = Math.ceil(ENTITIES / CELL_ENTITIES_MAX);
  const bodies: Uint8Array[] = [];
  let state = 20260817;
  for (let cell = 0; cell < cells; cell += 1) {
    const count = Math.min(CELL_ENTITIES_MAX, ENTITIES - cell * CELL_ENTITIES_MAX);
    const rows = ALL >> (CELL_ENTITIES_MAX - count);
    const ids = Int32Array.from({ length: 2 * CELL_ENTITIES_MAX }, (_, at) => (at % 2 === 0 ? cell * CELL_ENTITIES_MAX + at / 2 : 1));
    const words = new Int32Array(CELL_ENTITIES_MAX * session.layouts[POSE]!.words);
    const parts = [encodePart(session.layouts[0]!, 0, 1, rows, ids, []), encodePart(session.layouts[POSE]!, POSE, 1, rows, words, [])];
    receiver.handleBody(0, FIRST_TICK, encodeSection(cell, 0, parts));
    const differences = Uint8Array.from({ length: 6 * count }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24);
    // One byte for each of the position's lanes and of the rotation's three; which of it is largest does not change.
    const section = encodeSection(cell, 1, [concat(encodeHead(POSE, DELTA, rows), Uint8Array.of(0b01_00_01), differences)]);
    const last = bodies.at(-1);
    if (last !== undefined && last.length + section.length <= STATE_BODY_BYTES_MAX) bodies[bodies.length - 1] = concat(last, section);
    else bodies.push(section);
  }
  while (receiver.pollUpdate() !== null);
  const datagrams = bodies.map((body, at) => encodeMessage(frameOf(FIRST_TICK + at + 1, body)));
  return { session, receiver, datagrams };
}

const { session, receiver, datagrams } = createRoom();
const pose = session.layouts[POSE]!;
/** A tag of nine bytes comes first, and before each number is a byte that says how long it is. */
const SEQUENCE_AT = 1 + 9 + 1;
const TICK_AT = SEQUENCE_AT + 5;
const bytes = datagrams.reduce((sum, { length }) => sum + length, 0);
let tick = FIRST_TICK;
let sequence = FIRST_TICK;

function stamp(datagram: Uint8Array): void {
  viewOf(datagram).setUint32(SEQUENCE_AT, (sequence += 1));
  viewOf(datagram).setUint32(TICK_AT, tick);
}

/** Takes a tick; returns how many rows were restored. */
function take(): number {
  tick += 1;
  let rows = 0;
  for (const datagram of datagrams) {
    stamp(datagram);
    const message = decodeFromRoom(datagram);
    if (message.type === "StateFrame") receiver.handleFrame(0, message);
    receiver.pollAck();
    for (let update = receiver.pollUpdate(); update !== null; update = receiver.pollUpdate()) {
      for (const written of update.written) {
        for (const field of pose.numbers) restoreField(pose, field, written.words, written.rows);
        rows += written.rows;
      }
    }
  }
  return rows;
}

if (take() !== ENTITIES) throw new Error("not every entity moved");

describe(`the state plane: ${ENTITIES} moving entities in ${datagrams.length} datagrams of ${bytes} bytes in all`, () => {
  bench("a tick taken, from datagrams to columns", () => void take(), { time: 3_000, warmupTime: 1_000 });
});
