import type { RoomClient } from "@theta/client";
import type { SelectionStore } from "@theta/scene";
import type { Actions } from "../actions";
import { card, h } from "../dom";
import { keyLabel } from "../keymap";
import type { Notices } from "../notices";
import type { RoleWatch } from "../role";
import { contextOf, contextWords, TOOLS, toolOf, type Tool, type ToolContext } from "../tools";
import { createToolForm, type ToolForm } from "./tool-form";

export interface ToolsPanel {
  readonly element: HTMLElement;
  /** As a press of the tool's button, or of its key: does it, or asks for its numbers. */
  readonly press: (id: string) => void;
}

export interface ToolsPorts {
  readonly client: RoomClient;
  readonly selection: SelectionStore;
  readonly actions: Actions;
  readonly role: RoleWatch;
  readonly notices: Notices;
  /** Puts the keyboard back into the view. */
  readonly leave: () => void;
  /** What else can be done: its numbers are in another panel, or it has none. */
  readonly elsewhere: readonly Elsewhere[];
}

export interface Elsewhere {
  readonly id: string;
  readonly label: string;
  readonly key: string;
  readonly does: string;
  readonly applies: (context: ToolContext) => boolean;
  readonly press: () => void;
  /** Before the tools, after them, or among what selects more. */
  readonly place: "first" | "last" | "select";
}

/** What can be done to what is selected: only what applies, each with its key; the numbers of the one chosen below. */
export function createTools(ports: ToolsPorts): ToolsPanel {
  const { client, selection, actions, role, notices, leave, elsewhere } = ports;
  const list = h("div", { class: "tools", attributes: { role: "group", "aria-label": "Tools for the selection" } });
  const more = h("div", { class: "tools", attributes: { role: "group", "aria-label": "Select more" } });
  const slot = h("div", { class: "tool-slot" });
  const title = h("p", { class: "tool-subject", testId: "tool-subject" });
  const body = h("fieldset", { class: "tool-body", attributes: { "aria-label": "Tools" }, children: [title, list, slot, more] });
  const element = card("Tools", "tools", [body]);
  const buttons = new Map<string, HTMLButtonElement>();
  let open: { readonly tool: Tool; readonly form: ToolForm } | null = null;

  const context = (): ToolContext | null => contextOf(client, selection.state);
  const close = (): void => {
    if (slot.contains(document.activeElement)) leave();
    slot.replaceChildren();
    open = null;
  };
  const begin = (tool: Tool, here: ToolContext): void => {
    close();
    const form = createToolForm(tool, here, (values) => void actions.apply(tool, values));
    open = { tool, form };
    slot.replaceChildren(form.element);
    form.focus();
  };
  const press = (id: string): void => {
    const here = context();
    const tool = toolOf(id);
    if (!tool || role.watching) return;
    if (!here || !tool.applies(here)) {
      notices.show(`${tool.label}: select ${tool.needs} first`, { topic: "tool" });
      return;
    }
    if (tool.fields) begin(tool, here);
    else void actions.apply(tool, { number: () => 0, choice: () => "" });
    show();
  };
  const buttonFor = ({ id, label, key, does }: Tool | Elsewhere, run: () => void): HTMLButtonElement => {
    let button = buttons.get(id);
    if (!button) {
      button = h("button", {
        class: "tool",
        testId: `tool-${id}`,
        attributes: { type: "button", title: `${does} (${keyLabel(key)})`, "aria-pressed": "false" },
        children: [h("span", { text: label }), h("kbd", { text: keyLabel(key), attributes: { "aria-hidden": "true" } })],
      });
      button.addEventListener("click", run);
      buttons.set(id, button);
    }
    return button;
  };
  const show = (): void => {
    const here = context();
    element.hidden = !here;
    if (!here) {
      close();
      return;
    }
    title.textContent = contextWords(here);
    if (open && !open.tool.applies(here)) close();
    for (const [id, button] of buttons) button.setAttribute("aria-pressed", String(open?.tool.id === id));
    const placed = (place: Elsewhere["place"]): HTMLButtonElement[] =>
      elsewhere.filter((one) => one.place === place && one.applies(here)).map((one) => buttonFor(one, one.press));
    const tools = TOOLS.filter((tool) => tool.applies(here)).map((tool) => buttonFor(tool, () => press(tool.id)));
    fill(list, [...placed("first"), ...tools, ...placed("last")], leave);
    fill(more, placed("select"), leave);
  };

  client.on("document", show);
  selection.subscribe((state, before) => {
    if (state.selected !== before.selected || state.mode !== before.mode) show();
  });
  role.follow((watching) => {
    body.disabled = watching;
    show();
  });
  return { element, press };
}

/** What goes away must not take the keyboard with it. */
function fill(list: HTMLElement, wanted: readonly HTMLElement[], leave: () => void): void {
  const isSame = list.children.length === wanted.length && wanted.every((button, at) => list.children[at] === button);
  if (isSame) return;
  const focused = document.activeElement;
  const isLosing = list.contains(focused) && !wanted.some((button) => button === focused);
  list.replaceChildren(...wanted);
  if (isLosing) leave();
  else if (focused instanceof HTMLElement && list.contains(focused)) focused.focus();
}
