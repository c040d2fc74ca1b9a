/** A room that does as it is scripted: real handshake, real chain and hashes, and no rules of its own. */

import { createMemoryTransport, type Lane, LANES, type OpenTransport, type Transport } from "@theta/transport";
import {
  actorOf,
  blake2b128,
  CHAIN_START,
  chainAfter,
  challengeDigest,
  decodeFromParticipant,
  decodePart,
  encodeMessage,
  encodePart,
  equalBytes,
  type FromParticipant,
  type FromRoom,
  headRecord,
  type LogRecord,
  MAIN_BRANCH,
  MESSAGE_LANES,
  packetBody,
  type PacketBody,
  packetDigest,
  packetRecord,
  proofDigest,
  RECORD_HEAD,
  RECORD_PACKET,
  type SessionAcknowledge,
  type SessionHello,
  type SubmitPacket,
  type UnitPatch,
} from "@theta/wire";
import { createDocumentStore } from "../src/document-store";
import { rest, type TestEnvironment, until } from "./environment";

const ED25519 = "Ed25519";

/** An editor's invite to a room; nobody here checks its MAC. */
export function inviteTo(room: Uint8Array): string {
  const bytes = Uint8Array.of(2, 1, ...new Uint8Array(16).fill(0xdd), ...room);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export interface FakeRoomScript {
  /** Closes instead of acknowledging. */
  refuse?: { code: number; reason: string } | null;
  resumes?: boolean;
  switches?: boolean;
  /** Whether a joiner is sent the document at once. */
  sendsDocument?: boolean;
  lamport?: bigint;
  heartbeatMs?: number;
  signsFalsely?: boolean;
  /** What it agrees to, instead of all that the page offers. */
  capabilities?: readonly string[];
  /** The room id that it claims, instead of its own. */
  borrowedId?: Uint8Array;
}

type Message<Type extends FromParticipant["type"]> = Extract<FromParticipant, { type: Type }>;

export type FakeRoom = Awaited<ReturnType<typeof createFakeRoom>>;

export async function createFakeRoom(environment: TestEnvironment) {
  const key = (await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"]));
  const roomKey = new Uint8Array(await crypto.subtle.exportKey("raw", key.publicKey));
  const serverId = blake2b128("theta-server", roomKey);
  const roomId = blake2b128("theta-room", roomKey);
  const script: FakeRoomScript = {};
  const store = createDocumentStore();
  const received: FromParticipant[] = [];
  const closes: { code: number; reason: string }[] = [];
  const units: UnitPatch[] = [];
  let isReachable = true;
  let connections = 0;
  let peer: Transport | null = null;
  let helloFrame = new Uint8Array();
  let challengeFrame = new Uint8Array();
  let sessions = 0;
  let session = new Uint8Array(16);
  let branch: Uint8Array = MAIN_BRANCH;
  let seq = 3n;
  let challenges = 8;
  let chain: Uint8Array = CHAIN_START.slice().fill(7);

  async function signed(digest: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign(ED25519, key.privateKey, new Uint8Array(digest)));
  }

  function send(message: FromRoom): void {
    peer?.send(LANES[MESSAGE_LANES[message.type]]!, encodeMessage(message));
  }

  async function challenge(frame: Uint8Array): Promise<void> {
    helloFrame = frame.slice();
    const room = script.borrowedId ?? roomId;
    challenges += 1;
    const words = { serverNonce: new Uint8Array(32).fill(challenges), roomKey, server: serverId, room };
    const signature = await signed(challengeDigest(helloFrame, words));
    if (script.signsFalsely === true) signature[0]! ^= 1;
    const message = { type: "SessionChallenge", ...words, signature } as const;
    challengeFrame = encodeMessage(message);
    send(message);
  }

  async function acknowledge(proof: Message<"SessionProof">): Promise<void> {
    const hello = decodeFromParticipant(helloFrame) as SessionHello;
    const publicKey = await crypto.subtle.importKey("raw", new Uint8Array(hello.publicKey), ED25519, false, ["verify"]);
    const digest = new Uint8Array(proofDigest(helloFrame, challengeFrame));
    const isRight = await crypto.subtle.verify(ED25519, publicKey, new Uint8Array(proof.signature), digest);
    if (!isRight) throw new Error("the page did not prove its key");
    if (script.refuse) {
      peer?.close(script.refuse.code, script.refuse.reason);
      return;
    }
    const resumed = (script.resumes ?? true) && hello.resumeSession.length > 0 && equalBytes(hello.resumeSession, session);
    if (!resumed) {
      sessions += 1;
      session = new Uint8Array(16).fill(sessions);
    }
    send(acknowledgement(hello, resumed));
    if (script.sendsDocument ?? true) sendDocument();
  }

  function acknowledgement(hello: SessionHello, resumed: boolean): SessionAcknowledge {
    return {
      type: "SessionAcknowledge",
      session,
      resumeToken: new Uint8Array(16).fill(0xcc),
      actor: actorOf(hello.publicKey, hello.instance),
      role: "editor",
      capabilities: [...(script.capabilities ?? hello.capabilities)],
      roomName: "Studio",
      roomTimeMs: BigInt(Math.floor(environment.nowMs()) + 5000),
      headSeq: seq,
      lamport: script.lamport ?? 40n,
      nextNonce: 1n,
      resumed,
      heartbeatMs: script.heartbeatMs ?? 2000,
    };
  }

  /** The whole document, one part for each entity. */
  function sendDocument(documentHash = store.hash): void {
    const groups: UnitPatch[][] = units.length === 0 ? [[]] : units.map((unit) => [unit]);
    groups.forEach((group, index) => {
      const [first, last] = [index === 0, index === groups.length - 1];
      send({ type: "DocumentPart", seq, chain, lamport: script.lamport ?? 40n, first, last, units: group, documentHash, branch });
    });
  }

  /** Appends records and tells everyone. */
  function commit(records: readonly LogRecord[], changed: readonly UnitPatch[], documentHash?: Uint8Array): void {
    const firstSeq = seq + 1n;
    for (const { kind, body } of records) {
      seq += 1n;
      chain = chainAfter(chain, seq, kind, body);
    }
    store.apply(changed);
    units.push(...changed);
    send({ type: "Commit", firstSeq, records, units: changed, documentHash: documentHash ?? store.hash, branch });
  }

  function recordOf(packet: SubmitPacket, actor: bigint): LogRecord {
    const { nonce, seen, chain: seenChain, signature, body, branch: of } = packet;
    const record = { session, actor, nonce, seen, chain: seenChain, signature, admittedMs: 1n, body, branch: of };
    return { kind: RECORD_PACKET, body: encodePart(packetRecord, record) };
  }

  const transport: OpenTransport = createMemoryTransport((opened) => {
    connections += 1;
    if (!isReachable) {
      queueMicrotask(() => {
        opened.close(1006, "unreachable");
      });
    } else peer = opened;
    return {
      opened: () => undefined,
      received(_lane: Lane, frame: Uint8Array) {
        if (opened !== peer) return;
        const message = decodeFromParticipant(frame);
        received.push(message);
        if (message.type === "SessionHello") void challenge(frame);
        if (message.type === "SessionProof") void acknowledge(message);
        if (message.type === "SwitchBranch" && (script.switches ?? true)) {
          branch = message.branch.slice();
          sendDocument();
        }
      },
      closed(code: number, reason: string) {
        closes.push({ code, reason });
        if (opened === peer) peer = null;
      },
    };
  });

  function all<Type extends FromParticipant["type"]>(type: Type): Message<Type>[] {
    return received.filter((message): message is Message<Type> => message.type === type);
  }

  return {
    transport,
    script,
    closes,
    send,
    sendDocument,
    commit,
    recordOf,
    all,
    sendRaw(frame: Uint8Array): void {
      peer?.send("control", frame);
    },
    setReachable(reachable: boolean): void {
      isReachable = reachable;
    },
    /** Breaks the connection. */
    drop(code = 1006, reason = ""): void {
      peer?.close(code, reason);
    },
    /** Waits for the page's packet number `count` (from 1) since the start. */
    async packet(count: number): Promise<SubmitPacket> {
      await until(() => all("SubmitPacket").length >= count, `packet ${count}`);
      return all("SubmitPacket")[count - 1]!;
    },
    bodyOf: (packet: SubmitPacket): PacketBody => decodePart(packetBody, packet.body, "body"),
    /** Whether the page's signature is right in this room, session and place of the log. */
    async isRightlySigned(packet: SubmitPacket): Promise<boolean> {
      const hello = decodeFromParticipant(helloFrame) as SessionHello;
      const actor = actorOf(hello.publicKey, hello.instance);
      const domain = { server: serverId, room: roomId, branch: packet.branch, session, actor };
      const digest = packetDigest(domain, packet.nonce, packet.seen, packet.chain, packet.body);
      const publicKey = await crypto.subtle.importKey("raw", new Uint8Array(hello.publicKey), ED25519, false, ["verify"]);
      return crypto.subtle.verify(ED25519, publicKey, new Uint8Array(packet.signature), new Uint8Array(digest));
    },
    headRecord(): LogRecord {
      const body = encodePart(headRecord, { seq, chain, documentHash: store.hash, atMs: 0n });
      return { kind: RECORD_HEAD, body };
    },
    get seq() {
      return seq;
    },
    get chain() {
      return chain;
    },
    get hash() {
      return store.hash;
    },
    get connections() {
      return connections;
    },
    get roomKey() {
      return roomKey;
    },
    serverId,
    roomId,
    /** An editor's invite to this room. */
    invite: inviteTo(roomId),
    rest,
  };
}
