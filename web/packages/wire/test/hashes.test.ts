import { describe, expect, it } from "vitest";
import {
  actorOf,
  blake2b128,
  blake2b256,
  CHAIN_START,
  chainAfter,
  challengeDigest,
  componentTerm,
  decodeFromRoom,
  elementId,
  entityId,
  FROM_PARTICIPANT,
  FROM_ROOM,
  fromHex,
  OPERATIONS,
  packetDigest,
  proofDigest,
  replaceTerm,
  type SessionChallenge,
  sumBytes,
  toHex,
} from "@theta/wire";
import { document, identity, log, packet as packets } from "./vectors";

describe("identity", () => {
  it.each(identity.blake2b)("personalised BLAKE2b of $parts in $domain", ({ domain, parts, blake2b_128, blake2b_256 }) => {
    const bytes = parts.map(fromHex);
    expect(toHex(blake2b128(domain, ...bytes))).toBe(blake2b_128);
    expect(toHex(blake2b256(domain, ...bytes))).toBe(blake2b_256);
  });

  it("ID-2: an actor is a key in one page load", () => {
    for (const { public_key, instance, actor } of identity.actors) {
      expect(actorOf(fromHex(public_key), fromHex(instance))).toBe(BigInt(actor));
    }
  });

  it("ID-4, ID-5: ids follow from names", () => {
    for (const { actor, number, role, parents, ordinal, id } of identity.elements) {
      expect(toHex(elementId(BigInt(actor), BigInt(number), role, parents.map(fromHex), ordinal))).toBe(id);
    }
    for (const { actor, number, entity } of identity.entities) {
      expect(toHex(entityId(BigInt(actor), BigInt(number)))).toBe(entity);
    }
  });

  it("ID-6, WIRE-1: tags and types are the hashes of their names, but for datagrams", () => {
    const ids = new Map(identity.name_ids.map(({ name, signed }) => [name, BigInt(signed)]));
    const short = new Set<string>();
    for (const { name, tag } of [...FROM_PARTICIPANT, ...FROM_ROOM]) {
      if (tag > 0n && tag < 128n) short.add(name);
      else expect(tag).toBe(ids.get(`theta.${name}`));
    }
    expect(short).toEqual(new Set(["StateFrame", "StateAck", "OwnedState", "PresenceUpdate", "PresenceBatch"]));
    for (const { name, typeId } of Object.values(OPERATIONS)) expect(typeId).toBe(ids.get(name));
  });
});

describe("transcripts", () => {
  it("SES-3, SES-4: cover everything said so far", () => {
    const { handshake } = identity;
    const hello = fromHex(handshake.hello_frame);
    const frame = fromHex(handshake.challenge_frame);
    const challenge = decodeFromRoom(frame) as SessionChallenge;
    expect(toHex(challengeDigest(hello, challenge))).toBe(handshake.challenge_digest);
    expect(toHex(proofDigest(hello, frame))).toBe(handshake.proof_digest);
  });

  it("CMD-4: a packet's digest, and WebCrypto takes Python's signature over it", async () => {
    const { packet } = packets;
    const domain = {
      server: fromHex(packet.server),
      room: fromHex(packet.room),
      branch: fromHex(packet.branch),
      session: fromHex(packet.session),
      actor: BigInt(packet.actor),
    };
    const [nonce, seen] = [BigInt(packet.nonce), BigInt(packet.seen)];
    const digest = packetDigest(domain, nonce, seen, fromHex(packet.chain), fromHex(packet.body));
    expect(toHex(digest)).toBe(packet.digest);
    const key = await crypto.subtle.importKey("raw", fromHex(packet.public_key), "Ed25519", false, ["verify"]);
    expect(await crypto.subtle.verify("Ed25519", key, fromHex(packet.signature), fromHex(packet.digest))).toBe(true);
  });

  it("LOG-2: the chain binds number, kind and body", () => {
    let chain: Uint8Array = CHAIN_START;
    for (const record of log.records) {
      chain = chainAfter(chain, BigInt(record.seq), record.kind, fromHex(record.body));
      expect(toHex(chain)).toBe(record.chain);
    }
    expect(toHex(chain)).toBe(log.head_chain);
  });
});

describe("document hash", () => {
  it("DOC-2: is the sum of the components' hashes, and back to 0 without them", () => {
    let sum = 0n;
    for (const row of document.components) {
      const term = componentTerm(fromHex(row.entity), BigInt(row.component_id), fromHex(row.data));
      expect(term).toBe(BigInt(row.term));
      sum = replaceTerm(sum, 0n, term);
      expect(toHex(sumBytes(sum))).toBe(row.sum_after);
    }
    expect(toHex(sumBytes(sum))).toBe(document.document_hash);
    expect(document.components.reduce((total, { term }) => replaceTerm(total, BigInt(term), 0n), sum)).toBe(0n);
  });
});
