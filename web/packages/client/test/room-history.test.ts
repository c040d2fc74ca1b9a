import { elementId, fromHex, MAIN_BRANCH, OPERATIONS, toHex, type WhoRequest } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { LookingBackError, NotConnectedError, RefusedError } from "../src/errors";
import { MAIN } from "../src/history-types";
import type { Conflict, DocumentChange, Operation } from "../src";
import { rest, until } from "./environment";
import { createJoined, ENTITY, namedUnit } from "./joined";

const DRAFT = "ab".repeat(16);
const KEY = "cd".repeat(32);
const OTHER = "ff".repeat(16);
const PAINT: Operation = { type: "paint", entity: ENTITY, colour: [1, 0, 0.5] };

type Joined = Awaited<ReturnType<typeof createJoined>>;

/** The room takes packet `count`; gives its only command. */
async function admit({ room, client }: Joined, count: number) {
  const packet = await room.packet(count);
  const { actor } = client.connection as { actor: bigint };
  room.commit([room.recordOf(packet, actor)], []);
  room.send({ type: "PacketAcknowledged", nonce: packet.nonce, seq: room.seq });
  return { ...room.bodyOf(packet).commands[0]!, packet, actor };
}

function branch(id: string, name: string) {
  return { id: fromHex(id), name, parent: MAIN_BRANCH, fork: 3n, authorName: "Ben", atMs: 5n };
}

describe("branches", () => {
  it("switches when the document of the other is here, and signs for it from then on", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    room.send({ type: "BranchList", branches: [branch(MAIN, "main"), branch(DRAFT, "draft")], current: MAIN_BRANCH });
    await until(() => client.branches.all.length === 2);
    expect(client.branches).toMatchObject({ current: MAIN, all: [{ name: "main" }, { id: DRAFT, fork: 3n, authorName: "Ben" }] });
    await client.switchBranch(DRAFT);
    expect(client.branches.current).toBe(DRAFT);
    void client.perform([PAINT]);
    const { packet } = await admit(joined, 1);
    expect(toHex(packet.branch)).toBe(DRAFT);
    expect(await room.isRightlySigned(packet)).toBe(true);
  });

  it("WIRE-30: asks for its branch again, under a new session and in one that was taken up", async () => {
    const { client, room, environment } = await createJoined();
    await client.switchBranch(DRAFT);
    for (const [resumes, asked] of [[true, 2], [false, 3]] as const) {
      room.script.resumes = resumes;
      room.drop();
      await until(() => client.connection.phase === "waiting");
      environment.advance(5000);
      await until(() => client.connection.phase === "online");
      await rest();
      expect(room.all("SwitchBranch").length).toBe(asked);
    }
    expect(client.branches.current).toBe(DRAFT);
  });

  it("takes the records, and not the patches, of a branch that it is leaving", async () => {
    const { client, room } = await createJoined();
    const records = [room.headRecord()];
    const units = [namedUnit("Chair")];
    room.send({ type: "Commit", firstSeq: 4n, records, units, documentHash: new Uint8Array(16), branch: fromHex(DRAFT) });
    await until(() => client.document.seq === 4n);
    expect(client.document.status).toBe("current");
    expect(client.document.entities.size).toBe(0);
  });

  it("says why the room does not switch", async () => {
    const { client, room } = await createJoined();
    room.script.switches = false;
    const switched = client.switchBranch(OTHER);
    room.send({ type: "RequestRefused", request: 0, code: "UnknownBranch", reason: "there is none" });
    await expect(switched).rejects.toMatchObject({ code: "UnknownBranch" });
    expect(client.branches.current).toBe(MAIN);
  });

  it("makes one by a command whose name is its id, once the room lists it", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    let made = "";
    void client.createBranch("draft").then((id) => (made = id));
    const { actor, payload, typeId } = await admit(joined, 1);
    expect(typeId).toBe(OPERATIONS.create_branch.typeId);
    expect(OPERATIONS.create_branch.payload.read(payload, "")).toEqual({ name: "draft", parent: MAIN_BRANCH, fork: 3n });
    await rest();
    expect(made).toBe("");
    const id = toHex(elementId(actor, 1n, "branch"));
    room.send({ type: "BranchList", branches: [branch(MAIN, "main"), branch(id, "draft")], current: MAIN_BRANCH });
    await until(() => made === id);
  });

  it("rejects when the room has nothing to list: the name was taken", async () => {
    const joined = await createJoined();
    const made = joined.client.createBranch("draft").catch((error: unknown) => error);
    await admit(joined, 1);
    await rest();
    joined.environment.advance(5000);
    expect(await made).toMatchObject({ name: "RefusedError", code: "NoEffect" });
  });

  it("WIRE-15: does not take a merge, or whatever else governs, for done when it came to nothing", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    const reason = "NotAllowed: an editor leaves out only gestures of their own";
    for (const [at, begin] of [() => client.mergeBranch(DRAFT), () => client.govern({ type: "restore_key", author: KEY })].entries()) {
      const done = begin().catch((error: unknown) => error);
      const [number] = room.bodyOf(await room.packet(at + 1)).commands.map((command) => command.number);
      const { actor } = client.connection as { actor: bigint };
      room.send({ type: "Corrected", actor, number: number!, gesture: number!, outcome: "no-op", reason, against: [] });
      await admit(joined, at + 1);
      expect(await done).toMatchObject({ name: "RefusedError", code: "NoEffect", reason });
    }
  });

  it("merges another as of what this page has seen, by a strategy or the room's own", async () => {
    const joined = await createJoined();
    void joined.client.mergeBranch(DRAFT);
    const plain = OPERATIONS.merge_branch.payload.read((await admit(joined, 1)).payload, "");
    expect(plain).toEqual({ source: fromHex(DRAFT), at: 3n, strategy: "", dropped: [] });
    const dropped = [{ actor: 6n, number: 1n }];
    void joined.client.mergeBranch(DRAFT, { strategy: "merge", dropped });
    const chosen = OPERATIONS.merge_branch.payload.read((await admit(joined, 2)).payload, "");
    expect(chosen).toMatchObject({ strategy: "merge", dropped });
  });
});

describe("looking back", () => {
  async function createPast() {
    const joined = await createJoined();
    const { client, room } = joined;
    room.commit([room.headRecord()], [namedUnit("Chair")]);
    await until(() => client.document.seq === 4n);
    const past = client.document.hash;
    const hash = room.hash.slice();
    room.commit([room.headRecord()], [namedUnit("Stool"), namedUnit("Lamp", OTHER)]);
    await until(() => client.document.seq === 5n);
    const answer = async (count: number): Promise<void> => {
      await until(() => room.all("MomentRequest").length === count);
      const { request, seq } = room.all("MomentRequest")[count - 1]!;
      room.send({ type: "MomentPart", request, seq, first: true, last: true, units: [namedUnit("Chair")], documentHash: hash });
    };
    return { ...joined, past, answer };
  }

  it("shows a moment over the document, and what happened meanwhile when one is back", async () => {
    const { client, room, answer } = await createPast();
    const changes: DocumentChange[] = [];
    client.on("document", (change) => changes.push(change));
    const now = client.document.hash;
    const shown = client.lookAt(4n);
    await answer(1);
    expect(await shown).toBe(true);
    expect(client.document).toMatchObject({ moment: 4n, seq: 5n, hash: now });
    expect([...client.document.entities.values()].map(({ name }) => name)).toEqual(["Chair"]);
    expect(changes).toEqual([{ changed: [ENTITY], removed: [OTHER] }]);
    room.commit([room.headRecord()], [namedUnit("Bench")]);
    await until(() => client.document.seq === 6n);
    expect(changes.length).toBe(1);
    await expect(client.perform([PAINT])).rejects.toThrow(LookingBackError);
    await client.lookAt(null);
    expect(client.document.moment).toBe(null);
    expect(changes[1]).toEqual({ changed: [ENTITY, OTHER], removed: [] });
    expect(client.document.entities.get(ENTITY)!.name).toBe("Bench");
    await until(() => room.all("MomentRequest").length === 2);
    expect(room.all("MomentRequest")[1]!.seq).toBe(0n);
  });

  it("keeps what is the same in both as it is, so that it is not built anew", async () => {
    const { client, answer } = await createPast();
    const shown = client.lookAt(4n);
    await answer(1);
    await shown;
    const chair = client.document.entities.get(ENTITY);
    const again = client.lookAt(3n);
    await answer(2);
    await again;
    expect(client.document.entities.get(ENTITY)!.transform).toBe(chair!.transform);
  });

  it("shows the one that was asked for last", async () => {
    const { client, answer, room } = await createPast();
    const first = client.lookAt(2n);
    const second = client.lookAt(4n);
    expect(await first).toBe(false);
    await answer(1).catch(() => undefined);
    await rest();
    expect(client.document.moment).toBe(null);
    await answer(2);
    expect(await second).toBe(true);
    const third = client.lookAt(3n);
    await until(() => room.all("MomentRequest").length === 3);
    const { request } = room.all("MomentRequest")[2]!;
    room.send({ type: "RequestRefused", request, code: "BeyondHistory", reason: "that was compacted" });
    await expect(third).rejects.toBeInstanceOf(RefusedError);
    expect(client.document.moment).toBe(4n);
  });

  it("is back at once on another branch, and does not wait for a room that is gone", async () => {
    const { client, answer, room } = await createPast();
    const shown = client.lookAt(4n);
    await answer(1);
    await shown;
    await client.switchBranch(DRAFT);
    expect(client.document.moment).toBe(null);
    const lost = client.lookAt(4n);
    room.drop();
    await expect(lost).rejects.toBeInstanceOf(NotConnectedError);
  });
});

describe("questions", () => {
  it("who made it: answered by number, in any order", async () => {
    const { client, room } = await createJoined();
    const [face, object] = [client.whoMade(ENTITY, "face", OTHER), client.whoMade(ENTITY, "object", ENTITY)];
    await until(() => room.all("WhoRequest").length === 2);
    const [first, second] = room.all("WhoRequest") as [WhoRequest, WhoRequest];
    expect(first).toMatchObject({ kind: "face", entity: fromHex(ENTITY), element: fromHex(OTHER) });
    const nobody = { actor: 0n, number: 0n, author: new Uint8Array(), authorName: "", colour: 0, label: "", seq: 0n, atMs: 0n };
    room.send({ type: "WhoAnswer", ...nobody, request: second.request, found: false });
    const ben = { actor: 6n, number: 2n, author: fromHex(KEY), authorName: "Ben", colour: 0xff00ff, label: "extrude face", seq: 9n, atMs: 77n };
    room.send({ type: "WhoAnswer", ...ben, request: first.request, found: true });
    expect(await object).toBe(null);
    expect(await face).toEqual({ actor: 6n, author: KEY, name: "Ben", colour: 0xff00ff, label: "extrude face", seq: 9n, atMs: 77 });
    await expect(client.whoMade("chair", "object", "chair")).rejects.toMatchObject({ field: "entity" });
  });

  it("what was done: pages, newest first", async () => {
    const { client, room } = await createJoined();
    const page = client.past(0n, 50);
    await until(() => room.all("HistoryRequest").length === 1);
    const { request, beforeSeq, count } = room.all("HistoryRequest")[0]!;
    expect([beforeSeq, count]).toEqual([0n, 50]);
    const common = { actor: 6n, author: fromHex(KEY), authorName: "Ben", colour: 1, outcome: "applied", atMs: 1n } as const;
    const entries = [
      { ...common, seq: 9n, number: 3n, label: "set role", entity: new Uint8Array() },
      { ...common, seq: 8n, number: 2n, label: "paint", entity: fromHex(ENTITY) },
    ];
    room.send({ type: "HistoryPage", request, entries, more: true });
    expect(await page).toMatchObject({ more: true, steps: [{ seq: 9n, entity: null }, { seq: 8n, entity: ENTITY, gesture: { actor: 6n, number: 2n } }] });
  });

  it("WIRE-42: what the policies are; of what has no conflicts there is no strategy", async () => {
    const { client, room } = await createJoined();
    const policies = client.policies();
    await until(() => room.all("PolicyRequest").length === 1);
    const { request } = room.all("PolicyRequest")[0]!;
    const [paint, merge] = [{ command: "theta.paint", strategy: "reject", role: "viewer" }, { command: "theta.merge_branch", strategy: "", role: "admin" }] as const;
    room.send({ type: "PolicyAnswer", request, strategy: "merge", cascade: false, rules: [merge, paint] });
    expect(await policies).toEqual({ strategy: "merge", cascade: false, rules: [{ ...merge, strategy: null }, paint] });
  });

  it("WIRE-43: what a merge would bring", async () => {
    const { client, room } = await createJoined();
    const page = client.incoming(DRAFT, 40n, 20);
    await until(() => room.all("MergePreviewRequest").length === 1);
    const { request, ...question } = room.all("MergePreviewRequest")[0]!;
    expect(question).toEqual({ type: "MergePreviewRequest", source: fromHex(DRAFT), beforeSeq: 40n, count: 20 });
    const entry = { seq: 9n, actor: 6n, number: 3n, author: fromHex(KEY), authorName: "Ben", colour: 1, label: "paint" };
    room.send({ type: "HistoryPage", request, entries: [{ ...entry, entity: fromHex(ENTITY), outcome: "suspended", atMs: 1n }], more: false });
    expect(await page).toMatchObject({ more: false, steps: [{ gesture: { actor: 6n, number: 3n }, outcome: "suspended" }] });
    await expect(client.incoming("draft", 0n, 1)).rejects.toMatchObject({ field: "source" });
  });

  it("invites: with a role and an end, or the room's reason", async () => {
    const { client, room } = await createJoined();
    const [ending, refused] = [client.makeInvite("viewer", 3600), client.makeInvite("admin", 0)];
    await until(() => room.all("InviteRequest").length === 2);
    const [one, two] = room.all("InviteRequest");
    room.send({ type: "InviteMade", request: one!.request, role: "viewer", token: "abc", expiresMs: 99n });
    room.send({ type: "RequestRefused", request: two!.request, code: "NotAllowed", reason: "for admins" });
    expect(await ending).toEqual({ role: "viewer", token: "abc", expiresMs: 99 });
    await expect(refused).rejects.toMatchObject({ code: "NotAllowed", reason: "for admins" });
  });

  it("an answer to nothing that was asked is the room's fault", async () => {
    const { client, room } = await createJoined();
    room.send({ type: "HistoryPage", request: 77, entries: [], more: false });
    await until(() => client.connection.phase === "waiting");
    expect(room.closes.at(-1)).toMatchObject({ code: 4400 });
  });
});

describe("conflicts and governing", () => {
  it("tells a conflict with what is known of both gestures, and does mine once more", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    const conflicts: Conflict[] = [];
    client.on("conflict", (conflict) => conflicts.push(conflict));
    void client.perform([PAINT, { ...PAINT, colour: [0, 1, 0] }]);
    const { actor } = await admit(joined, 1);
    const [mine, theirs] = [{ actor, number: 1n }, { actor: 6n, number: 4n }];
    const words = { mineLabel: "paint", theirName: "Ben", theirLabel: "paint", strategy: "last-writer-wins", outcome: "applied" } as const;
    room.send({ type: "ConflictNotice", entity: fromHex(ENTITY), mine, theirs, ...words, elements: [fromHex(OTHER)] });
    await until(() => conflicts.length === 1);
    expect(conflicts[0]).toMatchObject({ entity: ENTITY, elements: [OTHER], myLabel: "paint", theirName: "Ben", mine, theirs });
    expect(client.recordOf(mine)).toBe(4n);
    expect(client.recordOf(theirs)).toBe(null);
    expect(client.isLater(mine, theirs)).toBe(null);
    expect(client.repeat(theirs)).toBe(null);
    expect([client.labelOf(mine), client.labelOf(theirs)]).toEqual(["paint", null]);
    void client.repeat(mine);
    const packet = await room.packet(2);
    expect(room.bodyOf(packet).commands.map(({ number, gesture }) => [number, gesture])).toEqual([[3n, 3n], [4n, 3n]]);
    expect(room.bodyOf(packet).commands[1]!.payload).toEqual(room.bodyOf(await room.packet(1)).commands[1]!.payload);
    client.close();
  });

  it("brings gestures that somebody took back into effect again", async () => {
    const joined = await createJoined();
    void joined.client.restore([{ actor: 9n, number: 5n }]);
    const { payload, version } = await admit(joined, 1);
    expect(version).toBe(2);
    const gestures = [{ actor: 9n, number: 5n }];
    expect(OPERATIONS.set_effective_v2.payload.read(payload, "")).toEqual({ gestures, on: true, cascade: [] });
  });

  it("tells of which gesture a corrected command is, and against what", async () => {
    const joined = await createJoined();
    const { client, room } = joined;
    const seen: unknown[] = [];
    client.on("corrected", ({ gesture, against }) => seen.push([gesture.number, against]));
    void client.perform([PAINT, PAINT]);
    const { actor } = await admit(joined, 1);
    const against = [{ actor: 6n, number: 4n }];
    room.send({ type: "Corrected", actor, number: 2n, gesture: 1n, outcome: "suspended", reason: "", against });
    await until(() => seen.length === 1);
    expect(seen).toEqual([[1n, against]]);
    // Of what was done before this page was loaded the room knows it, too.
    room.send({ type: "Corrected", actor, number: 90n, gesture: 88n, outcome: "suspended", reason: "", against });
    await until(() => seen.length === 2);
    expect(seen[1]).toEqual([88n, against]);
  });

  it("changes roles, sends away, revokes and sets policies, within their limits", async () => {
    const joined = await createJoined();
    const { client } = joined;
    void client.govern({ type: "set_role", author: KEY, role: "viewer" });
    expect(OPERATIONS.set_role.payload.read((await admit(joined, 1)).payload, "")).toEqual({ author: fromHex(KEY), role: "viewer" });
    void client.govern({ type: "kick", author: KEY, reason: "too loud" });
    expect(OPERATIONS.kick.payload.read((await admit(joined, 2)).payload, "")).toMatchObject({ reason: "too loud" });
    void client.govern({ type: "revoke_key", author: KEY, reason: "" });
    expect((await admit(joined, 3)).typeId).toBe(OPERATIONS.revoke_key.typeId);
    void client.govern({ type: "set_strategy", command: "*", strategy: "merge" });
    expect((await admit(joined, 4)).typeId).toBe(OPERATIONS.set_strategy.typeId);
    await expect(client.govern({ type: "kick", author: "ab", reason: "" })).rejects.toMatchObject({ field: "author" });
    await expect(client.govern({ type: "kick", author: KEY, reason: "x".repeat(201) })).rejects.toMatchObject({ field: "reason" });
    await expect(client.createBranch("")).rejects.toMatchObject({ field: "name" });
  });

  it.each([[4405, "revoked"], [4407, "kicked"]] as const)("does not knock again after %i", async (closeCode, code) => {
    const { client, room } = await createJoined();
    room.drop(closeCode, "too loud");
    await until(() => client.connection.phase === "refused");
    expect(client.connection).toMatchObject({ code, reason: "too loud" });
  });
});
