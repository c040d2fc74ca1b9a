import { type Branch, type PastPage, type PastStep, type RoomClient, type Strategy } from "@theta/client";
import { plateOf } from "@theta/scene";
import { cssColour, h } from "../dom";
import type { Notices } from "../notices";
import { failureWords, OUTCOME_WORDS, STRATEGY_WORDS, stepWords, whenWords } from "../words";
import { createSheet } from "./sheet";

/** So many steps are listed, the newest; what is older comes along. */
const STEPS_LISTED = 200;

export interface MergePanel {
  readonly element: HTMLDialogElement;
  /** Asks how to merge a branch into the one that one is on. */
  open(source: Branch): void;
}

/** How a branch is merged: whose change counts where both did something, and what of it stays behind. */
export function createMergePanel(client: RoomClient, notices: Notices): MergePanel {
  const { element, heading, form, strategy, list, hint, trouble, submit } = createFields();
  let source: Branch | null = null;
  let listed: Promise<readonly Row[]> = Promise.resolve([]);

  const isAbout = (branch: Branch): boolean => element.open && source === branch;
  const complain = (branch: Branch, words: string, error: unknown): void => {
    if (isAbout(branch)) trouble.textContent = `${words}: ${failureWords(error)}`;
  };
  const load = async (branch: Branch): Promise<readonly Row[]> => {
    hint.textContent = "Looking what it would bring …";
    const page = await client.incoming(branch.id, 0n, STEPS_LISTED);
    if (source !== branch) return [];
    const rows = rowsOf(page.steps, client);
    list.replaceChildren(...rows.map((row) => row.element));
    hint.textContent = hintOf(page);
    return rows;
  };
  const merge = async (branch: Branch): Promise<void> => {
    trouble.textContent = "";
    submit.disabled = true;
    try {
      const dropped = (await listed).filter(({ box }) => !box.checked).map(({ step }) => step.gesture);
      // Whoever went out while the room still had to say what it would bring has changed their mind.
      if (!isAbout(branch)) return;
      const chosen = strategy.value as Strategy | "";
      await client.mergeBranch(branch.id, chosen === "" ? { dropped } : { strategy: chosen, dropped });
      if (isAbout(branch)) element.close();
      const detail = dropped.length === 0 ? {} : { detail: `Left out: ${dropped.length === 1 ? "one step" : `${dropped.length} steps`}.` };
      notices.show(`“${branch.name}” is merged into “${hereOf(client)}”`, { topic: "branch", ...detail });
    } catch (error) {
      notices.clear("corrected");
      if (isAbout(branch)) complain(branch, "That was not done", error);
      else notices.show(`“${branch.name}” is not merged`, { kind: "error", topic: "branch", detail: failureWords(error) });
    } finally {
      submit.disabled = false;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (source) void merge(source);
  });
  return {
    element,
    open(branch) {
      source = branch;
      heading.textContent = `Merge “${branch.name}” into “${hereOf(client)}”`;
      strategy.value = "";
      trouble.textContent = "";
      list.replaceChildren();
      element.showModal();
      listed = load(branch).catch((error: unknown) => {
        if (isAbout(branch)) hint.textContent = "";
        complain(branch, "What it would bring is not known", error);
        return [];
      });
      submit.focus();
    },
  };
}

interface Row {
  readonly step: PastStep;
  readonly box: HTMLInputElement;
  readonly element: HTMLElement;
}

function rowsOf(steps: readonly PastStep[], { connection, people }: RoomClient): readonly Row[] {
  const isAdmin = connection.phase === "online" && connection.role === "admin";
  const own = people.find(({ self }) => self)?.author;
  return steps.map((step) => {
    const box = h("input", { testId: "merge-step", attributes: { type: "checkbox" } });
    box.checked = true;
    const isUndo = step.entity === null;
    box.disabled = isUndo || (!isAdmin && step.author !== own);
    const dot = h("span", { class: "dot person-dot", attributes: { "aria-hidden": "true" } });
    dot.style.backgroundColor = cssColour(plateOf(step.colour));
    const words = h("span", { class: "name", text: `${step.authorName} ${stepWords(step.label)}${OUTCOME_WORDS[step.outcome]}` });
    const label = h("label", { class: "choice", children: [box, dot, words, h("span", { class: "note", text: whenWords(step.atMs) })] });
    if (box.disabled) label.title = isUndo ? "It comes along; leave out what it is about" : "Only an admin leaves out what others did";
    return { step, box, element: h("li", { children: [label] }) };
  });
}

function hintOf({ steps, more }: PastPage): string {
  if (steps.length === 0) return "Everything on it is here already.";
  const rest = more ? ` Older ones than the ${steps.length} listed come along.` : "";
  return `What comes along, newest first; untick what is to be left out for good.${rest}`;
}

function hereOf({ branches: { all, current } }: RoomClient): string {
  return all.find(({ id }) => id === current)?.name ?? "main";
}

function createFields() {
  const options: readonly (readonly [string, string])[] = [["", "As the room does it"], ...Object.entries(STRATEGY_WORDS)];
  const strategy = h("select", {
    testId: "merge-strategy",
    children: options.map(([value, text]) => h("option", { text, attributes: { value } })),
  });
  const line = h("label", { class: "sheet-line", children: [h("span", { text: "When both changed the same" }), strategy] });
  const hint = h("p", { class: "hint", testId: "merge-hint", attributes: { id: "merge-hint", role: "status" } });
  const list = h("ul", { class: "sheet-list", testId: "merge-steps", attributes: { "aria-labelledby": hint.id } });
  const trouble = h("p", { class: "reason", testId: "merge-trouble", attributes: { role: "alert" } });
  const submit = h("button", { class: "button primary", text: "Merge", testId: "merge-submit", attributes: { type: "submit" } });
  const form = h("form", { class: "sheet-body", attributes: { novalidate: "" }, children: [line, hint, list, trouble, submit] });
  const { element, heading } = createSheet({ title: "", class: "sheet-dialog", testId: "merge-panel", name: "merge", children: [form] });
  return { element, heading, form, strategy, list, hint, trouble, submit };
}
