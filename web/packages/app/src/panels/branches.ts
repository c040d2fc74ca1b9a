import type { Branch, RoomClient } from "@theta/client";
import { BRANCH_NAME_CHARACTERS_MAX } from "@theta/wire";
import { h, icon } from "../dom";
import { freeName } from "../history-cards";
import type { Notices } from "../notices";
import type { RoleWatch } from "../role";
import { whenWords } from "../words";
import { closeOnEscape, placeBelow } from "./popover";

export interface BranchPorts {
  readonly client: RoomClient;
  readonly role: RoleWatch;
  readonly notices: Notices;
  readonly explain: (error: unknown) => void;
  /** Asks how to merge a branch into this one. */
  readonly merge: (branch: Branch) => void;
}

export interface BranchMenu {
  /** Says on which branch one is, and opens the menu. */
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;
  readonly open: () => void;
}

/** The branches of the room: switch, make one, merge one. */
export function createBranchMenu({ client, role, notices, explain, ...ports }: BranchPorts): BranchMenu {
  const { button, label, element, list, form, name } = createParts();
  const current = (): Branch | undefined => client.branches.all.find(({ id }) => id === client.branches.current);
  const hide = (): void => {
    if (element.matches(":popover-open")) element.hidePopover();
  };

  const switchTo = async (branch: Branch): Promise<void> => {
    hide();
    try {
      await client.switchBranch(branch.id);
      notices.show(`You are on “${branch.name}” now`, { topic: "branch" });
    } catch (error) {
      explain(error);
    }
  };
  const merge = (branch: Branch): void => {
    hide();
    ports.merge(branch);
  };
  const create = async (): Promise<void> => {
    const wanted = name.value.trim() || freeName(client);
    if (client.branches.all.some((branch) => branch.name === wanted)) {
      name.setAttribute("aria-invalid", "true");
      name.focus();
      return;
    }
    name.removeAttribute("aria-invalid");
    hide();
    try {
      const made = await client.createBranch(wanted);
      name.value = "";
      await client.switchBranch(made);
      notices.show(`You are on “${wanted}” now`, { topic: "branch" });
    } catch (error) {
      explain(error);
    }
  };

  const show = (): void => {
    const { all } = client.branches;
    const here = current();
    label.textContent = here?.name ?? "main";
    button.hidden = all.length === 0;
    button.classList.toggle("away", here !== undefined && here !== all[0]);
    button.title = `On branch “${here?.name ?? "main"}” (Shift B)`;
    button.setAttribute("aria-label", `Branches; you are on ${here?.name ?? "main"}`);
    const isEditing = !role.watching;
    list.replaceChildren(...all.map((branch) => rowOf(branch, branch === here, all, isEditing, { switchTo, merge })));
    form.hidden = !isEditing;
    name.placeholder = freeName(client);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void create();
  });
  const open = (): void => {
    if (button.hidden || element.matches(":popover-open")) return;
    show();
    element.showPopover();
    placeBelow(element, button);
    list.querySelector<HTMLElement>('[aria-current="true"]')?.focus();
  };
  closeOnEscape(element);
  button.popoverTargetElement = element;
  button.popoverTargetAction = "hide";
  button.addEventListener("click", open);
  client.on("branches", show);
  role.follow(show);
  return { button, element, open };
}

interface RowActions {
  readonly switchTo: (branch: Branch) => Promise<void>;
  readonly merge: (branch: Branch) => void;
}

function rowOf(branch: Branch, isHere: boolean, all: readonly Branch[], isEditing: boolean, actions: RowActions): HTMLElement {
  const parent = all.find(({ id }) => id === branch.parent)?.name ?? "main";
  const words = branch === all[0] ? "what the room began with" : `from ${parent} · ${branch.authorName} · ${whenWords(branch.atMs)}`;
  const pick = h("button", {
    class: "branch-pick",
    testId: "branch",
    attributes: { type: "button", "aria-current": String(isHere) },
    children: [h("span", { class: "name", text: branch.name }), h("span", { class: "hint", text: words })],
  });
  pick.addEventListener("click", () => {
    if (!isHere) void actions.switchTo(branch);
  });
  const merge = h("button", {
    class: "button small",
    text: "Merge here",
    testId: "branch-merge",
    attributes: { type: "button", "aria-label": `Merge ${branch.name} into the branch that you are on` },
  });
  merge.addEventListener("click", () => actions.merge(branch));
  return h("li", { children: [pick, isHere ? h("span", { class: "tag", text: "here" }) : isEditing ? merge : null] });
}

function createParts() {
  const label = h("span", { class: "name" });
  const button = h("button", {
    class: "branch-chip",
    testId: "branches",
    attributes: { type: "button", "aria-haspopup": "dialog" },
    children: [icon("branch"), label],
  });
  const list = h("ul", { class: "branch-list", testId: "branch-list" });
  const name = h("input", {
    testId: "branch-name",
    attributes: { type: "text", maxlength: String(BRANCH_NAME_CHARACTERS_MAX), "aria-label": "Name of the new branch", autocomplete: "off", spellcheck: "false" },
  });
  const make = h("button", { class: "button", text: "New branch", testId: "branch-create", attributes: { type: "submit" } });
  const form = h("form", { class: "row", attributes: { novalidate: "" }, children: [name, make] });
  const element = h("div", {
    class: "branch-menu card",
    testId: "branch-menu",
    attributes: { popover: "auto", role: "dialog", "aria-label": "Branches" },
    children: [list, form],
  });
  return { button, label, element, list, form, name };
}
