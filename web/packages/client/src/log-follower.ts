/**
 * Where this page stands in the log: record, chain hash, Lamport clock, the latest gestures' places, and whose packets
 * were rightly signed.
 *
 * Signatures are checked as a courtesy: they detect a broken transfer, not a lying host, and never hold anything up.
 */

import {
  chainAfter,
  decodePart,
  type LogRecord,
  packetBody,
  packetDigest,
  type PacketRecord,
  packetRecord,
  RECORD_PACKET,
  RECORD_SESSION,
  signed,
  sessionRecord,
  sessionRecordDigest,
  toHex,
} from "@theta/wire";
import type { CheckSignature } from "./identity";
import type { CommandName } from "./types";

export interface RoomIdentity {
  readonly roomKey: Uint8Array;
  readonly server: Uint8Array;
  readonly room: Uint8Array;
}

/** Where in the log a gesture began: the record, and the Lamport time of the first command of it that came by. */
export interface GesturePlace {
  readonly seq: bigint;
  readonly lamport: bigint;
}

/** So many gestures' places are remembered. */
const GESTURES_REMEMBERED = 4096;
/** So many packets wait for who their actor is: on a lane of their own they may overtake the roster. */
const UNCHECKED_MAX = 64;

export interface LogFollower {
  readonly seq: bigint;
  readonly chain: Uint8Array;
  readonly verified: number;
  readonly failed: number;
  readonly unknown: number;
  /** Null when it is too long ago, or has not come by. */
  placeOf(gesture: CommandName): GesturePlace | null;
  /** One above everything witnessed. */
  tick(): bigint;
  witness(lamport: bigint): void;
  /** The document came whole, at this record. */
  jump(seq: bigint, chain: Uint8Array): void;
  /** Takes the records that follow; those taken before are skipped. Throws `WireError` when one can't be read. */
  take(firstSeq: bigint, records: readonly LogRecord[]): void;
  /** Somebody is known to speak as `actor`. */
  introduce(actor: bigint, author: Uint8Array): void;
  enter(room: RoomIdentity, session: Uint8Array): void;
}

export function createLogFollower(check: CheckSignature, counted: () => void): LogFollower {
  const authors = new Map<bigint, Uint8Array>();
  const places = new Map<string, GesturePlace>();
  let room: RoomIdentity | null = null;
  let ownSession = "";
  let seq = 0n;
  let chain: Uint8Array = new Uint8Array(32);
  let lamport = 0n;
  let verified = 0;
  let failed = 0;
  let unknown = 0;
  let unchecked: PacketRecord[] = [];

  function witness(value: bigint): void {
    if (value > lamport) lamport = value;
  }

  function count(isRight: boolean): void {
    if (isRight) verified += 1;
    else failed += 1;
    counted();
  }

  function takeSession(body: Uint8Array): void {
    const { content, signature } = decodePart(signed, body, "record");
    const session = decodePart(sessionRecord, content, "session record");
    authors.set(session.actor, session.author.slice());
    if (room === null) return;
    const digest = sessionRecordDigest(room.server, room.room, content);
    void check(room.roomKey, digest, signature).then((isRight) => {
      if (!isRight) count(false);
    });
  }

  function takePacket(body: Uint8Array, at: bigint): void {
    const packet = decodePart(packetRecord, body, "packet record");
    for (const { lamport: time, gesture } of decodePart(packetBody, packet.body, "packet").commands) {
      witness(time);
      const name = `${packet.actor} ${gesture}`;
      if (!places.has(name)) places.set(name, { seq: at, lamport: time });
    }
    for (const name of places.keys()) {
      if (places.size <= GESTURES_REMEMBERED) break;
      places.delete(name);
    }
    if (toHex(packet.session) === ownSession) return;
    if (authors.has(packet.actor)) {
      checkPacket(packet);
      return;
    }
    unknown += 1;
    // A copy, because it outlives its frame.
    if (unchecked.length < UNCHECKED_MAX) unchecked.push(decodePart(packetRecord, body.slice(), "packet record"));
    counted();
  }

  function checkPacket(packet: PacketRecord): void {
    const author = authors.get(packet.actor);
    if (author === undefined || room === null) return;
    const { session, actor, branch } = packet;
    const domain = { server: room.server, room: room.room, branch, session, actor };
    const digest = packetDigest(domain, packet.nonce, packet.seen, packet.chain, packet.body);
    void check(author, digest, packet.signature).then(count);
  }

  return {
    get seq() {
      return seq;
    },
    get chain() {
      return chain;
    },
    get verified() {
      return verified;
    },
    get failed() {
      return failed;
    },
    get unknown() {
      return unknown;
    },
    placeOf: ({ actor, number }) => places.get(`${actor} ${number}`) ?? null,
    tick() {
      lamport += 1n;
      return lamport;
    },
    witness,
    jump(toSeq, toChain) {
      if (toSeq === 0n) places.clear();
      seq = toSeq;
      // A copy, because it outlives its frame.
      chain = toChain.slice();
    },
    take(firstSeq, records) {
      records.forEach(({ kind, body }, index) => {
        const at = firstSeq + BigInt(index);
        if (at <= seq) return;
        if (kind === RECORD_SESSION) takeSession(body);
        else if (kind === RECORD_PACKET) takePacket(body, at);
        chain = chainAfter(chain, at, kind, body);
        seq = at;
      });
    },
    introduce(actor, author) {
      authors.set(actor, author.slice());
      const known = unchecked.filter((packet) => packet.actor === actor);
      if (known.length === 0) return;
      unchecked = unchecked.filter((packet) => packet.actor !== actor);
      unknown -= known.length;
      for (const packet of known) checkPacket(packet);
    },
    enter(entered, session) {
      room = entered;
      ownSession = toHex(session);
      unchecked = [];
    },
  };
}
