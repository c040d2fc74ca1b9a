import type { Person, RoomClient } from "@theta/client";
import { inkOn, plateOf } from "@theta/scene";
import { card, cssColour, h, iconButton } from "../dom";

export interface PeoplePorts {
  /** What an admin can do about somebody. */
  readonly manage: (person: Person, anchor: HTMLElement) => void;
  /** The rules of the room. */
  readonly openPolicy: () => void;
}

/** Who is here, each with their colour; for admins each with a button, and one for the rules of the room. */
export function createPeople(client: RoomClient, { manage, openPolicy }: PeoplePorts): HTMLElement {
  const list = h("ul", { class: "people", testId: "people-list" });
  const count = h("span", { class: "count", testId: "people-count" });
  const rules = iconButton("rules", "Rules of the room", "policy", "Shift O");
  rules.addEventListener("click", openPolicy);
  const show = (): void => {
    count.textContent = String(client.people.length);
    const { connection } = client;
    const isAdmin = connection.phase === "online" && connection.role === "admin";
    rules.hidden = !isAdmin;
    // Who is on a button must not lose it because somebody came in.
    const focused = (document.activeElement as HTMLElement | null)?.dataset.author;
    const manageButton = (person: Person): HTMLElement => {
      const button = iconButton("dots", `Role of ${person.name}, and more`, "person-manage");
      button.dataset.author = person.author;
      button.addEventListener("click", () => manage(person, button));
      return button;
    };
    list.replaceChildren(
      ...client.people.map((person) => {
        const badge = h("span", { class: "badge", text: initials(person.name), attributes: { "aria-hidden": "true" } });
        const plate = plateOf(person.colour);
        badge.style.backgroundColor = cssColour(plate);
        badge.style.color = inkOn(plate);
        return h("li", {
          testId: "person",
          children: [
            badge,
            h("span", { class: "name", text: person.name }),
            person.self ? h("span", { class: "note", text: "you" }) : null,
            person.role === "editor" ? null : h("span", { class: "tag", text: person.role }),
            isAdmin && !person.self ? manageButton(person) : null,
          ],
        });
      }),
    );
    if (focused) list.querySelector<HTMLElement>(`[data-author="${focused}"]`)?.focus();
    if (client.people.length === 0) list.append(h("li", { class: "empty", text: "Nobody yet." }));
  };
  client.on("people", show);
  client.on("connection", show);
  show();
  return card("People", "people", [list], h("div", { class: "row", children: [rules, count] }));
}

/** One or two letters for a badge. */
export function initials(name: string): string {
  const words = name.split(/\s+/u).filter((word) => word !== "");
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? "?")][0]?.toUpperCase() ?? "?").join("");
}
