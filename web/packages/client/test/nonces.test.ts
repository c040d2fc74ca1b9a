import { HANDSHAKE_NONCES_REMEMBERED, NONCE_BYTES_MAX, NONCE_BYTES_MIN } from "@theta/wire";
import { describe, expect, test } from "vitest";
import { createNonceMemory } from "../src/nonces";

function nonce(number: number): Uint8Array {
  const bytes = new Uint8Array(NONCE_BYTES_MIN);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

describe("SES-2: the room's nonces", () => {
  test.each([0, NONCE_BYTES_MIN - 1, NONCE_BYTES_MAX + 1])("of %i bytes are refused", (length) => {
    expect(() => createNonceMemory().check(new Uint8Array(length))).toThrow(/too short or long/);
  });

  test("are good once", () => {
    const memory = createNonceMemory();
    memory.check(nonce(1));
    memory.take(nonce(1));
    memory.take(nonce(2));
    expect(() => memory.take(nonce(1))).toThrow(/used before/);
  });

  test("are remembered up to a number", () => {
    const memory = createNonceMemory();
    for (let number = 0; number <= HANDSHAKE_NONCES_REMEMBERED; number += 1) memory.take(nonce(number));
    memory.take(nonce(0));
    expect(() => memory.take(nonce(2))).toThrow(/used before/);
  });
});
