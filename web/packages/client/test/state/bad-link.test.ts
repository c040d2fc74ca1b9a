import { concat } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { createStateReceiver } from "../../src/state/receiving";
import { countOf, createBaselines, createTestRoom, createTestSession, entity, labelled } from "./room";
import { createShown } from "./shown";

describe("a room over a bad link", () => {
  const CELLS = 6;
  const TICK_MS = 33;

  /** mulberry32. */
  function createRandom(seed: number) {
    let state = seed >>> 0;
    function next(): number {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    }
    return { next, below: (count: number) => Math.floor(next() * count), chance: (share: number) => next() < share };
  }

  /** Random things happen in a room, and a page hears of them through loss, delay and duplicates. */
  function play(seed: number, ticks: number, loss: number) {
    const random = createRandom(seed);
    const room = createTestRoom();
    const session = createTestSession();
    const receiver = createStateReceiver(session);
    const shown = createShown(session);
    const baselines = createBaselines();
    const interest = new Set([0, 1, 2, 3]);
    const flying: { dueMs: number; arrive: () => void }[] = [];
    let isBad = true;
    let nextIndex = 0;
    let nowMs = 0;
    /** Reliable messages come in the order of sending. */
    let reliableMs = 0;

    function happen(): void {
      const living = room.entities;
      const cell = random.below(CELLS);
      if (living.length < 40 && random.chance(0.4) && !room.isFull(cell)) {
        room.place(entity(nextIndex++), cell, labelled(random.below(1000), "new"));
      }
      for (const id of living) {
        const values = random.chance(0.5) ? countOf(random.below(2 ** 30)) : labelled(random.below(300), `at ${room.tick}`);
        if (random.chance(0.3)) room.write(id, values);
        if (random.chance(0.04) && !room.isFull(cell)) room.place(id, cell, room.valuesOf(id));
        else if (random.chance(0.01)) room.place(id, null, countOf(0));
      }
    }

    function send(arrive: () => void): void {
      if (isBad && random.chance(loss)) return;
      const copies = isBad && random.chance(0.1) ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) flying.push({ dueMs: nowMs + (isBad ? random.below(200) : 10), arrive });
    }

    function step(isQuiet: boolean): void {
      for (const cell of interest) if (!room.hasChanged(cell, baselines.baseline(cell))) baselines.raise(cell, room.tick);
      if (!isQuiet) happen();
      const tick = room.endTick();
      if (isBad && random.chance(0.05)) changeInterest(tick);
      const cells = [...interest].filter((cell) => baselines.age(cell, tick) === 0 || room.hasChanged(cell, baselines.baseline(cell)));
      for (let first = 0; first < cells.length; first += 2) {
        const some = cells.slice(first, first + 2);
        const body = concat(...some.map((cell) => room.section(cell, baselines.age(cell, tick))));
        const message = { type: "StateFrame", sequence: baselines.send(tick, some), tick, input: 0, coded: false, body } as const;
        send(() => {
          receiver.handleFrame(nowMs, message);
          const ack = receiver.pollAck();
          if (ack !== null) send(() => baselines.handleAck(ack));
        });
      }
      nowMs += TICK_MS;
      for (const due of flying.filter(({ dueMs }) => dueMs <= nowMs).sort((one, other) => one.dueMs - other.dueMs)) {
        flying.splice(flying.indexOf(due), 1);
        due.arrive();
      }
      receiver.handleTimeout(nowMs);
      shown.drain(receiver);
    }

    function changeInterest(tick: number): void {
      const cell = random.below(CELLS);
      if (!interest.delete(cell)) {
        interest.add(cell);
        return;
      }
      baselines.leave(cell);
      reliableMs = Math.max(reliableMs, nowMs + random.below(200));
      flying.push({ dueMs: reliableMs, arrive: () => receiver.handleCellsLeft(nowMs, { type: "CellsLeft", tick, cells: [cell] }) });
    }

    for (let tick = 0; tick < ticks; tick += 1) step(false);
    isBad = false;
    for (let cell = 1; cell < CELLS; cell += 1) interest.add(cell);
    // Two seconds without anything new.
    for (let tick = 0; tick < 60; tick += 1) step(true);
    return { room, receiver, shown, interest };
  }

  it.each([
    { seed: 1, loss: 0 },
    { seed: 2, loss: 0.1 },
    { seed: 3, loss: 0.4 },
    { seed: 4, loss: 0.4 },
    { seed: 5, loss: 0.7 },
  ])("REP-16 to REP-19: shows what the room has within two seconds after it healed (seed $seed, loss $loss)", ({ seed, loss }) => {
    const { room, receiver, shown, interest } = play(seed, 400, loss);
    expect([...receiver.cells].sort()).toEqual([...interest].sort());
    const textOf = (id: bigint) =>
      new Map([...room.valuesOf(id)].map(([number, { words, objects }]) => [number, [...words, ...objects].join(" ")]));
    const near = room.entities.filter((id) => interest.has(room.cellOf(id)!));
    const wanted = new Map(near.map((id) => [id, textOf(id)]));
    expect(wanted.size).toBeGreaterThan(5);
    expect(shown.shown).toEqual(wanted);
    expect(receiver.entityCount).toBe(wanted.size);
    for (const [id, times] of shown.appeared) {
      expect(times - (shown.disappeared.get(id) ?? 0), String(id)).toBe(shown.shown.has(id) ? 1 : 0);
    }
  });

  it("says the same again for the same seed", () => {
    const runs = [play(9, 120, 0.3), play(9, 120, 0.3)].map(({ receiver, shown }) => [receiver.counts, shown.shown, shown.appeared]);
    expect(runs[0]).toEqual(runs[1]);
  });
});
