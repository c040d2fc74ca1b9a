import { equalBytes, toHex } from "@theta/wire";
import { expect, it } from "vitest";
import { cellDigests, createHashRound } from "../../src/state/cell-hashes";
import { createStateReceiver } from "../../src/state/receiving";
import { COUNT, createTestRoom, createTestSession, entity, LABEL, labelled } from "./room";

function createScene(cells: number) {
  const session = createTestSession();
  const receiver = createStateReceiver(session);
  const room = createTestRoom();
  for (let cell = 0; cell < cells; cell += 1) room.place(entity(cell), cell, labelled(cell, `cell ${cell}`));
  room.endTick();
  for (let cell = 0; cell < cells; cell += 1) receiver.handleBody(0, 1, room.section(cell, 0));
  return { session, receiver, room };
}

it("REP-24: a cell's hashes are of its newest state, by number ascending", () => {
  const { session, receiver, room } = createScene(3);
  room.write(entity(2), labelled(70, "changed"));
  room.endTick();
  receiver.handleBody(0, 2, room.section(2, 1));
  const { hashes } = createHashRound(session, receiver).hashes();
  expect(hashes.map(({ cell, tick }) => [cell, tick])).toEqual([[0, 1], [1, 1], [2, 2]]);
  const digests = cellDigests(session.layouts, receiver.state(2));
  expect([...digests.keys()]).toEqual([0, COUNT, LABEL]);
  const told = [...digests].map(([number, digest]) => `${number.toString(16).padStart(2, "0")}00${toHex(digest)}`);
  expect(toHex(hashes[2]!.digests)).toBe(told.join(""));
});

it("REP-24: a number, a text, who has it and who is there each change a hash", () => {
  const { session, receiver } = createScene(1);
  const state = receiver.state(0);
  const rows = { count: state.components.get(COUNT)!, label: state.components.get(LABEL)! };
  const whole = cellDigests(session.layouts, state);
  function differing(changed: Partial<typeof state>): number[] {
    const found = cellDigests(session.layouts, { ...state, ...changed });
    return [...whole.keys()].filter((number) => !equalBytes(whole.get(number)!, found.get(number)!));
  }
  const withRows = (number: number, change: object) => ({
    components: new Map([...state.components, [number, { ...state.components.get(number)!, ...change }]]),
  });
  expect(differing(withRows(COUNT, { words: rows.count.words.with(3, 1) }))).toEqual([COUNT]);
  expect(differing(withRows(LABEL, { objects: [rows.label.objects[0]!.with(0, Uint8Array.of(1))] }))).toEqual([LABEL]);
  expect(differing(withRows(LABEL, { present: 3 }))).toEqual([LABEL]);
  expect(differing({ members: { ...state.members, words: state.members.words.with(5, 1) } })).toEqual([0]);
  expect(differing({ tick: 99 })).toEqual([]);
});

it("REP-24: every cell has its turn", () => {
  const { session, receiver } = createScene(20);
  const round = createHashRound(session, receiver);
  const seen = [1, 2, 3].flatMap(() => round.hashes().hashes.map(({ cell }) => cell));
  expect(seen).toEqual([...Array(20).keys(), 0, 1, 2, 3]);
  expect(round.hashes(1).hashes.map(({ cell }) => cell)).toEqual([4]);
});

it("REP-24: without cells there is nothing to tell", () => {
  const { session, receiver } = createScene(0);
  expect(createHashRound(session, receiver).hashes()).toEqual({ type: "CellHashes", hashes: [] });
});
