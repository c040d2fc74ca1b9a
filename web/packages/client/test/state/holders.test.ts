import type { OwnershipRow } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { createHolders } from "../../src/state/holders";
import { createOwnershipView, GRABBED, ROOM } from "../../src/state/ownership";
import { entity } from "./standard-room";

const [ME, BERT] = [5n, 6n];
const ONE = entity(1);

function rowOf(id: bigint, owner: bigint, ownership: number, grip = owner === ROOM ? 0 : GRABBED): OwnershipRow {
  return { entity: id, owner, ownership, authority: 0, grip };
}

function createLooking(shown = [ONE]) {
  const ownership = createOwnershipView(ME);
  const there = new Set(shown);
  const holders = createHolders(ownership, (id) => there.has(id));
  const change = (...rows: OwnershipRow[]) => holders.handleChanged(0, { type: "OwnershipChanged", rows });
  return { ownership, holders, there, change };
}

describe("who has what", () => {
  it("REP-62: is what the room tells, and what this page wants", () => {
    const { ownership, holders, change } = createLooking();
    expect([holders.held.size, holders.revision]).toEqual([0, 0]);
    change(rowOf(ONE, BERT, 1));
    expect([holders.held.get(ONE), holders.revision]).toEqual([BERT, 1]);
    change(rowOf(ONE, BERT, 1));
    expect(holders.revision).toBe(1);
    ownership.grab(0, ONE);
    holders.look(ONE);
    expect(holders.held.get(ONE)).toBe(ME);
    holders.handleRefused(0, { type: "OwnershipRefused", ownership: 2, authority: 0, reason: "too-many", row: rowOf(ONE, BERT, 1) });
    expect(holders.held.get(ONE)).toBe(BERT);
    change(rowOf(ONE, ROOM, 2));
    expect([...holders.held]).toEqual([]);
  });

  it("is remembered of what is not here, in bounds, and not of what nobody has", () => {
    const { ownership, holders, there, change } = createLooking([]);
    const many = Array.from({ length: 1_100 }, (_, at) => rowOf(entity(at + 10), BERT, 3));
    change(...many);
    expect(holders.held.size).toBe(1_024);
    expect(holders.held.has(entity(10))).toBe(false);
    const last = entity(1_109);
    there.add(last);
    holders.handleAppeared([last]);
    change(...many.slice(0, 600));
    expect(holders.held.get(last)).toBe(BERT);
    there.delete(last);
    holders.handleDespawned(last);
    expect(holders.held.get(last)).toBe(BERT);
    change(rowOf(last, ROOM, 4));
    expect(holders.held.has(last)).toBe(false);
    expect(ownership.holding(last).ownership).toBe(0);
  });

  it("ends with the entity where this page has it, or nobody", () => {
    const { ownership, holders, there, change } = createLooking();
    ownership.grab(0, ONE);
    holders.look(ONE);
    there.clear();
    holders.handleDespawned(ONE);
    expect(holders.held.size).toBe(0);
    expect(ownership.owns(ONE)).toBe(false);
    there.add(ONE);
    change(rowOf(ONE, ROOM, 7));
    there.clear();
    holders.handleDespawned(ONE);
    expect(ownership.holding(ONE).ownership).toBe(0);
  });
});
