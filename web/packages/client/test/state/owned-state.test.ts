import { OWNED_BODY_BYTES_MAX, OWNED_ROWS_MAX, type OwnedState, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { InvalidOperationError } from "../../src/errors";
import { createOwnedStateSender } from "../../src/state/owned-state";
import { createStateReceiver } from "../../src/state/receiving";
import type { Written } from "../../src/state/updates";
import { COUNT, createTestSession, entity, LABEL } from "./room";
import { createShown } from "./shown";

const UTF8 = new TextEncoder();

function counts(entities: readonly bigint[]): Written {
  const words = Int32Array.from(entities.flatMap((_, row) => [row, -row, row * 1000, 0]));
  return { number: COUNT, rows: entities.length, entities: BigUint64Array.from(entities), words, objects: [] };
}

function labels(entities: readonly bigint[], text: string): Written {
  const words = Int32Array.from(entities, (_, row) => (row << 24) >> 24);
  const objects = [entities.map(() => UTF8.encode(text))];
  return { number: LABEL, rows: entities.length, entities: BigUint64Array.from(entities), words, objects };
}

/** What whoever reads a message finds in it: its entities in order, and what they have. */
function read({ body, ownerships }: OwnedState) {
  const session = createTestSession();
  const receiver = createStateReceiver(session);
  const shown = createShown(session);
  receiver.handleBody(0, 1, body);
  shown.drain(receiver);
  expect(receiver.cells).toEqual(receiver.cells.map((_, at) => at));
  return { shown: shown.shown, ownerships: [...new Uint32Array(ownerships.slice().buffer)] };
}

function owned(count: number): bigint[] {
  return Array.from({ length: count }, (_, at) => entity(at * 3, 1 + (at % 4)));
}

describe("what a page sends of what it owns", () => {
  it("REP-66: tells ids, ownerships and values, and those without values", () => {
    const sender = createOwnedStateSender(createTestSession());
    const entities = owned(20);
    const moved = entities.filter((_, at) => at % 2 === 0);
    const written = [labels(entities.slice(3, 5), "mine"), counts(moved)];
    const [message, ...more] = sender.messages(250, 7, BigUint64Array.from(entities), Uint32Array.from(entities, (_, at) => at + 5), written);
    expect([message!.tick, message!.sequence, more.length]).toEqual([7, 1, 0]);
    const { shown, ownerships } = read(message!);
    expect([...shown.keys()]).toEqual(entities);
    expect(ownerships).toEqual(entities.map((_, at) => at + 5));
    entities.forEach((id, at) => {
      const row = at / 2;
      expect(shown.get(id)!.get(COUNT)).toBe(at % 2 === 0 ? `${row} ${-row} ${row * 1000} 0` : undefined);
      expect(shown.get(id)!.get(LABEL)).toBe(at === 3 || at === 4 ? `${at - 3} mine` : undefined);
    });
  });

  it("REP-66: as Python writes it", () => {
    const sender = createOwnedStateSender(createTestSession());
    const ids = [entity(3), entity(9, 2)];
    const [message] = sender.messages(250, 1, BigUint64Array.from(ids), Uint32Array.of(1, 2), [counts(ids), labels(ids.slice(1), "hi")]);
    expect(toHex(message!.body)).toBe(
      "000003" +
        "0103000f" + "0300000001000000" + "0900000002000000" +
        "0503000f" + "00000000000000000000000000000000" + "01000000ffffffffe803000000000000" +
        "0902000d" + "00" + "026869",
    );
    expect(toHex(message!.ownerships)).toBe("0100000002000000");
  });

  it("REP-66: in as many messages as it takes for each to be a datagram, each entity once", () => {
    const sender = createOwnedStateSender(createTestSession());
    const entities = owned(100);
    const all = BigUint64Array.from(entities);
    const stamps = new Uint32Array(100);
    const messages = sender.messages(250, 1, all, stamps, [counts(entities), labels(entities, "a name of 20 letters")]);
    expect(messages.length).toBeGreaterThan(100 / OWNED_ROWS_MAX);
    for (const { body, ownerships } of messages) {
      expect(body.length).toBeLessThanOrEqual(OWNED_BODY_BYTES_MAX);
      expect(ownerships.length).toBeLessThanOrEqual(4 * OWNED_ROWS_MAX);
    }
    expect(messages.flatMap((message) => [...read(message).shown.keys()])).toEqual(entities);
    expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, at) => at + 1));
    expect(sender.messages(250, 2, all.slice(0, 1), stamps.slice(0, 1), [])[0]!.sequence).toBe(messages.length + 1);
    expect(sender.timeoutMs).toBe(1250);
    expect(sender.messages(250, 3, all.slice(0, 0), stamps.slice(0, 0), [])).toEqual([]);
    expect(sender.timeoutMs).toBeNull();
  });

  it("REP-66: what fits in no datagram is refused, and no number is spent", () => {
    const sender = createOwnedStateSender(createTestSession());
    const [id] = owned(1);
    const one = BigUint64Array.of(id!);
    const huge = labels([id!], "x".repeat(OWNED_BODY_BYTES_MAX));
    expect(() => sender.messages(250, 1, one, Uint32Array.of(1), [huge])).toThrow(InvalidOperationError);
    expect(sender.messages(250, 1, one, Uint32Array.of(1), [])[0]!.sequence).toBe(1);
  });
});
