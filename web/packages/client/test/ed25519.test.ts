import { fromHex, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import vectors from "../../../../spec/vectors/ed25519.json";
import { isKeyPoint, isSignatureForm } from "../src/ed25519";
import { createSignatureChecker } from "../src/identity";

/** RFC 8032, 7.1, test 3. */
const KEY = fromHex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
const MESSAGE = fromHex("af82");
const SIGNATURE = fromHex(
  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
);
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

function valueOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}

/** The points whose order divides 8, as small-order keys are listed everywhere. */
const SMALL = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
].map(fromHex);

describe("strict signatures", () => {
  it.each(vectors.cases)("as the vectors say: $title", async ({ public_key, message, signature, valid }) => {
    expect(await createSignatureChecker()(fromHex(public_key), fromHex(message), fromHex(signature))).toBe(valid);
  });

  it("takes a key and a signature of RFC 8032", async () => {
    expect(isKeyPoint(KEY)).toBe(true);
    expect(isSignatureForm(SIGNATURE)).toBe(true);
    expect(await createSignatureChecker()(KEY, MESSAGE, SIGNATURE)).toBe(true);
  });

  it("takes every key that this browser makes", async () => {
    for (let count = 0; count < 5; count += 1) {
      const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
      expect(isKeyPoint(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)))).toBe(true);
    }
  });

  it("refuses points of small order, as key and as R", () => {
    for (const point of SMALL) {
      expect(isKeyPoint(point)).toBe(false);
      expect(isSignatureForm(Uint8Array.of(...point, ...SIGNATURE.subarray(32)))).toBe(false);
    }
  });

  it("refuses S at or above the order, for the same R and message too", async () => {
    for (const s of [L, valueOf(SIGNATURE.subarray(32)) + L]) {
      const forged = Uint8Array.of(...SIGNATURE.subarray(0, 32), ...bytesOf(s));
      expect(isSignatureForm(forged)).toBe(false);
      expect(await createSignatureChecker()(KEY, MESSAGE, forged)).toBe(false);
    }
  });

  it("refuses encodings that are not canonical, and what is no point", () => {
    for (const y of [P, P + 1n, P + 3n, 2n ** 255n - 1n]) {
      expect(isKeyPoint(bytesOf(y))).toBe(false);
      expect(isSignatureForm(Uint8Array.of(...bytesOf(y), ...SIGNATURE.subarray(32)))).toBe(false);
    }
    expect(isKeyPoint(bytesOf(2n))).toBe(false);
    for (const y of [1n, P - 1n]) {
      expect(isKeyPoint(bytesOf(y | (1n << 255n)))).toBe(false);
      expect(isSignatureForm(Uint8Array.of(...bytesOf(y | (1n << 255n)), ...SIGNATURE.subarray(32)))).toBe(false);
    }
  });

  it("refuses keys and signatures that are empty, cut short or too long", () => {
    for (const length of [0, 31, 33]) expect(isKeyPoint(new Uint8Array(length).fill(9))).toBe(false);
    for (const length of [0, 63, 65]) expect(isSignatureForm(new Uint8Array(length).fill(1))).toBe(false);
  });
});
