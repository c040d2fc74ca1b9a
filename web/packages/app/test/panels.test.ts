// @vitest-environment happy-dom
import type { StateBody, Vector3 } from "@theta/client";
import { CONTRAST_MIN, contrastOf, createSelection, type ThetaScene } from "@theta/scene";
import { Vector3 as Point } from "three";
import { beforeEach, expect, test, vi } from "vitest";
import { createActions } from "../src/actions";
import { createCards } from "../src/cards";
import { redeem } from "../src/codes";
import { createHistoryCards } from "../src/history-cards";
import { publishState } from "../src/hooks";
import { createNotices } from "../src/notices";
import { createChat } from "../src/panels/chat";
import { createHelp, createInsecure, createWelcome } from "../src/panels/dialogs";
import { formatMetres, parseMetres } from "../src/panels/fields";
import { createGuide } from "../src/panels/guide";
import { createInspector } from "../src/panels/inspector";
import { createOutline } from "../src/panels/outline";
import { formatColour, parseColour } from "../src/panels/palette";
import { createPeople, initials } from "../src/panels/people";
import { connectionWords, createStatusBar } from "../src/panels/status";
import { createToolbar } from "../src/panels/toolbar";
import { createRoleWatch, WATCHING } from "../src/role";
import { nextOf } from "../src/selecting";
import { list, lossWords, reasonWords, stepWords } from "../src/words";
import { FakeClient } from "./fake/fake-client";

const BALL: StateBody = { shape: "sphere", size: [0.1, 0.1, 0.1], colour: [1, 0, 0], position: [0, 0, 0] };

function room() {
  const client = new FakeClient();
  client.connect({ name: "Mira" });
  const selection = createSelection();
  const scene = {
    selection,
    freePlace: (_size: number, reserved: readonly Vector3[] = []) => new Point(1 + reserved.length, 0, 2),
    setPainting: () => undefined,
  } as unknown as ThetaScene;
  const notices = createNotices();
  const role = createRoleWatch(client);
  const cards = createCards(() => undefined);
  const actions = createActions(client, () => scene, notices, role, () => historyCards);
  const historyCards = createHistoryCards({ client, scene: () => scene, cards, notices, explain: actions.explain });
  const inspector = createInspector(client, selection, actions, role);
  const outline = createOutline(client, selection);
  const button = (): HTMLButtonElement => document.createElement("button");
  const toolbar = createToolbar({
    ...{ client, selection, actions, role, frame: () => undefined, importFile: () => undefined },
    ...{ addMenu: button(), vr: button(), timeline: button(), who: button() },
  });
  document.body.replaceChildren(createGuide(client, role), notices.element, cards.element, inspector.element, outline.element, toolbar);
  return { client, selection, actions, notices, inspector };
}

function byId<Kind extends HTMLElement>(testId: string): Kind {
  const found = document.querySelector<Kind>(`[data-testid="${testId}"]`);
  if (!found) throw new Error(`no ${testId}`);
  return found;
}

function type(field: HTMLElement, key: string): void {
  field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

beforeEach(() => document.body.replaceChildren());

test("a cube is added, found in the list, its face chosen and extruded by a typed distance, with keys alone", async () => {
  const { client, selection, actions } = room();
  await actions.add("cube");
  expect(client.performed[0]).toMatchObject({ type: "create_primitive", name: "Cube", translation: [1, 0.25, 2] });
  expect(selection.state.selected).toMatchObject({ kind: "object" });

  selection.setMode("face");
  const faces = byId("elements");
  for (const key of ["End", "ArrowUp", "ArrowUp"]) type(faces, key);
  expect(faces.querySelector('[aria-selected="true"]')?.textContent).toContain("up");

  const distance = byId<HTMLInputElement>("extrude-distance");
  distance.value = "0,4";
  type(distance, "Enter");
  await Promise.resolve();
  expect(client.performed[1]).toMatchObject({ type: "extrude_face", distance: 0.4 });
});

test("a distance that is none is marked and not sent", async () => {
  const { client, actions, selection } = room();
  await actions.add("cube");
  selection.setMode("face");
  actions.cycle(1);
  const distance = byId<HTMLInputElement>("extrude-distance");
  distance.value = "far";
  type(distance, "Enter");
  expect(distance.getAttribute("aria-invalid")).toBe("true");
  expect(client.performed).toHaveLength(1);
});

test("adds that the room has not confirmed yet take their names and places", async () => {
  const { client, actions } = room();
  client.setConnection({ phase: "waiting", attempt: 1, retryAtMs: 0, reason: "gone" });
  const adds = [actions.add("cube"), actions.add("cube"), actions.add("cube")];
  expect(document.querySelectorAll('[data-topic="away"]')).toHaveLength(1);
  await Promise.all(adds);
  const made = client.performed.map((one) => (one.type === "create_primitive" ? [one.name, one.translation[0]] : []));
  expect(made).toEqual([["Cube", 1], ["Cube 2", 2], ["Cube 3", 3]]);
});

test("an empty name is not committed, and Escape brings the old one back", async () => {
  const { client, actions } = room();
  await actions.add("cube");
  const name = byId<HTMLInputElement>("entity-name");
  for (const leave of [() => name.dispatchEvent(new Event("change")), () => type(name, "Escape")]) {
    name.value = " ";
    leave();
    expect(name.value).toBe("Cube");
  }
  expect(client.performed).toHaveLength(1);
});

test("what is deleted from its own button does not take the keyboard with it", async () => {
  const { client, selection, actions } = room();
  let left = 0;
  const inspector = createInspector(client, selection, actions, createRoleWatch(client), () => left++);
  document.body.replaceChildren(inspector.element);
  await actions.add("cube");
  byId("delete").focus();
  await actions.remove();
  expect(left).toBe(1);
});

test("error classes are not for people", () => {
  expect(reasonWords("UnknownElement: the object is not there")).toBe("it is not there any more");
  expect(reasonWords("InvalidName: name: too long")).toBe("name: too long");
  expect(reasonWords(`InvalidValue: face ${"0d".repeat(16)}: must be a face of quads`)).toBe("the face must be a face of quads");
  expect(reasonWords(`NonManifoldEdge: edge ${"0d".repeat(16)} has three faces`)).toBe("the edge has three faces");
  const ends = `${"0d".repeat(16)}-${"0e".repeat(16)}`;
  expect(reasonWords(`MultiEdge: two faces run the same way along the edge ${ends}`)).toBe("two faces run the same way along the edge");
  expect(reasonWords("InvalidValue: width is 0.05, but must be less than 0.04999999999999999 metres")).toBe(
    "width is 0.05, but must be less than 0.05 metres",
  );
  expect(reasonWords("colour must be between 0 and 1")).toBe("colour must be between 0 and 1");
  expect([stepWords("move vertices"), stepWords("set effective"), stepWords("sing")]).toEqual(["moving points", "a step", "sing"]);
  expect(stepWords("paint and 3 more")).toBe("painting and 3 more");
  expect([stepWords("make Ben viewer"), stepWords("kick Ben"), stepWords("create branch draft")]).toEqual([
    "making Ben viewer",
    "sending away Ben",
    "making branch draft",
  ]);
});

test("a line that was not taken stays in the field", () => {
  const client = new FakeClient();
  const refused: string[] = [];
  document.body.append(createChat(client, (text) => refused.push(text)).element);
  const field = byId<HTMLInputElement>("chat-input");
  field.value = "hello";
  field.form?.dispatchEvent(new Event("submit", { cancelable: true }));
  expect([field.value, refused]).toEqual(["hello", ["hello"]]);
});

test("a typed position moves the object there; fields that were not touched keep their digits", async () => {
  const { client, actions } = room();
  await actions.add("cube");
  const place: Vector3 = [0.1234567, 0.25, 2];
  await actions.place(place);
  byId<HTMLInputElement>("position-y").value = "1.5";
  type(byId("position-y"), "Enter");
  await Promise.resolve();
  expect(client.performed.at(-1)).toMatchObject({ type: "transform", translation: [0.1234567, 1.5, 2] });
});

test("undo and redo buttons say what they would do, and whose work is in the way", async () => {
  const { client, actions } = room();
  const undo = byId<HTMLButtonElement>("undo");
  expect([undo.disabled, undo.title]).toEqual([true, "Nothing to undo"]);
  await actions.add("cube");
  expect([undo.disabled, undo.title]).toEqual([false, "Undo adding an object (Ctrl Z)"]);
  const theirs = { label: "extrude face", entity: "", gestures: [{ actor: 2n, number: 3n }] };
  client.dependants = [{ author: "Ana", ...theirs }, { author: "Bo", ...theirs }, { author: "Ana", ...theirs }];
  client.emit("history", client.history);
  expect(undo.title).toContain("Ana, Bo changed this since");
  await actions.undo();
  expect(client.document.entities.size).toBe(1);
  expect(byId("card").textContent).toContain("Ana and Bo built on this since, so it stays");
  expect([...byId("card").querySelectorAll("li")].map((line) => line.textContent)).toEqual(["Ana: extruding × 2", "Bo: extruding"]);
  client.dependants = [];
  await actions.undo();
  expect(document.querySelector('[data-testid="card"]'), "what is answered goes").toBeNull();
  expect(client.document.entities.size).toBe(0);
  expect(byId<HTMLButtonElement>("redo").disabled).toBe(false);
});

test("a refusal is told in the room's words", async () => {
  const { client, actions } = room();
  client.refusal = "colour must be between 0 and 1";
  await actions.add("plane");
  expect(byId("notice").textContent).toContain("colour must be between 0 and 1");
});

test("names and chat are text, never markup", () => {
  const client = new FakeClient();
  client.connect({ name: "<img src=x onerror=alert(1)>" });
  document.body.append(createPeople(client, { manage: () => undefined, openPolicy: () => undefined }), createChat(client, () => undefined).element);
  const text = "<script>alert(1)</script>";
  client.hear({ actor: 9n, name: "<b>Eve</b>", colour: 0xff0000, text, atMs: 0 });
  expect(document.querySelectorAll("img, script, b")).toHaveLength(0);
  expect(byId("chat-line").textContent).toContain(text);
  expect(byId("person").textContent).toContain("<img");
  expect(byId("person").textContent).toContain("you");
});

test("initials can be read on every person's colour", () => {
  const client = new FakeClient();
  client.connect();
  document.body.append(createPeople(client, { manage: () => undefined, openPolicy: () => undefined }));
  const rgb = (css: string): number => Number.parseInt(css.slice(1), 16);
  for (let colour = 0; colour <= 0xffffff; colour += 0x030d11) {
    client.people = client.people.map((person) => ({ ...person, colour }));
    client.emit("people", client.people);
    const { color, backgroundColor } = document.querySelector<HTMLElement>(".badge")!.style;
    expect(contrastOf(rgb(color), rgb(backgroundColor)), colour.toString(16)).toBeGreaterThanOrEqual(CONTRAST_MIN);
  }
});

test("the welcome asks only for what is missing, and explains what was wrong", async () => {
  const answers: unknown[] = [];
  const welcome = createWelcome((answer) => answers.push(answer));
  document.body.append(welcome.element);
  welcome.ask({ name: "", invite: "token" });
  const submit = (): unknown => welcome.element.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));
  expect(byId("invite-input").parentElement?.hidden).toBe(true);
  submit();
  expect(byId("welcome-reason").textContent).toBe("A name is missing.");
  byId<HTMLInputElement>("name-input").value = " Ana ";
  submit();
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  welcome.ask({ name: "Ana", invite: "" });
  byId<HTMLInputElement>("invite-input").value = "not one";
  submit();
  expect(byId("welcome-reason").textContent).toContain("no invite");
  byId<HTMLInputElement>("invite-input").value = "http://localhost:8080/#invite=xyz";
  submit();
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  expect(answers).toEqual([
    { name: "Ana", invite: "token" },
    { name: "Ana", invite: "xyz" },
  ]);
});

test("a code that is typed is exchanged for the invite, and what is wrong with it is said", async () => {
  const answers: unknown[] = [];
  const tried: string[] = [];
  const welcome = createWelcome(
    (answer) => answers.push(answer),
    (given) => redeem(given, (code) => Promise.resolve(tried.push(code) < 2 ? { problem: "wrong" } : { invite: "token" })),
  );
  document.body.append(welcome.element);
  welcome.ask({ name: "Ana", invite: "" });
  const submit = (): unknown => welcome.element.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));
  byId<HTMLInputElement>("invite-input").value = "k7qm 2rwd";
  submit();
  await vi.waitFor(() => expect(byId("welcome-reason").textContent).toContain("not this room's code"));
  expect(byId<HTMLButtonElement>("join").disabled).toBe(false);
  expect(answers).toEqual([]);
  byId<HTMLInputElement>("invite-input").value = "https://192.168.1.5:8080/#K7QM-2RWE";
  submit();
  await vi.waitFor(() => expect(answers).toEqual([{ name: "Ana", invite: "token" }]));
  expect(tried).toEqual(["K7QM2RWD", "K7QM2RWE"]);
});

test("the connection's state is in words, and on the page for tests to read", () => {
  const client = new FakeClient();
  const root = document.createElement("html");
  publishState(client, root);
  expect(root.dataset.connection).toBe("idle");
  client.setConnection({ phase: "waiting", attempt: 2, retryAtMs: 5_000, reason: "gone" });
  expect(connectionWords(client, 1_200)).toMatchObject({ state: "reconnecting", text: "Reconnecting in 4 s" });
  client.connect({ name: "Mira" });
  client.setStatistics({ roundTripMs: 12.4 });
  expect(connectionWords(client, 0)).toMatchObject({ state: "live", text: "Live · 12 ms" });
  expect(root.dataset).toMatchObject({ connection: "live", role: "editor", entities: "0", people: "1" });
  client.setConnection({ phase: "refused", code: "room-full", reason: "128 people" });
  expect(connectionWords(client, 0)).toMatchObject({ state: "refused", text: "Room is full", title: "128 people" });
});

test("the foot of the page shows the hash, and wrong signatures plainly", () => {
  const client = new FakeClient();
  document.body.append(createStatusBar(client, () => undefined));
  client.setStatistics({ signaturesVerified: 1, signaturesFailed: 2 });
  expect(byId("document-hash").title).toContain(client.document.hash);
  expect(byId("signatures").textContent).toBe("1 signature verified, 2 wrong");
  client.connect();
  expect(byId("document-status").textContent).toBe("In agreement");
  client.setConnection({ phase: "waiting", attempt: 1, retryAtMs: 0, reason: "gone" });
  expect(byId("document-status").textContent).toBe("As of record 0");
});

test("how much is alive, and what the room says of it, stands at the foot and at the connection", () => {
  const client = new FakeClient();
  document.body.append(createStatusBar(client, () => undefined));
  client.connect();
  expect([byId("living").hidden, connectionWords(client, 0).title.includes("alive")]).toEqual([true, false]);
  for (let entity = 0n; entity < 1200n; entity++) client.state.put(entity, BALL);
  client.state.bytesPerSecond = 4_321;
  client.setStatistics({ roundTripMs: 12.4 });
  expect([byId("living").textContent, byId("living").hidden]).toEqual(["1,200 alive · 4.3 kB/s", false]);
  client.state.bytesPerSecond = 65_536;
  client.emit("state", { appeared: 0, disappeared: 0 });
  expect(byId("living").textContent).toBe("1,200 alive · 66 kB/s");
  expect(connectionWords(client, 0).title).toBe("Round trip 12.4 ms\n1,200 alive · 66 kB/s");
  const root = document.createElement("html");
  publishState(client, root);
  expect(root.dataset.stateEntities).toBe("1200");
  client.setConnection({ phase: "waiting", attempt: 1, retryAtMs: 0, reason: "gone" });
  expect(byId("living").hidden).toBe(true);
});

test("why something alive left one's hand is said in words", () => {
  const ben = { actor: 2n, author: "", name: "Ben", colour: 0, role: "editor", self: false } as const;
  const why = (owner: bigint | null, reason: string | null): string => lossWords({ entity: 1n, owner, reason }, [ben]).title;
  expect([why(2n, null), why(null, "not-allowed"), why(null, "too-many"), why(null, "unknown-entity"), why(9n, null)]).toEqual([
    "Ben has it now",
    "You may not take that",
    "Too much at once",
    "It is gone",
    "It slipped out of your hand",
  ]);
});

test("the help sheet says how to take hold of what is alive", () => {
  expect(createHelp().textContent).toContain("If it is alive: take it along");
});

test("who only watches is told so, and finds nothing to press; with an editor's link that ends", async () => {
  const { client, actions } = room();
  await actions.add("cube");
  client.setConnection({ phase: "online", role: "viewer", actor: 1n, roomName: "studio", resumed: false });
  expect(byId("watching").textContent).toBe(WATCHING);
  for (const button of ["add-cube", "add-pyramid", "add-plane", "tool-move", "undo", "redo", "delete"]) {
    expect(byId<HTMLButtonElement>(button).matches(":disabled, fieldset:disabled *"), button).toBe(true);
  }
  expect(byId<HTMLButtonElement>("mode-face").disabled).toBe(false);
  await actions.add("cube");
  await actions.undo();
  expect(client.performed).toHaveLength(1);
  expect(connectionWords(client, 0).text).toContain("Watching");
  client.setConnection({ phase: "online", role: "editor", actor: 1n, roomName: "studio", resumed: false });
  expect(document.querySelector('[data-testid="watching"]')).toBeNull();
  expect(byId<HTMLButtonElement>("add-cube").disabled).toBe(false);
});

test("an empty room says where to begin, until there is something", async () => {
  const { client, actions } = room();
  client.connect({ name: "Mira" });
  expect(byId("empty-room").textContent).toBe("An empty room. Add a cube: press C");
  await actions.add("cube");
  expect(document.querySelector('[data-testid="empty-room"]')).toBeNull();
});

test("at an address without WebCrypto the page says by which one to open the room instead", () => {
  document.body.append(createInsecure({ hostname: "10.0.0.5", port: "8080" }, "token"));
  expect(byId<HTMLInputElement>("insecure-link").value).toBe("https://10.0.0.5:8080/#invite=token");
  expect(byId<HTMLInputElement>("insecure-local").value).toBe("http://localhost:8080/#invite=token");
});

test("small words", () => {
  expect(list([])).toBe("Someone");
  expect(list(["Ana"])).toBe("Ana");
  expect(list(["Ana", "Bo", "Cy"])).toBe("Ana, Bo and Cy");
  expect([nextOf([1, 2, 3], 3, 1), nextOf([1, 2, 3], null, -1), nextOf([], null, 1)]).toEqual([1, 3, null]);
  expect([initials("ana maria lópez"), initials(""), initials("🙂")]).toEqual(["AL", "?", "🙂"]);
  expect([parseMetres(" -0,5 "), parseMetres(""), parseMetres("1m"), parseMetres("Infinity")]).toEqual([-0.5, null, null, null]);
  expect([formatMetres(0.1 + 0.2), formatMetres(-0.0001)]).toEqual(["0.3", "0"]);
  expect(formatColour(parseColour("#ea5b4b"))).toBe("#ea5b4b");
});
