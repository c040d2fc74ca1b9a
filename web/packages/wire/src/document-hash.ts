/** The document hash: a sum, so that a change to one component costs one hash. */

import { u64Bytes, viewOf } from "./bytes";
import { blake2b128 } from "./hashes";

const MODULUS_MASK = (1n << 128n) - 1n;
const U64_MASK = (1n << 64n) - 1n;

/** What one component adds to the sum; `entity` is 16 bytes, `data` its canonical bytes. */
export function componentTerm(entity: Uint8Array, component: bigint, data: Uint8Array): bigint {
  const view = viewOf(blake2b128("theta-document", entity, u64Bytes(component), data));
  return view.getBigUint64(0, true) | (view.getBigUint64(8, true) << 64n);
}

/** The sum after one term was taken out and another put in (0n for none). */
export function replaceTerm(sum: bigint, out: bigint, into: bigint): bigint {
  return (sum - out + into) & MODULUS_MASK;
}

/** The sum as the 16 bytes that messages hold. */
export function sumBytes(sum: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = viewOf(bytes);
  view.setBigUint64(0, sum & U64_MASK, true);
  view.setBigUint64(8, sum >> 64n, true);
  return bytes;
}
