/** What the signatures of the protocol cover, and the chain that binds the log's records. */

import { u64Bytes } from "./bytes";
import type { SessionChallenge } from "./generated";
import { blake2b256 } from "./hashes";

/** The chain before the first record. */
export const CHAIN_START = new Uint8Array(32);
/** The branch that every room begins with. */
export const MAIN_BRANCH = new Uint8Array(16);

/** The 32 bytes that the room signs in its challenge; `hello` is the frame as sent. */
export function challengeDigest(hello: Uint8Array, challenge: Omit<SessionChallenge, "type" | "signature">): Uint8Array {
  const { serverNonce, roomKey, server, room } = challenge;
  return blake2b256("theta-challenge", hello, serverNonce, roomKey, server, room);
}

/** The 32 bytes that a participant signs to prove its key; both are frames as sent. */
export function proofDigest(hello: Uint8Array, challenge: Uint8Array): Uint8Array {
  return blake2b256("theta-proof", hello, challenge);
}

/** Where a packet is valid and nowhere else. */
export interface SigningDomain {
  readonly server: Uint8Array;
  readonly room: Uint8Array;
  readonly branch: Uint8Array;
  readonly session: Uint8Array;
  readonly actor: bigint;
}

/** The 32 bytes that a packet's one signature covers (CMD-4). */
export function packetDigest(
  domain: SigningDomain,
  nonce: bigint,
  seen: bigint,
  chain: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  return blake2b256(
    "theta-packet",
    domain.server,
    domain.room,
    domain.branch,
    domain.session,
    u64Bytes(domain.actor),
    u64Bytes(nonce),
    u64Bytes(seen),
    chain,
    body,
  );
}

/** The chain hash at record `seq`, from the one before (LOG-2). */
export function chainAfter(chain: Uint8Array, seq: bigint, kind: number, body: Uint8Array): Uint8Array {
  return blake2b256("theta-chain", chain, u64Bytes(seq), Uint8Array.of(kind), body);
}

/** The 32 bytes that the room signs in a session record (LOG-4). */
export function sessionRecordDigest(server: Uint8Array, room: Uint8Array, content: Uint8Array): Uint8Array {
  return blake2b256("theta-session", server, room, content);
}
