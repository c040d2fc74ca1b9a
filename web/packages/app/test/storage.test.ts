import { expect, test } from "vitest";
import { cleanName, createMemory, inviteFrom, takeInvite, type Shelf } from "../src/storage";

function shelf(): Shelf & { map: Map<string, string> } {
  const map = new Map<string, string>();
  return {
    map,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

test.each([
  ["http://localhost:8080/#invite=AbC-12_3", "AbC-12_3"],
  ["  AbC-12_3 \n", "AbC-12_3"],
  ["#invite=AbC-12_3", "AbC-12_3"],
  ["invite=AbC-12_3", "AbC-12_3"],
  ["https://192.168.1.5:8080/#K7QM-2RWD", "K7QM2RWD"],
  ["#k7qm2rwd", "K7QM2RWD"],
  [" k7qm 2rwd ", "K7QM2RWD"],
  ["http://localhost:8080/", ""],
  ["three words", ""],
  ["x".repeat(129), ""],
  ["", ""],
])("%j holds the invite %j", (pasted, invite) => {
  expect(inviteFrom(pasted)).toBe(invite);
});

test("the invite leaves the address bar once it was read", () => {
  const replaced: string[] = [];
  const location = { hash: "#invite=token", pathname: "/", search: "?a=1" } as Location;
  const history = { state: null, replaceState: (_state: unknown, _title: string, url: string) => replaced.push(url) };
  expect(takeInvite(location, history as unknown as History)).toBe("token");
  expect(replaced).toEqual(["/?a=1"]);
  expect(takeInvite({ ...location, hash: "#k7qm-2rwd" }, history as unknown as History)).toBe("K7QM2RWD");
  expect(replaced).toEqual(["/?a=1", "/?a=1"]);
  for (const hash of ["", "#", "#three words"]) {
    expect(takeInvite({ ...location, hash }, history as unknown as History)).toBe("");
  }
  expect(replaced).toHaveLength(2);
});

test("this window's invite comes before the browser's, and forgetting takes both", () => {
  const [local, session] = [shelf(), shelf()];
  createMemory(local, session).rememberInvite("first");
  const other = createMemory(local, shelf());
  expect(other.invite).toBe("first");
  other.rememberInvite("second");
  expect(createMemory(local, session).invite).toBe("first");
  expect(createMemory(local, null).invite).toBe("second");
  other.forgetInvite();
  expect(createMemory(local, null).invite).toBe("");
});

test("the signalling server of the last link is remembered with its invite, and one that named none forgets it", () => {
  const [local, session] = [shelf(), shelf()];
  const memory = createMemory(local, session);
  expect(memory.signaling).toBe("");
  memory.rememberSignaling("https://meet.example:8090");
  expect([memory.signaling, createMemory(local, shelf()).signaling]).toEqual(["https://meet.example:8090", "https://meet.example:8090"]);
  memory.rememberSignaling("");
  expect([memory.signaling, local.map.size, session.map.size]).toEqual(["", 0, 0]);
});

test("a browser that keeps nothing is as one that is empty", () => {
  const denied: Shelf = {
    getItem: () => { throw new Error("denied"); },
    setItem: () => { throw new Error("denied"); },
    removeItem: () => { throw new Error("denied"); },
  };
  const memory = createMemory(denied, null);
  memory.rememberName("Ana");
  memory.rememberInvite("token");
  expect([memory.name, memory.invite]).toEqual(["", ""]);
});

test("names lose what a roster can't show, and what is too much", () => {
  expect(cleanName("  Ana \u0007\u202e  Maria\n")).toBe("Ana Maria");
  expect(cleanName("\u200b")).toBe("");
  expect([...cleanName("🙂".repeat(80))]).toHaveLength(64);
});
