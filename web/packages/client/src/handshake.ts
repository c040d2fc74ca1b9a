/** The page's side of the handshake (SES-1 … SES-8, SES-13): hello out, challenge in, proof out, acknowledgement in. */

import {
  blake2b128,
  challengeDigest,
  encodeMessage,
  equalBytes,
  proofDigest,
  PROTOCOL_HASH,
  PROTOCOL_VERSION,
  SOFTWARE_VERSION,
  fromHex,
  type SessionAcknowledge,
  type SessionChallenge,
} from "@theta/wire";
import { RoomChangedError, RoomFaultError, WrongRoomError } from "./errors";
import type { CheckSignature, Identity } from "./identity";
import { isInviteTo, roomOfInvite } from "./link";
import type { RoomIdentity } from "./log-follower";
import type { NonceMemory } from "./nonces";
import { STATE_CAPABILITY } from "./room-state";

/** The page takes patches: twenty topology operations bit-identical in two languages would double the hardest work. */
const CAPABILITIES = ["patches", "presence", "chat", STATE_CAPABILITY];

/** The session to take up again. */
export interface Resumption {
  readonly session: Uint8Array;
  readonly token: Uint8Array;
}

export interface HandshakeTerms {
  readonly identity: Identity;
  readonly name: string;
  readonly invite: string;
  readonly resumption: Resumption | null;
  /** The last record applied. */
  readonly lastSeq: bigint;
  /** The room that this page was in; it must be the same again. */
  readonly expectedRoom: RoomIdentity | null;
  /** The room's, of earlier handshakes. */
  readonly nonces: NonceMemory;
  /** 32 random bytes. */
  readonly clientNonce: Uint8Array;
  /** Of compression. */
  readonly capabilities: readonly string[];
  readonly check: CheckSignature;
}

export interface Handshake {
  readonly hello: Uint8Array;
  /** The frame to answer with. Throws `RoomFaultError`; `RoomChangedError` or `WrongRoomError` when it is another room. */
  prove(challenge: SessionChallenge, frame: Uint8Array): Promise<Uint8Array>;
  /** The room's identity, now that the session stands. Throws `RoomFaultError`. */
  finish(acknowledge: SessionAcknowledge): RoomIdentity;
}

export function createHandshake(terms: HandshakeTerms): Handshake {
  const { identity, resumption } = terms;
  let state: "hello" | "proving" | "proved" | "done" = "hello";
  let room: RoomIdentity | null = null;

  const hello = encodeMessage({
    type: "SessionHello",
    protocolVersion: PROTOCOL_VERSION,
    protocolHash: fromHex(PROTOCOL_HASH),
    clientNonce: terms.clientNonce,
    publicKey: identity.publicKey,
    instance: identity.instance,
    name: terms.name,
    capabilities: [...CAPABILITIES, ...terms.capabilities],
    resumeSession: resumption?.session ?? new Uint8Array(),
    resumeToken: resumption?.token ?? new Uint8Array(),
    lastSeq: terms.lastSeq,
    heartbeatMs: 0,
    software: SOFTWARE_VERSION,
  });

  return {
    hello,
    async prove(challenge, frame) {
      if (state !== "hello") throw new RoomFaultError("a second challenge");
      state = "proving";
      terms.nonces.check(challenge.serverNonce);
      if (!(await terms.check(challenge.roomKey, challengeDigest(hello, challenge), challenge.signature))) {
        throw new RoomFaultError("the room did not prove its key", 4401);
      }
      if (!equalBytes(challenge.room, blake2b128("theta-room", challenge.roomKey))) {
        throw new RoomFaultError("the room goes by an id that is not its key's", 4401);
      }
      checkSameRoom(terms.expectedRoom, challenge);
      const isReadable = roomOfInvite(terms.invite) !== null;
      if (isReadable && !isInviteTo(terms.invite, challenge.room)) {
        throw new WrongRoomError("another room answers here than the link is for; it was not shown the invite");
      }
      terms.nonces.take(challenge.serverNonce);
      room = { roomKey: challenge.roomKey.slice(), server: challenge.server.slice(), room: challenge.room.slice() };
      const signature = await identity.sign(proofDigest(hello, frame));
      state = "proved";
      // An invite that names no room could end up anywhere.
      return encodeMessage({ type: "SessionProof", signature, invite: isReadable ? terms.invite : "" });
    },
    finish(acknowledge) {
      if (state !== "proved" || room === null) throw new RoomFaultError("an acknowledgement before the proof");
      if (acknowledge.actor !== identity.actor) throw new RoomFaultError("the room takes this page for another actor");
      state = "done";
      return room;
    },
  };
}

function checkSameRoom(expected: RoomIdentity | null, { roomKey, server, room }: SessionChallenge): void {
  if (expected === null) return;
  const isSame =
    equalBytes(expected.roomKey, roomKey) && equalBytes(expected.server, server) && equalBytes(expected.room, room);
  if (!isSame) throw new RoomChangedError("another room answers at this address");
}
