import { encodeMessage, fromHex, STATE_ACK_FRAMES, STATE_HASHES_PER_MESSAGE_MAX, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { RoomFaultError } from "../../src/errors";
import { createStateFollower } from "../../src/state/follower";
import { box, chunkOf, endOf, entity, frameOf, sectionOf, standardDescriptors } from "./standard-room";
import { messageOf, replication } from "./vectors";

function createFollowing(isTold = true) {
  const follower = createStateFollower(() => null);
  if (isTold) follower.handleMessage(0, standardDescriptors());
  return { follower, answers: () => drained(() => follower.pollAnswer()), updates: () => drained(() => follower.pollUpdate()) };
}

function drained<T>(poll: () => T | null): T[] {
  const found: T[] = [];
  for (let each = poll(); each !== null; each = poll()) found.push(each);
  return found;
}

describe("what a page does with what the room tells", () => {
  it("REP-10 to REP-19: takes the frames that Python wrote, and answers as Python does", () => {
    const { follower, answers, updates } = createFollowing(false);
    follower.handleMessage(0, messageOf("ComponentDescriptors", replication.descriptors));
    for (const { title, frame, ack } of replication.frames) {
      follower.handleMessage(100, messageOf("StateFrame", frame));
      follower.handleTimeout(105);
      expect(answers().map((answer) => toHex(encodeMessage(answer))), title).toEqual(ack === null ? [] : [ack]);
    }
    expect(updates().length).toBeGreaterThan(0);
    expect(follower.entityCount).toBeGreaterThan(0);
    const tick = 1 + Math.max(...replication.frames.map(({ frame }) => messageOf("StateFrame", frame).tick));
    for (const { title, body } of replication.refused_after_the_last_frame) {
      expect(() => follower.handleMessage(200, frameOf(tick, fromHex(body), 0, 99)), title).toThrow(RoomFaultError);
    }
    expect(updates()).toEqual([]);
  });

  it("REP-19: answers frames together, a little later, and before there are too many", () => {
    const { follower, answers } = createFollowing();
    follower.handleMessage(1000, frameOf(1, sectionOf(0, [box(1)]), 0, 1));
    follower.handleMessage(1001, frameOf(1, sectionOf(1, [box(2)]), 0, 2));
    expect(answers()).toEqual([]);
    expect(follower.timeoutMs).toBe(1005);
    follower.handleTimeout(1005);
    expect(answers()).toEqual([{ type: "StateAck", sequence: 2, received: 1n }]);
    follower.handleTimeout(1010);
    expect(answers()).toEqual([]);
    for (let sequence = 3; sequence < 3 + STATE_ACK_FRAMES; sequence += 1) {
      follower.handleMessage(1100, frameOf(sequence, sectionOf(2, [box(3, [sequence, 0, 0])]), 0, sequence));
    }
    const sequences = answers().map((answer) => (answer.type === "StateAck" ? answer.sequence : 0));
    expect(sequences.length).toBeGreaterThan(4);
    expect(sequences.at(-1)).toBe(2 + STATE_ACK_FRAMES);
    expect(follower.counts.applied).toBe(2 + STATE_ACK_FRAMES);
  });

  it("REP-25: drops what came before the components, and does not answer it", () => {
    const { follower, answers } = createFollowing(false);
    follower.handleMessage(0, frameOf(1, sectionOf(0, [box(1)])));
    follower.handleMessage(0, chunkOf(1, sectionOf(0, [box(1)])));
    expect([follower.early, follower.entityCount, follower.timeoutMs]).toEqual([2, 0, null]);
    expect(answers()).toEqual([]);
    follower.handleMessage(1, standardDescriptors());
    follower.handleMessage(2, frameOf(1, sectionOf(0, [box(1)])));
    expect([follower.entityCount, follower.has(entity(1)), follower.has(entity(2))]).toEqual([1, true, false]);
  });

  it("REP-20, REP-21: takes chunks, says so, and says all of them again after a lost connection", () => {
    const { follower, answers } = createFollowing();
    expect(follower.isComplete).toBe(false);
    follower.handleMessage(0, chunkOf(1, sectionOf(0, [box(1)]), { count: 2 }));
    expect(answers()).toEqual([{ type: "StateChunksReceived", snapshot: 1, numbers: [0] }]);
    follower.handleMessage(0, chunkOf(1, sectionOf(1, [box(2)]), { count: 2, number: 1 }));
    expect(answers()).toEqual([{ type: "StateChunksReceived", snapshot: 1, numbers: [1] }]);
    expect(follower.isComplete).toBe(true);
    follower.handleResumed();
    const [received, hashes, ...more] = answers();
    expect(received).toEqual({ type: "StateChunksReceived", snapshot: 1, numbers: [0, 1] });
    expect(hashes).toMatchObject({ type: "CellHashes", hashes: [{ cell: 0 }, { cell: 1 }] });
    expect(more).toEqual([]);
    follower.handleMessage(5, frameOf(2, endOf(0, 0)));
    expect(follower.entityCount).toBe(1);
  });

  it("REP-20: refuses a compressed chunk when no compression was agreed on", () => {
    const { follower, answers } = createFollowing();
    const chunk = chunkOf(1, sectionOf(0, [box(1)]));
    expect(() => follower.handleMessage(0, { ...chunk, size: chunk.size + 1 })).toThrow(RoomFaultError);
    expect([follower.entityCount, answers()]).toEqual([0, []]);
  });

  it("REP-24: tells every two seconds what some of the cells are, all of them in turn", () => {
    const { follower, answers } = createFollowing();
    const cells = STATE_HASHES_PER_MESSAGE_MAX + 2;
    for (let cell = 0; cell < cells; cell += 1) {
      follower.handleMessage(1000, frameOf(cell + 1, sectionOf(cell, [box(cell + 1)])));
    }
    follower.handleTimeout(1005);
    answers();
    expect(follower.timeoutMs).toBe(3000);
    follower.handleTimeout(3000);
    follower.handleTimeout(5000);
    const told = answers().flatMap((answer) => (answer.type === "CellHashes" ? answer.hashes.map(({ cell }) => cell) : []));
    expect(new Set(told).size).toBe(cells);
    follower.handleMessage(5001, { type: "CellsLeft", tick: 99, cells: Array.from({ length: cells }, (_, cell) => cell) });
    follower.handleTimeout(7000);
    expect(answers()).toEqual([]);
    follower.handleResumed();
    expect(answers()).toEqual([]);
  });

  it("REP-17: gives those up whose new cell tells nothing of them", () => {
    const { follower, updates } = createFollowing();
    follower.handleMessage(1000, frameOf(1, sectionOf(0, [box(1)])));
    follower.handleMessage(1000, { type: "CellsLeft", tick: 2, cells: [0] });
    expect(follower.entityCount).toBe(1);
    updates();
    follower.handleTimeout(follower.timeoutMs!);
    follower.handleTimeout(2000);
    expect(updates()).toMatchObject([{ despawned: [entity(1)] }]);
  });

  it("has no more entities than a room can have", () => {
    const follower = createStateFollower(() => null, 2);
    follower.handleMessage(0, standardDescriptors());
    follower.handleMessage(0, frameOf(1, sectionOf(0, [box(1), box(2)])));
    expect(() => follower.handleMessage(1, frameOf(2, sectionOf(1, [box(3)])))).toThrow(/over 2 entities/);
  });
});
