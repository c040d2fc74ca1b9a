import type { Person, Role, RoomClient } from "@theta/client";
import { h } from "../dom";
import type { Notices } from "../notices";
import { closeOnEscape, placeBelow } from "./popover";

const ROLES: readonly (readonly [Role, string])[] = [
  ["viewer", "Viewer: may look and chat"],
  ["editor", "Editor: may build"],
  ["admin", "Admin: may also do this here"],
];

export interface PersonMenu {
  readonly element: HTMLElement;
  open(person: Person, anchor: HTMLElement): void;
}

/** What an admin can do about somebody: their role, send them away, take their key off the room. */
export function createPersonMenu(client: RoomClient, notices: Notices, explain: (error: unknown) => void): PersonMenu {
  const title = h("h2", { attributes: { id: "person-title" } });
  const role = h("select", { testId: "person-role", children: ROLES.map(([value, text]) => h("option", { text, attributes: { value } })) });
  const reason = h("input", { testId: "person-reason", attributes: { type: "text", maxlength: "200", autocomplete: "off" } });
  const kick = h("button", { class: "button small", text: "Send away", testId: "person-kick", attributes: { type: "button" } });
  const revoke = h("button", { class: "button small danger", testId: "person-revoke", attributes: { type: "button" } });
  const hint = h("p", { class: "hint" });
  const element = h("div", {
    class: "person-menu card",
    testId: "person-menu",
    attributes: { popover: "auto", role: "dialog", "aria-labelledby": title.id },
    children: [
      title,
      h("label", { class: "tool-line", children: [h("span", { text: "May" }), role] }),
      h("label", { class: "tool-line", children: [h("span", { text: "Reason, which they are told" }), reason] }),
      h("div", { class: "row", children: [kick, revoke] }),
      hint,
    ],
  });
  let whom: Person | null = null;
  let isSure = false;
  const arm = (next: boolean): void => {
    isSure = next;
    revoke.textContent = next ? "Yes, for good" : "Revoke key";
    hint.textContent = next
      ? "Their key is refused from then on, whatever link they have. An admin can take that back."
      : "Who is sent away can come back with a link.";
  };
  const govern = (run: (person: Person) => Promise<unknown>): void => {
    const person = whom;
    if (!person) return;
    if (element.matches(":popover-open")) element.hidePopover();
    run(person).catch(explain);
  };

  role.addEventListener("change", () =>
    govern(async ({ author, name }) => {
      await client.govern({ type: "set_role", author, role: role.value as Role });
      notices.show(`${name} is ${role.value === "viewer" ? "a" : "an"} ${role.value} now`, { topic: "govern" });
    }),
  );
  kick.addEventListener("click", () =>
    govern(async ({ author, name }) => {
      await client.govern({ type: "kick", author, reason: reason.value.trim() });
      notices.show(`${name} was sent away`, { topic: "govern" });
    }),
  );
  revoke.addEventListener("click", () => {
    if (!isSure) {
      arm(true);
      return;
    }
    govern(async ({ author, name }) => {
      await client.govern({ type: "revoke_key", author, reason: reason.value.trim() });
      const again = { label: "Take back", run: () => void client.govern({ type: "restore_key", author }).catch(explain) };
      notices.show(`${name}’s key is refused from now on`, { topic: "govern", lasting: true, action: again });
    });
  });
  closeOnEscape(element);
  element.addEventListener("toggle", () => arm(false));
  return {
    element,
    open(person, anchor) {
      whom = person;
      title.textContent = person.name;
      role.value = person.role;
      reason.value = "";
      arm(false);
      element.showPopover();
      placeBelow(element, anchor);
      role.focus();
    },
  };
}
