/** SipHash-2-4 (Aumasson and Bernstein, 2012) under the project's key: what names are told by (ID-6). */

import { concat, viewOf } from "./bytes";

const KEY = concat(new TextEncoder().encode("theta names v1"), new Uint8Array(2));
const MASK = 0xffff_ffff_ffff_ffffn;

/** The SipHash-2-4 of a canonical name, as a u64. */
export function nameId(canonicalName: string): bigint {
  const name = new TextEncoder().encode(canonicalName);
  const key = viewOf(KEY);
  const [k0, k1] = [key.getBigUint64(0, true), key.getBigUint64(8, true)];
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;

  function rounds(count: number): void {
    for (let each = 0; each < count; each += 1) {
      v0 = (v0 + v1) & MASK;
      v1 = rotated(v1, 13n) ^ v0;
      v0 = rotated(v0, 32n);
      v2 = (v2 + v3) & MASK;
      v3 = rotated(v3, 16n) ^ v2;
      v0 = (v0 + v3) & MASK;
      v3 = rotated(v3, 21n) ^ v0;
      v2 = (v2 + v1) & MASK;
      v1 = rotated(v1, 17n) ^ v2;
      v2 = rotated(v2, 32n);
    }
  }

  // Whole words; the last one ends with the length.
  const padded = new Uint8Array(8 * (Math.floor(name.length / 8) + 1));
  padded.set(name);
  padded[padded.length - 1] = name.length & 0xff;
  const words = viewOf(padded);
  for (let at = 0; at < padded.length; at += 8) {
    const word = words.getBigUint64(at, true);
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  v2 ^= 0xffn;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

function rotated(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}
