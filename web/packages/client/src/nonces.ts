/** The room's nonces of earlier handshakes: long enough, and never the same one twice (SES-2). */

import { HANDSHAKE_NONCES_REMEMBERED, NONCE_BYTES_MAX, NONCE_BYTES_MIN, toHex } from "@theta/wire";
import { RoomFaultError } from "./errors";

export interface NonceMemory {
  /** Throws `RoomFaultError` for a nonce that is too short or long. */
  check(nonce: Uint8Array): void;
  /** Remembers one that has proved to be the room's. Throws `RoomFaultError` for one that came before. */
  take(nonce: Uint8Array): void;
}

/** Remembers the latest HANDSHAKE_NONCES_REMEMBERED. */
export function createNonceMemory(): NonceMemory {
  const taken = new Set<string>();
  return {
    check({ length }) {
      if (length < NONCE_BYTES_MIN || length > NONCE_BYTES_MAX) throw new RoomFaultError("the room's nonce is too short or long");
    },
    take(nonce) {
      const name = toHex(nonce);
      if (taken.has(name)) throw new RoomFaultError("the room's nonce was used before");
      taken.add(name);
      const [oldest] = taken;
      if (taken.size > HANDSHAKE_NONCES_REMEMBERED && oldest !== undefined) taken.delete(oldest);
    },
  };
}
