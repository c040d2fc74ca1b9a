import { encodePart, fromHex, MAIN_BRANCH, packetBody, packetDigest, packetRecord, RECORD_PACKET, SURFACE_BYTES, SURFACE_COMPONENT, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import type { DocumentChange } from "../src/types";
import { rest, until } from "./environment";
import type { FakeRoom } from "./fake-room";
import { createJoined, createMeeting, ENTITY, namedUnit, placedUnit } from "./joined";

const OTHER = "ff".repeat(16);

describe("the document", () => {
  it("WIRE-12: arrives in parts, and is shown when it is whole", async () => {
    const { client, room } = await createMeeting();
    room.commit([room.headRecord()], [namedUnit("Chair"), placedUnit(1, 2, 3, OTHER)]);
    const seen: string[] = [];
    client.on("document", ({ changed, removed }) => seen.push(`${changed.join()}/${removed.join()}`));
    client.on("status", ({ status, seq }) => seen.push(`${status} ${seq}`));
    client.connect();
    expect(client.document).toMatchObject({ status: "loading", seq: 0n, hash: "0".repeat(32) });
    await until(() => client.document.status === "current");
    expect(seen).toEqual([`${ENTITY},${OTHER}/`, "current 4"]);
    expect(client.document).toMatchObject({ seq: 4n, hash: toHex(room.hash) });
  });

  it("is waited for: a commit before it, or a part without the first, is the room's fault", async () => {
    const { client, room } = await createMeeting();
    room.script.sendsDocument = false;
    client.connect();
    await until(() => client.connection.phase === "online");
    room.commit([room.headRecord()], []);
    await until(() => client.connection.phase === "waiting");
    expect(room.closes.at(-1)).toMatchObject({ code: 4400, reason: "a commit came before the document" });
  });

  it("is read into components that keep their identity until their bytes change", async () => {
    const { client, room } = await createJoined();
    const changes: DocumentChange[] = [];
    client.on("document", (change) => changes.push(change));
    room.commit([room.headRecord()], [namedUnit("Chair"), placedUnit(1, 2, 3, OTHER)]);
    await until(() => client.document.seq === 4n);
    expect(changes).toEqual([{ changed: [ENTITY, OTHER], removed: [] }]);
    expect(client.document.entities.get(OTHER)).toMatchObject({ transform: { translation: [1, 2, 3] }, name: null });
    expect(client.document.hash).toBe(toHex(room.hash));

    const { transform } = client.document.entities.get(OTHER)!;
    room.commit([room.headRecord()], [namedUnit("Stool", OTHER)]);
    await until(() => client.document.seq === 5n);
    expect(client.document.entities.get(OTHER)).toMatchObject({ name: "Stool" });
    expect(client.document.entities.get(OTHER)!.transform).toBe(transform);

    room.commit([room.headRecord()], [{ entity: fromHex(OTHER), removed: true, components: [] }]);
    await until(() => client.document.seq === 6n);
    expect(changes.at(-1)).toEqual({ changed: [], removed: [OTHER] });
    expect([...client.document.entities.keys()]).toEqual([ENTITY]);
    expect(client.document).toMatchObject({ status: "current", hash: toHex(room.hash) });
  });

  it("counts components it doesn't know in the hash", async () => {
    const { client, room } = await createJoined();
    const unit = { entity: fromHex(ENTITY), removed: false, components: [{ component: 5n, data: Uint8Array.of(1) }] };
    room.commit([room.headRecord()], [unit]);
    await until(() => client.document.seq === 4n);
    expect(client.document).toMatchObject({ status: "current", hash: toHex(room.hash) });
  });

  it("forgets a component that comes without bytes, and what it added to the hash", async () => {
    const { client, room } = await createJoined();
    room.commit([room.headRecord()], [namedUnit("Lamp"), placedUnit(1, 2, 3)]);
    await until(() => client.document.seq === 4n);
    const { hash } = client.document;

    const surface = new Uint8Array(SURFACE_BYTES);
    surface.set(new Uint8Array(Float64Array.of(1, 0.5, 0, 1, 0.5).buffer));
    const shown = (data: Uint8Array) => ({ entity: fromHex(ENTITY), removed: false, components: [{ component: SURFACE_COMPONENT, data }, { component: 5n, data }] });
    room.commit([room.headRecord()], [shown(surface)]);
    await until(() => client.document.seq === 5n);
    expect(client.document.entities.get(ENTITY)).toMatchObject({ name: "Lamp", surface: { emissive: [1, 0.5, 0], alphaMode: "opaque" } });

    room.commit([room.headRecord()], [shown(new Uint8Array())]);
    await until(() => client.document.seq === 6n);
    expect(client.document.entities.get(ENTITY)).toMatchObject({ name: "Lamp", surface: null, transform: { translation: [1, 2, 3] } });
    expect(client.document).toMatchObject({ status: "current", hash });
  });

  it("after a reconnect replaces what it held, and tells only what differs", async () => {
    const { client, room, environment } = await createJoined();
    const table = [...placedUnit(1, 2, 3).components, ...namedUnit("Table").components];
    room.commit([room.headRecord()], [namedUnit("Chair"), { ...namedUnit("", OTHER), components: table }]);
    await until(() => client.document.seq === 4n);
    room.drop();
    await until(() => client.connection.phase === "waiting");
    expect(client.document.entities.size).toBe(2);
    const stool = [...placedUnit(1, 2, 3).components, ...namedUnit("Stool").components];
    room.commit([room.headRecord()], [{ ...namedUnit("", OTHER), components: stool }]);
    const changes: DocumentChange[] = [];
    client.on("document", (change) => changes.push(change));
    const { transform } = client.document.entities.get(OTHER)!;
    environment.advance(5000);
    await until(() => client.document.seq === 5n);
    expect(changes).toEqual([{ changed: [OTHER], removed: [] }]);
    expect(client.document.entities.get(OTHER)).toMatchObject({ name: "Stool" });
    expect(client.document.entities.get(OTHER)!.transform).toBe(transform);
    expect(client.document.hash).toBe(toHex(room.hash));
  });

  it("WIRE-13: says when its hash is not the room's, asks once, and is healed by the document", async () => {
    const { client, room } = await createJoined();
    const wrong = new Uint8Array(16).fill(1);
    room.commit([room.headRecord()], [namedUnit("Chair")], wrong);
    await until(() => client.document.status === "diverged");
    room.commit([room.headRecord()], [namedUnit("Stool")], wrong);
    await until(() => room.all("ResyncRequest").length === 1);
    expect(room.all("ResyncRequest")[0]).toMatchObject({ seq: 4n });
    await until(() => client.document.seq === 5n);
    room.sendDocument();
    await until(() => client.document.status === "current");
    expect(room.all("ResyncRequest").length).toBe(1);
    expect(client.document).toMatchObject({ seq: 5n, hash: toHex(room.hash) });
    expect(client.statistics.divergences).toBe(1);
  });

  it("asks for the document when records are missing, and ignores those it has", async () => {
    const { client, room } = await createJoined();
    const commit = { type: "Commit", records: [room.headRecord()], units: [], documentHash: room.hash, branch: MAIN_BRANCH } as const;
    room.send({ ...commit, firstSeq: 3n });
    await rest();
    expect(client.document).toMatchObject({ status: "current", seq: 3n });
    room.send({ ...commit, firstSeq: 9n });
    room.send({ ...commit, firstSeq: 10n });
    await until(() => room.all("ResyncRequest").length === 1);
    await rest();
    expect(room.all("ResyncRequest").length).toBe(1);
    expect(client.document).toMatchObject({ status: "diverged", seq: 3n });
  });

  it("leaves when even the whole document doesn't add up, or a component can't be read", async () => {
    const { client, room, environment } = await createJoined();
    room.sendDocument(new Uint8Array(16).fill(3));
    await until(() => client.connection.phase === "waiting");
    expect(room.closes.at(-1)).toMatchObject({ code: 4400 });
    environment.advance(5000);
    await until(() => client.document.status === "current");
    const unit = placedUnit(1, 1, 1);
    const cut = { ...unit, components: [{ ...unit.components[0]!, data: new Uint8Array(79) }] };
    room.send({ type: "Commit", firstSeq: room.seq + 1n, records: [room.headRecord()], units: [cut], documentHash: room.hash, branch: MAIN_BRANCH });
    await until(() => client.connection.phase === "waiting");
    expect(room.closes.at(-1)).toMatchObject({ code: 4400, reason: "Transform: 79 bytes instead of 80" });
    expect(client.document).toMatchObject({ seq: 3n, hash: toHex(room.hash) });
  });
});

describe("other people's packets", () => {
  async function othersPacket({ serverId, roomId }: FakeRoom, isForged: boolean) {
    const key = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]));
    const author = new Uint8Array(await crypto.subtle.exportKey("raw", key.publicKey));
    const session = new Uint8Array(16).fill(0x77);
    const command = { number: 1n, lamport: 500n, gesture: 1n, typeId: 1n, version: 1, payload: Uint8Array.of(0x90) };
    const body = encodePart(packetBody, { timestampMs: 1n, commands: [command] });
    const [actor, nonce, seen, chain] = [6n, 1n, 2n, new Uint8Array(32)];
    const branch = MAIN_BRANCH;
    const digest = packetDigest({ server: serverId, room: roomId, branch, session, actor }, nonce, seen, chain, body);
    const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key.privateKey, new Uint8Array(digest)));
    if (isForged) signature[3]! ^= 1;
    const record = { session, actor, nonce, seen, chain, signature, admittedMs: 1n, body, branch };
    const person = { actor, author, name: "Ben", colour: 0xff00ff, role: "editor" as const };
    return { person, record: { kind: RECORD_PACKET, body: encodePart(packetRecord, record) } };
  }

  it("are checked against the roster's keys; right, wrong and unknown are counted and none is held up", async () => {
    const { client, room } = await createJoined();
    const right = await othersPacket(room, false);
    room.commit([right.record], []);
    await until(() => client.statistics.signaturesUnknown === 1);
    // On lanes of their own the roster may come after what its people did.
    room.send({ type: "Roster", people: [right.person] });
    await until(() => client.statistics.signaturesVerified === 1);
    expect(client.statistics.signaturesUnknown).toBe(0);
    room.commit([right.record], []);
    await until(() => client.statistics.signaturesVerified === 2);
    const forged = await othersPacket(room, true);
    room.send({ type: "Roster", people: [forged.person] });
    room.commit([forged.record], []);
    await until(() => client.statistics.signaturesFailed === 1);
    expect(client.document).toMatchObject({ seq: 6n, status: "current" });
  });

  it("CMD-5: raise the Lamport clock, and move `seen` and the chain with them", async () => {
    const { client, room } = await createJoined();
    room.commit([(await othersPacket(room, false)).record], []);
    await until(() => client.document.seq === 4n);
    void client.perform([{ type: "delete", entity: ENTITY }]).catch(() => undefined);
    const packet = await room.packet(1);
    expect(packet).toMatchObject({ seen: 4n, chain: room.chain });
    expect(room.bodyOf(packet).commands[0]!.lamport).toBe(501n);
    client.close();
  });
});
