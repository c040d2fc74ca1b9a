/** The hashes of spec/identity.md: BLAKE2b (RFC 7693), personalised by a domain of at most 16 ASCII characters. */

import { blake2b } from "@noble/hashes/blake2.js";
import { u32Bytes, u64Bytes, viewOf } from "./bytes";

const ASCII = new TextEncoder();
const PERSONALIZATIONS = new Map<string, Uint8Array>();

function personalization(domain: string): Uint8Array {
  let bytes = PERSONALIZATIONS.get(domain);
  if (bytes === undefined) {
    bytes = new Uint8Array(16);
    bytes.set(ASCII.encode(domain));
    PERSONALIZATIONS.set(domain, bytes);
  }
  return bytes;
}

function hash(size: number, domain: string, parts: readonly Uint8Array[]): Uint8Array {
  const state = blake2b.create({ dkLen: size, personalization: personalization(domain) });
  for (const part of parts) state.update(part);
  return state.digest();
}

export function blake2b256(domain: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return hash(32, domain, parts);
}

export function blake2b128(domain: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return hash(16, domain, parts);
}

export function blake2b64(domain: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return hash(8, domain, parts);
}

/** Hashes an asset's bytes, piece by piece, to its name (AST-2). */
export function createAssetHash(): { update(bytes: Uint8Array): void; digest(): Uint8Array } {
  const state = blake2b.create({ dkLen: 32, personalization: personalization("theta-asset") });
  return {
    update: (bytes) => void state.update(bytes),
    digest: () => state.digest(),
  };
}

/** The actor of an author's key in one page load (ID-2). */
export function actorOf(publicKey: Uint8Array, instance: Uint8Array): bigint {
  return viewOf(hash(8, "theta-actor", [publicKey, instance])).getBigUint64(0, true);
}

/** The id of something that the command (actor, number) makes (ID-4). */
export function elementId(
  actor: bigint,
  number: bigint,
  role: string,
  parents: readonly Uint8Array[] = [],
  ordinal = 0,
): Uint8Array {
  const name = ASCII.encode(role);
  const length = Uint8Array.of(name.length);
  return blake2b128("theta-element", u64Bytes(actor), u64Bytes(number), length, name, u32Bytes(ordinal), ...parents);
}

/** The id of the entity that the command (actor, number) makes (ID-5). */
export function entityId(actor: bigint, number: bigint): Uint8Array {
  return elementId(actor, number, "entity");
}
