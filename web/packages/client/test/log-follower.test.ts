import { fromHex, toHex, WireError } from "@theta/wire";
import { describe, expect, it } from "vitest";
import log from "../../../../spec/vectors/log.json";
import { createDocumentStore } from "../src/document-store";
import { createSignatureChecker } from "../src/identity";
import { createLogFollower } from "../src/log-follower";
import { until } from "./environment";

const records = log.records.map(({ kind, body }) => ({ kind, body: fromHex(body) }));
const packets = records.filter(({ kind }) => kind === 2).length;

function createFollower() {
  const follower = createLogFollower(createSignatureChecker(), () => undefined);
  const room = { roomKey: fromHex(log.room_key), server: fromHex(log.server), room: fromHex(log.room) };
  follower.enter(room, new Uint8Array(16));
  return follower;
}

describe("following the log of the vectors", () => {
  it("LOG-2, LOG-4, CMD-4: reaches the same chain, with every signature right by the keys in the log", async () => {
    const follower = createFollower();
    follower.take(1n, records);
    expect(follower.seq).toBe(BigInt(records.length));
    expect(toHex(follower.chain)).toBe(log.head_chain);
    await until(() => follower.verified === packets);
    expect([follower.failed, follower.unknown]).toEqual([0, 0]);
  });

  it("CMD-5: ticks above every Lamport time in it", () => {
    const [follower, fresh] = [createFollower(), createFollower()];
    follower.take(1n, records);
    expect(follower.tick()).toBeGreaterThan(BigInt(packets));
    expect(fresh.tick()).toBe(1n);
  });

  it("takes records piecemeal and repeated to the same end", () => {
    const follower = createFollower();
    records.forEach((_, index) => {
      follower.take(BigInt(Math.max(1, index - 1)), records.slice(Math.max(0, index - 2), index + 1));
      expect(toHex(follower.chain)).toBe(log.records[index]!.chain);
    });
  });

  it("counts a wrong signature, and says which record cannot be read", async () => {
    const index = records.findIndex(({ kind }) => kind === 2);
    const forged = records.map((record, at) => (at === index ? { ...record, body: flipSignature(record.body) } : record));
    const follower = createFollower();
    follower.take(1n, forged);
    await until(() => follower.failed === 1 && follower.verified === packets - 1);
    const other = createFollower();
    expect(() => {
      other.take(1n, [{ kind: 2, body: Uint8Array.of(0xc0) }]);
    }).toThrow(WireError);
    expect(other.seq).toBe(0n);
  });

  it("DOC-2: the document at its end has the hash that the log names", () => {
    const store = createDocumentStore();
    store.apply(
      log.document.map(({ entity, components }) => ({
        entity: fromHex(entity),
        removed: false,
        components: components.map(({ component, data }) => ({ component: BigInt(component), data: fromHex(data) })),
      })),
    );
    expect(toHex(store.hash)).toBe(log.document_hash);
    for (const { mesh, transform, owner } of store.entities.values()) {
      expect([mesh, transform, owner].every((part) => part !== null)).toBe(true);
    }
  });
});

/** A packet record with one bit of its signature wrong: found by the MessagePack header of 64 bytes. */
function flipSignature(body: Uint8Array): Uint8Array {
  const at = body.findIndex((byte, index) => byte === 0xc4 && body[index + 1] === 64);
  const flipped = body.slice();
  flipped[at + 2]! ^= 1;
  return flipped;
}
