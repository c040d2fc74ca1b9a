// @vitest-environment happy-dom
import { MAIN, type Conflict, type Outcome, type PastPage, type PastStep, type Person, type PolicyRule, RefusedError, type Selection } from "@theta/client";
import { createSelection, type ThetaScene } from "@theta/scene";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createActions } from "../src/actions";
import { createCards } from "../src/cards";
import { createHistoryCards, freeName, tellingOf } from "../src/history-cards";
import { publishState } from "../src/hooks";
import { createNotices } from "../src/notices";
import { createBanner } from "../src/panels/banner";
import { createBranchMenu } from "../src/panels/branches";
import { createMakerLine, createWhoMode } from "../src/panels/maker";
import { createMergePanel } from "../src/panels/merge";
import { createPeople } from "../src/panels/people";
import { createPersonMenu } from "../src/panels/person-menu";
import { createPolicyPanel } from "../src/panels/policy";
import { createTimeline, ticksOf } from "../src/panels/timeline";
import { createPastSteps } from "../src/past-steps";
import { createRoleWatch } from "../src/role";
import { whenWords } from "../src/words";
import { FakeClient } from "./fake/fake-client";

const [MINE, THEIRS] = [{ actor: 1n, number: 2n }, { actor: 6n, number: 3n }];
const CUBE = "1".padStart(32, "0");
const FACE = "00000001000000030000000400000000";

function byId<Kind extends HTMLElement>(testId: string): Kind {
  const found = document.querySelector<Kind>(`[data-testid="${testId}"]`);
  if (!found) throw new Error(`no ${testId}`);
  return found;
}

const has = (testId: string): boolean => document.querySelector(`[data-testid="${testId}"]`) !== null;
const rest = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 0));

async function room() {
  const client = new FakeClient();
  client.connect({ name: "Mira" });
  const selection = createSelection();
  const frame = vi.fn();
  const scene = { selection, frame, freePlace: () => ({ toArray: () => [0, 0, 0], x: 0, y: 0, z: 0 }), setPainting: () => undefined } as unknown as ThetaScene;
  const notices = createNotices();
  const leave = vi.fn();
  const cards = createCards(leave);
  const role = createRoleWatch(client);
  const actions = createActions(client, () => scene, notices, role, () => historyCards);
  const historyCards = createHistoryCards({ client, scene: () => scene, cards, notices, explain: actions.explain });
  await client.perform([{ type: "create_primitive", kind: "cube", size: 1, name: "Cube", translation: [0, 0, 0] }]);
  document.body.replaceChildren(notices.element, cards.element);
  return { client, selection, frame, notices, cards, role, actions, historyCards, leave };
}

function conflict(outcome: Outcome, more: Partial<Conflict> = {}): Conflict {
  const labels = { myLabel: "paint", theirName: "Ana", theirLabel: "extrude face", strategy: "last-writer-wins" };
  return { entity: CUBE, elements: [], mine: MINE, theirs: THEIRS, ...labels, outcome, ...more };
}

beforeEach(() => document.body.replaceChildren());
afterEach(() => vi.useRealTimers());

test("a conflict is told from one's own side, and only what is lost stays on a card", () => {
  const words = (outcome: Outcome, isLater: boolean | null): [string, boolean] => {
    const { title, isLoss } = tellingOf(conflict(outcome), isLater);
    return [title, isLoss];
  };
  expect(words("merged", false)).toEqual(["You and Ana changed the same at once", false]);
  expect(words("applied", false)).toEqual(["Ana’s extruding took the place of your painting", true]);
  expect(words("applied", null)).toEqual(["Ana’s extruding took the place of your painting", true]);
  expect(words("applied", true)).toEqual(["Your painting took the place of Ana’s extruding", false]);
  expect(words("rejected", true)).toEqual(["Your painting was refused", true]);
  expect(words("rejected", false)).toEqual(["Ana’s extruding was refused", false]);
  expect(words("no-op", true)).toEqual(["Your painting came to nothing", true]);
  expect(words("no-op", false)).toEqual(["Ana’s extruding came to nothing", false]);
});

test("what was overwritten is shown, and restored by doing it once more", async () => {
  const { client, selection, frame } = await room();
  client.emit("conflict", conflict("applied", { elements: [FACE] }));
  expect(document.documentElement.dataset.cards).toBe("1");
  byId("card-show").click();
  expect(selection.state.selected).toEqual({ kind: "face", entity: CUBE, element: FACE });
  expect(frame).toHaveBeenCalledOnce();
  expect(has("card")).toBe(true);
  byId("card-restore").click();
  expect(client.asked).toEqual([["repeat", MINE]]);
  expect(has("card")).toBe(false);
  expect(document.documentElement.dataset.cards).toBe("0");
});

test("what lost its element is taken to a branch that begins before that, and shown in the past", async () => {
  const { client } = await room();
  const lost = conflict("no-op", { elements: ["f".repeat(32)], mine: { actor: 1n, number: 4n } });
  client.emit("conflict", lost);
  expect(has("card-restore")).toBe(false);
  byId("card-show").click();
  await rest();
  expect(client.asked).toEqual([["lookAt", 29n]]);
  byId("card-branch").click();
  await vi.waitFor(() => expect(client.asked.at(-1)![0]).toBe("repeat"));
  expect(client.asked.slice(1)).toEqual([
    ["lookAt", null],
    ["createBranch", "Mira’s branch", 29n],
    ["switchBranch", client.branches.current],
    ["repeat", { actor: 1n, number: 4n }],
  ]);
  expect(byId("notice").textContent).toContain("You are on “Mira’s branch” now");
});

test("a refused undo says who built what on it; Cascade takes theirs back, too, and Branch does so elsewhere", async () => {
  const { client, actions, historyCards } = await room();
  const dependants = [{ author: "Ana", label: "extrude face", entity: CUBE, gestures: [THEIRS] }];
  client.dependants = dependants;
  await actions.undo();
  expect(byId("card").getAttribute("role")).toBe("group");
  expect(byId("card").textContent).toContain("Can't undo adding an object");
  byId("card-cascade").click();
  expect(client.asked).toEqual([["takeBack", [MINE], [THEIRS]].map((one, at) => (at === 1 ? [{ actor: 1n, number: 1n }] : one))]);
  await actions.undo();
  byId("card-branch").click();
  await vi.waitFor(() => expect(client.asked.length).toBe(5));
  expect(client.asked.slice(1).map(([what]) => what)).toEqual(["lookAt", "createBranch", "switchBranch", "takeBack"]);
  client.dependants = [{ ...dependants[0]!, gestures: [] }];
  historyCards.refuseUndo(client.history.undo!);
  expect([has("card-show"), has("card-cascade"), has("card-branch")]).toEqual([true, false, false]);
  client.dependants = [];
  client.emit("history", client.history);
  expect(has("card"), "nothing is in its way any more").toBe(false);
});

test("what others took back can be restored", async () => {
  const { client } = await room();
  const name = { actor: 1n, number: 3n };
  client.emit("corrected", { name, gesture: MINE, outcome: "suspended", reason: "", against: [THEIRS] });
  expect(byId("card").textContent).toContain("Your extruding was taken back");
  byId("card-restore").click();
  expect(client.asked).toEqual([["restore", [MINE]]]);
});

test("cards are left and closed by keyboard, and give it back", async () => {
  const { client, cards, leave } = await room();
  client.emit("conflict", conflict("applied"));
  client.emit("conflict", conflict("applied", { theirs: { actor: 7n, number: 9n }, theirName: "Bo" }));
  expect(document.querySelectorAll('[data-testid="card"]').length, "one for each gesture of mine").toBe(1);
  expect(byId("card").textContent).toContain("Ana and Bo’s extruding took the place of your painting");
  client.emit("conflict", conflict("applied", { mine: { actor: 1n, number: 1n } }));
  expect(byId("cards-close").hidden).toBe(true);
  expect(cards.focus()).toBe(true);
  const press = (key: string): unknown => document.activeElement!.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  press("Escape");
  expect(document.activeElement?.closest('[data-testid="card"]')).not.toBeNull();
  expect(leave).not.toHaveBeenCalled();
  press("Escape");
  expect(leave).toHaveBeenCalledOnce();
  expect(cards.focus()).toBe(false);
  for (const number of [1n, 2n, 0n]) client.emit("conflict", conflict("applied", { mine: { actor: 1n, number } }));
  byId("cards-close").click();
  expect(document.documentElement.dataset.cards).toBe("0");
});

function step(seq: number, more: Partial<PastStep> = {}): PastStep {
  const gesture = { actor: 6n, number: BigInt(seq) };
  const who = { author: "22".repeat(32), authorName: "Ana", colour: 0xe0559a };
  return { seq: BigInt(seq), gesture, ...who, label: "paint", entity: CUBE, outcome: "applied", atMs: Date.now(), ...more };
}

test("the past comes in pages, and joins what is known", async () => {
  const client = new FakeClient();
  client.steps = Array.from({ length: 450 }, (_, at) => step(at + 1));
  const past = createPastSteps(client);
  await past.refresh();
  expect([past.steps.length, past.steps[0]!.seq, past.more]).toEqual([200, 251n, true]);
  await past.reach(40n);
  expect([past.steps.length, past.more]).toEqual([450, false]);
  client.steps.push(step(451), step(452));
  await past.refresh();
  expect(past.steps.map(({ seq }) => Number(seq))).toEqual(Array.from({ length: 452 }, (_, at) => at + 1));
  client.steps = Array.from({ length: 900 }, (_, at) => step(at + 1));
  await past.refresh();
  expect([past.steps.length, past.steps[0]!.seq, past.more], "a gap").toEqual([200, 701n, true]);
});

test("the timeline is scrubbed by the arrow keys' range; the room is shown as it was, and nothing can be changed", async () => {
  const { client, role, actions, leave } = await room();
  client.steps = [step(1), step(2, { outcome: "suspended" }), step(3, { label: "extrude face" })];
  const branchOff = vi.fn();
  const timeline = createTimeline({ client, explain: actions.explain, branchOff, leave });
  document.body.append(timeline.element, createBanner(client));
  expect(byId("moment").hidden).toBe(true);
  timeline.open();
  await rest();
  const range = byId<HTMLInputElement>("timeline-range");
  expect([range.max, range.value, byId("timeline-said").textContent]).toEqual(["3", "3", "Now"]);
  expect(document.activeElement).toBe(range);
  const scrub = async (to: string): Promise<void> => {
    range.value = to;
    range.dispatchEvent(new Event("input"));
    await new Promise((resolve) => setTimeout(resolve, 130));
  };
  await scrub("2");
  expect(client.moment).toBe(2n);
  expect(range.getAttribute("aria-valuetext")).toContain("Ana painting, undone since");
  expect(byId("moment-words").textContent).toBe("You are looking at the past, record 2");
  expect(role.watching).toBe(true);
  await actions.add("cube");
  expect(client.performed.length).toBe(1);
  byId("timeline-branch").click();
  expect(branchOff).toHaveBeenCalledWith(2n);
  byId("timeline-earlier").click();
  await new Promise((resolve) => setTimeout(resolve, 130));
  expect(client.moment).toBe(1n);
  byId("moment-back").click();
  await rest();
  expect([client.moment, role.watching, range.value]).toEqual([null, false, "3"]);
  await scrub("0");
  expect([client.moment, byId("timeline-said").textContent]).toEqual([1n, "At the very beginning"]);
  byId("timeline-close").click();
  await rest();
  expect([client.moment, timeline.isOpen, byId("timeline").hidden]).toEqual([null, false, true]);
  timeline.open();
  await rest();
  expect([range.value, byId("timeline-said").textContent], "it opens at now").toEqual(["3", "Now"]);
  expect(leave).toHaveBeenCalled();
});

test("the timeline opens at a record, and follows what is done meanwhile only at now", async () => {
  const { client, actions, leave } = await room();
  client.steps = [step(1), step(2), step(3)];
  const timeline = createTimeline({ client, explain: actions.explain, branchOff: () => undefined, leave });
  document.body.append(timeline.element);
  timeline.open(2n);
  await vi.waitFor(() => expect(client.moment).toBe(2n));
  client.steps.push(step(4));
  await client.perform([{ type: "paint", entity: CUBE, colour: [1, 0, 0] }]);
  for (let at = 0; at < 6; at++) await client.perform([{ type: "paint", entity: CUBE, colour: [1, 0, 0] }]);
  await vi.waitFor(() => expect(byId<HTMLInputElement>("timeline-range").max).toBe("4"), { timeout: 2000 });
  expect(byId<HTMLInputElement>("timeline-range").value).toBe("2");
});

test("ticks have the authors' colours, pale for what came to nothing", () => {
  expect(ticksOf([])).toBe("");
  const two = ticksOf([step(1), step(2, { outcome: "no-op" })]);
  expect(two.match(/#[0-9a-f]{6}(?:55)?/gu)!.map((ink) => ink.length)).toEqual([7, 9]);
});

test("branches are listed, made, gone to and merged", async () => {
  const { client, role, notices, actions } = await room();
  const merge = vi.fn();
  const menu = createBranchMenu({ client, role, notices, explain: actions.explain, merge });
  document.body.append(menu.button, menu.element);
  const root = document.createElement("html");
  publishState(client, root);
  expect(menu.button.textContent).toBe("main");
  byId<HTMLInputElement>("branch-name").value = "main";
  const submit = (): unknown => menu.element.querySelector("form")!.dispatchEvent(new Event("submit", { cancelable: true }));
  submit();
  expect(byId("branch-name").getAttribute("aria-invalid")).toBe("true");
  byId<HTMLInputElement>("branch-name").value = "draft";
  submit();
  await vi.waitFor(() => expect(menu.button.textContent).toBe("draft"));
  expect(menu.button.classList.contains("away")).toBe(true);
  expect(root.dataset).toMatchObject({ branch: "draft", branches: "2" });
  const rows = [...document.querySelectorAll<HTMLElement>('[data-testid="branch"]')];
  expect(rows.map((row) => [row.querySelector(".name")!.textContent, row.getAttribute("aria-current")])).toEqual([["main", "false"], ["draft", "true"]]);
  rows[0]!.click();
  await vi.waitFor(() => expect(client.branches.current).toBe(MAIN));
  byId("branch-merge").click();
  expect(merge.mock.calls).toEqual([[client.branches.all[1]]]);
  client.setConnection({ phase: "online", role: "viewer", actor: 1n, roomName: "studio", resumed: false });
  expect([has("branch-merge"), menu.element.querySelector("form")!.hidden]).toEqual([false, true]);
});

async function draft() {
  const parts = await room();
  await parts.client.createBranch("draft");
  const panel = createMergePanel(parts.client, parts.notices);
  document.body.append(panel.element);
  const open = async (): Promise<HTMLInputElement[]> => {
    panel.open(parts.client.branches.all[1]!);
    await rest();
    return [...document.querySelectorAll<HTMLInputElement>('[data-testid="merge-step"]')];
  };
  return { ...parts, panel, open, merge: (): void => byId("merge-submit").click() };
}

test("a merge is asked how: by which strategy, and what of it is left out", async () => {
  const { client, open, merge } = await draft();
  const mine = { author: "00".repeat(32), authorName: "Mira", gesture: MINE };
  client.coming = [step(9, { outcome: "suspended" }), step(8, mine)];
  const [theirs, own] = await open();
  expect(byId("merge-panel").textContent).toContain("Merge “draft” into “main”");
  expect(byId("merge-steps").textContent).toContain("Ana painting, undone since");
  expect([theirs!.checked, theirs!.disabled, own!.checked, own!.disabled], "an editor leaves out their own work only").toEqual([true, true, true, false]);
  byId<HTMLSelectElement>("merge-strategy").value = "reject";
  own!.checked = false;
  merge();
  await vi.waitFor(() => expect(client.asked.at(-1)).toEqual(["mergeBranch", client.branches.all[1]!.id, { strategy: "reject", dropped: [MINE] }]));
  await vi.waitFor(() => expect(byId<HTMLDialogElement>("merge-panel").open).toBe(false));
  expect(byId("notice").textContent).toContain("“draft” is merged into “main”Left out: one step.");
});

test("an admin leaves out anybody's work; a merge that came to nothing is not told as done", async () => {
  const { client, open, merge } = await draft();
  client.setConnection({ phase: "online", role: "admin", actor: 1n, roomName: "studio", resumed: false });
  client.coming = Array.from({ length: 201 }, (_, at) => step(201 - at));
  const boxes = await open();
  expect(boxes.every((box) => !box.disabled)).toBe(true);
  expect(byId("merge-hint").textContent).toContain("Older ones than the 200 listed come along");
  client.refusal = "NotAllowed: at is past what its author had seen";
  merge();
  await vi.waitFor(() => expect(byId("merge-trouble").textContent).toBe("That was not done: at is past what its author had seen"));
  expect([byId<HTMLDialogElement>("merge-panel").open, has("notice")]).toEqual([true, false]);
  merge();
  await vi.waitFor(() => expect(client.asked.at(-1)).toMatchObject(["mergeBranch", client.branches.all[1]!.id, { dropped: [] }]));
  client.coming = [];
  await open();
  expect(byId("merge-hint").textContent).toBe("Everything on it is here already.");
});

test("a merge is given up by going out before the room said what it would bring; later, what became of it is said", async () => {
  const { client, merge, panel } = await draft();
  const [, branch] = client.branches.all;
  const dialog = byId<HTMLDialogElement>("merge-panel");
  const merges = (): unknown[] => client.asked.filter(([name]) => name === "mergeBranch");
  const nothing: PastPage = { steps: [], more: false };
  let answer: (page: PastPage) => void = () => undefined;
  const incoming = vi.spyOn(client, "incoming").mockReturnValue(new Promise((resolve) => (answer = resolve)));
  panel.open(branch!);
  merge();
  dialog.close();
  answer(nothing);
  await rest();
  expect([merges(), byId<HTMLButtonElement>("merge-submit").disabled]).toEqual([[], false]);
  incoming.mockRejectedValueOnce(new RefusedError("BeyondHistory", "it is gone")).mockResolvedValue(nothing);
  panel.open(branch!);
  await rest();
  expect([byId("merge-hint").textContent, byId("merge-trouble").textContent]).toEqual(["", "What it would bring is not known: it is gone"]);
  dialog.close();
  let refuse: (error: Error) => void = () => undefined;
  vi.spyOn(client, "mergeBranch").mockReturnValue(new Promise((_, reject) => (refuse = reject)));
  panel.open(branch!);
  merge();
  await rest();
  dialog.close();
  refuse(new RefusedError("TooExpensive", "too much"));
  await rest();
  expect(byId("notice").textContent).toContain("“draft” is not mergedtoo much");
});

test("the rules of the room: for all, and for one type of command; what differs is listed", async () => {
  const { client } = await room();
  const rule = (command: string, more: Partial<PolicyRule> = {}): PolicyRule => ({ command, strategy: "last-writer-wins", role: "editor", ...more });
  client.rules = { ...client.rules, rules: [rule("theta.move_vertices"), rule("theta.paint"), rule("theta.set_effective", { strategy: null })] };
  const panel = createPolicyPanel(client);
  document.body.append(panel.element);
  panel.open();
  await rest();
  const [strategy, command, own, role] = ["policy-strategy", "policy-command", "policy-own", "policy-role"].map((id) => byId<HTMLSelectElement>(id)) as [HTMLSelectElement, HTMLSelectElement, HTMLSelectElement, HTMLSelectElement];
  expect([...command.options].map(({ text }) => text)).toEqual(["Move vertices", "Paint", "Undo and redo"]);
  expect([strategy.value, command.value, own.value, role.value]).toEqual(["last-writer-wins", "theta.move_vertices", "last-writer-wins", "editor"]);
  const choose = async (field: HTMLSelectElement, value: string): Promise<void> => {
    field.value = value;
    field.dispatchEvent(new Event("change"));
    await rest();
  };
  await choose(own, "reject");
  await choose(strategy, "merge");
  await choose(command, "theta.set_effective");
  expect(own.closest("label")!.hidden, "it has no conflicts").toBe(true);
  await choose(role, "admin");
  byId<HTMLInputElement>("policy-cascade").click();
  await rest();
  expect(client.asked.map(([, operation]) => operation)).toEqual([
    { type: "set_strategy", command: "theta.move_vertices", strategy: "reject" },
    { type: "set_strategy", command: "*", strategy: "merge" },
    { type: "set_permission", command: "theta.set_effective", role: "admin" },
    { type: "set_cascade", allowed: false },
  ]);
  const exceptions = [...document.querySelectorAll<HTMLElement>('[data-testid="policy-exception"]')];
  expect(exceptions.map((one) => one.textContent)).toEqual(["Move vertices: the later one is refused", "Undo and redo: admins only"]);
  exceptions[0]!.click();
  expect([command.value, own.value, own.closest("label")!.hidden, document.activeElement]).toEqual(["theta.move_vertices", "reject", false, command]);
  client.refusal = "NotAllowed: theta.set_permission is for admins";
  await choose(role, "viewer");
  expect([byId("policy-trouble").textContent, role.value]).toEqual(["That was not done: theta.set_permission is for admins", "editor"]);
});

test("a branch's name is one's own, and free", () => {
  const client = new FakeClient();
  client.connect({ name: "Mira" });
  expect(freeName(client)).toBe("Mira’s branch");
  const branch = (name: string) => ({ ...client.branches.all[0]!, name });
  client.branches = { ...client.branches, all: [branch("Mira’s branch"), branch("Mira’s branch 2")] };
  expect(freeName(client)).toBe("Mira’s branch 3");
});

test("admins change somebody's role, send them away, and revoke a key by pressing twice", async () => {
  const { client, notices, actions } = await room();
  const menu = createPersonMenu(client, notices, actions.explain);
  menu.element.showPopover = () => undefined;
  const openPolicy = vi.fn();
  const bo: Person = { actor: 3n, author: "33".repeat(32), name: "Bo", colour: 0x2fa66b, role: "editor", self: false };
  client.people = [...client.people, bo];
  document.body.append(createPeople(client, { manage: (person, anchor) => menu.open(person, anchor), openPolicy }), menu.element);
  expect([has("person-manage"), byId("policy").hidden]).toEqual([false, true]);
  client.setConnection({ phase: "online", role: "admin", actor: 1n, roomName: "studio", resumed: false });
  byId("policy").click();
  expect([byId("policy").hidden, openPolicy.mock.calls.length]).toEqual([false, 1]);
  const { author } = bo;
  byId("person-manage").click();
  const select = byId<HTMLSelectElement>("person-role");
  expect([select.value, document.activeElement]).toEqual(["editor", select]);
  select.value = "viewer";
  select.dispatchEvent(new Event("change"));
  byId<HTMLInputElement>("person-reason").value = " too loud ";
  byId("person-kick").click();
  byId("person-revoke").click();
  expect(byId("person-revoke").textContent).toBe("Yes, for good");
  byId("person-revoke").click();
  await rest();
  const done = client.asked.map(([, operation]) => operation);
  expect(done).toEqual([
    { type: "set_role", author, role: "viewer" },
    { type: "kick", author, reason: "too loud" },
    { type: "revoke_key", author, reason: "too loud" },
  ]);
  const notice = [...document.querySelectorAll<HTMLElement>(".notice")].at(-1)!;
  notice.querySelector<HTMLElement>(".button")!.click();
  expect(client.asked.at(-1)).toEqual(["govern", { type: "restore_key", author }]);
});

const ana = { actor: 2n, author: "22".repeat(32), name: "Ana", colour: 0xe0559a, label: "extrude face", seq: 7n, atMs: Date.now() };

test("what is selected says who made it, after a moment's rest, and leads to that moment", async () => {
  vi.useFakeTimers();
  const { client, selection } = await room();
  const opened: bigint[] = [];
  document.body.append(createMakerLine(client, selection, (seq) => opened.push(seq)));
  const line = byId("maker");
  expect(line.hidden).toBe(true);
  client.maker = ana;
  const face = (element: string): Selection => ({ kind: "face", entity: CUBE, element });
  for (const element of ["a", "b", FACE]) selection.select(face(element.padStart(32, "0")));
  await vi.advanceTimersByTimeAsync(200);
  expect(client.asked).toEqual([["whoMade", CUBE, "face", FACE]]);
  expect(line.textContent).toBe(`Anaextruding · ${whenWords(ana.atMs)}`);
  line.click();
  expect(opened).toEqual([7n]);
  selection.select({ kind: "object", entity: CUBE });
  selection.select(face(FACE));
  await vi.advanceTimersByTimeAsync(200);
  expect(client.asked.length, "it is known").toBe(1);
  selection.select(null);
  expect(line.hidden).toBe(true);
});

test("while it is wanted, whatever is pointed at says who made it", async () => {
  vi.useFakeTimers();
  const { client, selection } = await room();
  const canvas = document.createElement("canvas");
  const mode = createWhoMode(client, selection, canvas, document.createElement("button"));
  document.body.append(mode.element, mode.button);
  client.maker = ana;
  selection.hover({ kind: "object", entity: CUBE });
  await vi.advanceTimersByTimeAsync(200);
  expect(client.asked).toEqual([]);
  mode.toggle();
  expect([selection.state.mode, mode.button.getAttribute("aria-pressed"), document.documentElement.dataset.who]).toEqual(["face", "true", ""]);
  selection.hover({ kind: "face", entity: CUBE, element: FACE });
  await vi.advanceTimersByTimeAsync(200);
  expect(byId("who-tip").textContent).toContain("Ana");
  client.maker = null;
  selection.hover({ kind: "object", entity: CUBE });
  await vi.advanceTimersByTimeAsync(200);
  expect(byId("who-tip").textContent).toBe("Nobody is known to have made this");
  mode.toggle();
  expect(byId("who-tip").hidden).toBe(true);
  expect(document.documentElement.dataset.who).toBeUndefined();
});
