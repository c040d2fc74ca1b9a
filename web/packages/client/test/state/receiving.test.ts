import { concat, type StateFrame, u64Bytes } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { EMPTY, entityAt } from "../../src/state/cells";
import { createStateReceiver } from "../../src/state/receiving";
import { slotsOf } from "../../src/state/updates";
import { COUNT, countOf, createTestRoom, createTestSession, entity, labelled, LABEL, type TestRoom, type Values } from "./room";
import { createShown } from "./shown";
import { lanesAt } from "./vectors";

const ADA = entity(7);
const BOB = entity(8, 3);
const HANDOVER_MS = 1000;

function createScene() {
  const session = createTestSession();
  const receiver = createStateReceiver(session);
  const shown = createShown(session);
  return {
    room: createTestRoom(),
    session,
    receiver,
    shown,
    /** The first lane that is shown of an entity's count. */
    count: (id: bigint) => Number(shown.shown.get(id)!.get(COUNT)!.split(" ")[0]),
    /** Takes sections of a tick. */
    take: (tick: number, nowMs: number, ...sections: Uint8Array[]): boolean => {
      const isTaken = receiver.handleBody(nowMs, tick, concat(...sections));
      shown.drain(receiver);
      return isTaken;
    },
  };
}

/** Tick 1, in which Ada is at the first index of cell 0; the page has it. */
function createAdasScene(values = countOf(1)) {
  const scene = createScene();
  scene.room.place(ADA, 0, values);
  scene.room.endTick();
  scene.take(1, 0, scene.room.section(0, 0));
  return scene;
}

function frame(sequence: number, tick: number, ...sections: Uint8Array[]): StateFrame {
  return { type: "StateFrame", sequence, tick, input: 0, coded: false, body: concat(...sections) };
}

/** Makes a tick in which somebody has a new count. */
function step(room: TestRoom, id: bigint, value: number): number {
  room.write(id, countOf(value));
  return room.endTick();
}

describe("a page's cells", () => {
  it("REP-16: a difference is to the newest state not after its baseline", () => {
    const { room, receiver, count, take } = createAdasScene();
    step(room, ADA, 2);
    const second = room.section(0, 1);
    step(room, ADA, 3);
    take(3, 0, room.section(0, 2));
    for (let tick = 4; tick <= 10; tick += 1) room.endTick();
    // What is here of tick 3 is what was at tick 10.
    take(step(room, ADA, 11), 0, room.section(0, 1));
    expect(count(ADA)).toBe(11);
    // Tick 1 is older than the baseline that was used, and is kept no longer.
    expect(take(2, 0, second)).toBe(false);
    expect(receiver.counts).toEqual({ applied: 3, stale: 0, dropped: 1 });
  });

  it("REP-16: what comes late is kept as a baseline, but not shown", () => {
    const { room, receiver, shown, count, take } = createAdasScene();
    step(room, ADA, 20);
    const late = room.section(0, 1);
    step(room, ADA, 30);
    take(3, 0, room.section(0, 2));
    expect(receiver.handleBody(0, 2, late)).toBe(true);
    expect(shown.drain(receiver)).toBe(0);
    expect(count(ADA)).toBe(30);
    take(step(room, ADA, 40), 0, room.section(0, 2));
    expect(count(ADA)).toBe(40);
    expect(receiver.counts).toEqual({ applied: 3, stale: 1, dropped: 0 });
  });

  it("REP-16: without a baseline nothing is taken and nothing acknowledged, but of the frame's other cells", () => {
    const { room, receiver } = createScene();
    room.place(ADA, 0, countOf(1));
    room.place(BOB, 1, countOf(1));
    room.endTick();
    receiver.handleBody(0, 1, room.section(0, 0));
    room.write(BOB, countOf(2));
    step(room, ADA, 2);
    receiver.handleFrame(0, frame(1, 2, room.section(0, 1), room.section(1, 1)));
    expect(receiver.pollAck()).toBeNull();
    expect(lanesAt(createTestSession().layouts[COUNT]!, receiver.state(0).components.get(COUNT)!, 0)[0]).toBe(2n);
    expect(receiver.state(1)).toBe(EMPTY);
    expect(receiver.counts).toEqual({ applied: 2, stale: 0, dropped: 1 });
  });

  it("REP-13: sums wrap around in the lane's natural bytes", () => {
    const { room, receiver, session, take } = createScene();
    const words = [2 ** 31 - 1, -(2 ** 31), -1, -1];
    room.place(ADA, 0, new Map([[COUNT, { words, objects: [] }], [LABEL, { words: [-128], objects: ["a"] }]]));
    room.endTick();
    take(1, 0, room.section(0, 0));
    room.write(ADA, new Map([[COUNT, { words: [-(2 ** 31), 2 ** 31 - 1, 1, 0], objects: [] }], [LABEL, { words: [127], objects: ["b"] }]]));
    room.endTick();
    take(2, 0, room.section(0, 1));
    const rows = (number: number) => lanesAt(session.layouts[number]!, receiver.state(0).components.get(number)!, 0);
    expect(rows(COUNT)).toEqual([-(2n ** 31n), 2n ** 31n - 1n, 1n]);
    expect(rows(LABEL)).toEqual([127n]);
  });

  it("REP-13: a difference in fewer bytes has its sign in all of the lane's", () => {
    const { receiver, session, take } = createAdasScene(new Map([[COUNT, { words: [0, 0, 0, 1], objects: [] }]]));
    // Of the group of the wide lane one byte, of the other none: -1, from 2^32.
    take(2, 0, Uint8Array.of(0, 1, 1, (COUNT << 2) | 2, 1, 0, 0b01_00, 0xff));
    expect(lanesAt(session.layouts[COUNT]!, receiver.state(0).components.get(COUNT)!, 0)[2]).toBe(2n ** 32n - 1n);
    take(3, 0, Uint8Array.of(0, 1, 1, (COUNT << 2) | 2, 1, 0, 0b10_00, 0x00, 0x80));
    expect(lanesAt(session.layouts[COUNT]!, receiver.state(0).components.get(COUNT)!, 0)[2]).toBe(2n ** 32n - 1n - 2n ** 15n);
  });

  it("REP-12: where one comes and one leaves at an index, the one leaves first", () => {
    const { room, receiver, shown, take } = createAdasScene(labelled(1, "Ada"));
    room.place(ADA, null, countOf(0));
    room.place(BOB, 0, countOf(5));
    room.endTick();
    take(2, 0, room.section(0, 1));
    expect(entityAt(receiver.state(0).members, 0)).toBe(BOB);
    expect([...shown.shown]).toEqual([[BOB, new Map([[COUNT, "5 -5 35 1"]])]]);
  });

  it("REP-14: an object field that is not told is what it was", () => {
    const { shown, take } = createAdasScene(labelled(1, "naïve"));
    expect(shown.shown.get(ADA)!.get(LABEL)).toBe("1 naïve");
    // Number 2, a difference; of index 0; one byte for the number's group and none for the field; one more.
    take(2, 0, Uint8Array.of(0, 1, 1, (LABEL << 2) | 2, 1, 0, 0b01, 1));
    expect(shown.shown.get(ADA)!.get(LABEL)).toBe("2 naïve");
  });
});

describe("who is shown", () => {
  it("REP-17: an entity that moves appears once and disappears once", () => {
    const { room, receiver, shown, count, take } = createAdasScene();
    room.place(ADA, 1, countOf(2));
    room.endTick();
    // It leaves first; the other cell tells later.
    take(2, 0, room.section(0, 1));
    expect(receiver.timeoutMs).toBe(HANDOVER_MS);
    take(2, 500, room.section(1, 0));
    expect(receiver.timeoutMs).toBeNull();
    expect(count(ADA)).toBe(2);
    room.place(ADA, null, countOf(0));
    room.endTick();
    take(3, 600, room.section(1, 1));
    expect([shown.appeared.get(ADA), shown.disappeared.get(ADA), receiver.entityCount]).toEqual([1, 1, 0]);
  });

  it("REP-17: who goes where nobody tells of it is shown for a second", () => {
    const { room, receiver, shown, take } = createAdasScene();
    room.place(ADA, 1, countOf(1));
    room.endTick();
    take(2, 0, room.section(0, 1));
    receiver.handleTimeout(HANDOVER_MS - 1);
    expect(shown.drain(receiver)).toBe(0);
    receiver.handleTimeout(HANDOVER_MS);
    shown.drain(receiver);
    expect(shown.shown.size).toBe(0);
  });

  it("REP-17: who is told to be in no cell disappears at once", () => {
    const { shown, take } = createAdasScene();
    // A removal of number 0 at index 0, to nowhere.
    take(2, 0, Uint8Array.of(0, 1, 1, 0, 1, 0, 1));
    expect(shown.shown.size).toBe(0);
  });

  it("REP-17: who has ended does not come back, whatever comes late", () => {
    const { room, shown, take } = createAdasScene();
    room.place(ADA, 1, countOf(2));
    room.endTick();
    const late = room.section(1, 0);
    room.place(ADA, null, countOf(0));
    room.endTick();
    take(3, 0, room.section(0, 2));
    expect(shown.shown.size).toBe(0);
    take(2, 0, late);
    take(3, 0, room.section(1, 1));
    expect([shown.shown.size, shown.appeared.get(ADA), shown.disappeared.get(ADA)]).toEqual([0, 1, 1]);
  });

  it("REP-17: who has ended goes, though a cell that still had it told late of another index", () => {
    const { room, receiver, shown, count, take } = createScene();
    room.place(ADA, 1, countOf(1));
    room.endTick();
    take(1, 0, room.section(1, 0));
    room.place(BOB, 1, countOf(1));
    room.place(ADA, 0, countOf(2));
    room.endTick();
    take(2, 0, room.section(0, 0));
    // Back in cell 1, where it has another index now.
    room.place(ADA, null, countOf(3));
    room.place(entity(9), 1, countOf(9));
    room.place(ADA, 1, countOf(3));
    room.endTick();
    const late = room.section(1, 2);
    room.place(ADA, null, countOf(0));
    room.endTick();
    take(4, 0, room.section(0, 2));
    take(3, 0, late);
    expect(count(ADA)).toBe(3);
    take(4, 0, room.section(1, 1));
    expect([...shown.shown.keys()].sort()).toEqual([BOB, entity(9)].sort());
    expect(receiver.entityCount).toBe(2);
  });

  it("REP-18: cells that are left are forgotten, and what is under way of them passed over", () => {
    const { room, receiver, shown } = createScene();
    room.place(ADA, 0, countOf(1));
    room.endTick();
    const section = room.section(0, 0);
    receiver.handleFrame(0, frame(1, 1, section));
    receiver.handleCellsLeft(0, { type: "CellsLeft", tick: 5, cells: [0, 7, 0] });
    expect(receiver.cells).toEqual([]);
    receiver.handleFrame(0, frame(2, 4, section));
    expect([receiver.cells, receiver.counts.stale]).toEqual([[], 1]);
    expect(receiver.pollAck()).toEqual({ type: "StateAck", sequence: 2, received: 1n });
    receiver.handleTimeout(HANDOVER_MS);
    shown.drain(receiver);
    expect(shown.shown.size).toBe(0);
    receiver.handleFrame(0, frame(3, 6, section));
    expect(receiver.cells).toEqual([0]);
    shown.drain(receiver);
    expect(shown.appeared.get(ADA)).toBe(2);
  });

  it("REP-23: where two cells tell of one entity, the one counts to which it came later", () => {
    const { room, shown, count, take } = createAdasScene();
    step(room, ADA, 2);
    const still = room.section(0, 1);
    room.place(ADA, 1, labelled(3, "new"));
    room.endTick();
    take(3, 0, room.section(1, 0));
    expect(count(ADA)).toBe(3);
    // The cell that it has left says something older, and then that it is gone.
    take(2, 0, still);
    expect(count(ADA)).toBe(3);
    take(3, 0, room.section(0, 2));
    expect(count(ADA)).toBe(3);
    room.write(ADA, countOf(4));
    room.endTick();
    take(4, 0, room.section(1, 1));
    expect([...shown.shown]).toEqual([[ADA, new Map([[COUNT, "4 -4 28 1"]])]]);
  });
});

describe("REP-23: an entity in two cells", () => {
  /** Ada in cell 0 with a count, and in cell 1, to which she came later, with what is given. */
  function createTwo(values: Values) {
    const scene = createAdasScene();
    const other = createTestRoom();
    other.endTick();
    other.place(ADA, 1, values);
    other.endTick();
    scene.room.endTick();
    scene.take(2, 0, other.section(1, 0));
    return { ...scene, other };
  }

  it("has what changes in the one that counts, and not what changes in the other", () => {
    const { room, other, count, take } = createTwo(countOf(20));
    other.write(ADA, countOf(30));
    other.endTick();
    room.write(ADA, countOf(3));
    room.endTick();
    take(3, 0, other.section(1, 1));
    expect(count(ADA)).toBe(30);
    take(3, 0, room.section(0, 1));
    expect(count(ADA)).toBe(30);
  });

  it("has what the other has still, when the one that counts has it no more", () => {
    const { other, shown, count, take } = createTwo(labelled(20, "Ada"));
    other.write(ADA, new Map());
    other.endTick();
    take(3, 0, other.section(1, 1));
    expect(count(ADA)).toBe(1);
    expect(shown.shown.get(ADA)!.has(LABEL)).toBe(false);
  });

  it("gets a component of both from the one to which it came later", () => {
    const label = labelled(20, "later").get(LABEL)!;
    const { room, shown, take } = createTwo(new Map([[LABEL, label]]));
    room.write(ADA, labelled(5, "earlier"));
    room.endTick();
    take(3, 0, room.section(0, 1));
    expect(shown.shown.get(ADA)!.get(LABEL)).toBe("20 later");
    expect(shown.shown.get(ADA)!.get(COUNT)).toBe("5 -5 35 1");
  });
});

describe("acknowledgements", () => {
  it("REP-19: tell the newest and which of the 64 before it", () => {
    const { room, receiver } = createScene();
    room.place(ADA, 0, countOf(1));
    room.endTick();
    const section = room.section(0, 0);
    expect(receiver.pollAck()).toBeNull();
    for (const sequence of [3, 1, 70, 68, 68]) receiver.handleFrame(0, frame(sequence, sequence, section));
    expect(receiver.pollAck()).toEqual({ type: "StateAck", sequence: 70, received: 0b10n });
    expect(receiver.pollAck()).toBeNull();
    receiver.handleFrame(0, { type: "StateSection", sequence: 71, tick: 71, body: section });
    expect(receiver.pollAck()).toEqual({ type: "StateAck", sequence: 71, received: 0b101n });
    receiver.handleFrame(0, frame(75, 75, section));
    receiver.handleFrame(0, frame(12, 12, section));
    const before12 = 1n << 62n;
    expect(receiver.pollAck()).toEqual({ type: "StateAck", sequence: 75, received: 0b101_1000n | (1n << 3n) | before12 });
  });

  it("REP-19: the 64th before the newest is told, and the one before that is not", () => {
    const { receiver, room } = createAdasScene();
    for (const sequence of [70, 6, 5]) receiver.handleFrame(0, frame(sequence, sequence, room.section(0, 0)));
    expect(receiver.pollAck()).toEqual({ type: "StateAck", sequence: 70, received: 1n << 63n });
  });

  it("REP-19: a frame that comes again is acknowledged again, and changes nothing", () => {
    const { room, receiver, shown } = createScene();
    room.place(ADA, 0, countOf(1));
    room.endTick();
    receiver.handleFrame(0, frame(1, 1, room.section(0, 0)));
    shown.drain(receiver);
    const first = receiver.pollAck();
    receiver.handleFrame(0, frame(1, 1, room.section(0, 0)));
    expect(shown.drain(receiver)).toBe(0);
    expect(receiver.pollAck()).toEqual(first);
    expect(receiver.counts).toEqual({ applied: 1, stale: 0, dropped: 0 });
  });

  it("REP-19: a room that leaps ahead in its count costs nothing", () => {
    const { room, receiver } = createScene();
    room.place(ADA, 0, countOf(1));
    room.endTick();
    receiver.handleFrame(0, frame(1, 1, room.section(0, 0)));
    receiver.handleFrame(0, frame(0xffff_ffff, 2, room.section(0, 0)));
    expect(receiver.pollAck()).toEqual({ type: "StateAck", sequence: 0xffff_ffff, received: 0n });
  });
});

describe("REP-15: bytes that are no body", () => {
  /** A body that has every kind of part but one. */
  function bodies() {
    const { room, receiver, take } = createScene();
    for (let index = 0; index < 6; index += 1) room.place(entity(index), index % 2, labelled(index * 1000, `name ${index}`));
    room.endTick();
    take(1, 0, room.section(0, 0), room.section(1, 0));
    room.write(entity(2), countOf(99));
    room.write(entity(4), labelled(77, "four"));
    room.place(entity(1), null, countOf(0));
    room.place(entity(3), 0, labelled(3, "three"));
    room.place(entity(20), 1, labelled(20, "twenty"));
    room.endTick();
    return { receiver, body: concat(room.section(0, 1), room.section(1, 1)) };
  }

  it("cut off anywhere, they are refused or are fewer whole sections", () => {
    const { receiver, body } = bodies();
    const before = receiver.state(0);
    let refused = 0;
    for (let length = 1; length < body.length; length += 1) {
      try {
        createStateReceiver(createTestSession()).handleBody(0, 2, body.subarray(0, length));
      } catch (error) {
        expect(String(error)).toMatch(/^RoomFaultError: sections, byte \d+: /);
        refused += 1;
      }
    }
    expect(refused).toBe(body.length - 2);
    expect(receiver.handleBody(0, 2, body)).toBe(true);
    expect(receiver.state(0)).not.toBe(before);
  });

  it("with any byte changed, they are refused with nothing taken, or taken", () => {
    const { body } = bodies();
    let refused = 0;
    for (let at = 0; at < body.length; at += 1) {
      for (const change of [1, 0x80]) {
        const { receiver } = bodies();
        while (receiver.pollUpdate() !== null);
        const before = [receiver.state(0), receiver.state(1), receiver.entityCount, { ...receiver.counts }];
        const changed = body.slice();
        changed[at]! ^= change;
        try {
          receiver.handleBody(0, 2, changed);
        } catch (error) {
          expect((error as Error).name).toBe("RoomFaultError");
          expect([receiver.state(0), receiver.state(1), receiver.entityCount, { ...receiver.counts }]).toEqual(before);
          expect(receiver.pollUpdate()).toBeNull();
          refused += 1;
        }
      }
    }
    expect(refused).toBeGreaterThan(body.length / 2);
  });

  it("ids are read with all their bits", () => {
    const { receiver, room } = createScene();
    const far = (0xffff_ffffn << 32n) | 0xffff_fffen;
    room.place(far, 0, countOf(1));
    room.endTick();
    receiver.handleBody(0, 1, room.section(0, 0));
    const { members } = receiver.state(0);
    expect(entityAt(members, 0)).toBe(far);
    expect(new Uint8Array(members.words.buffer, 0, 8)).toEqual(u64Bytes(far));
    const { spawned, written } = receiver.pollUpdate()!;
    expect(spawned).toEqual([far]);
    expect([...written[0]!.entities, ...slotsOf(written[0]!.entities)]).toEqual([far, 0xffff_fffe]);
  });
});
