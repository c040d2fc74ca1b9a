import type { RoomClient } from "@theta/client";
import { inkOn, plateOf } from "@theta/scene";
import { card, cssColour, h } from "../dom";

/** Who is here, each with their colour. */
export function createPeople(client: RoomClient): HTMLElement {
  const list = h("ul", { class: "people", testId: "people-list" });
  const count = h("span", { class: "count", testId: "people-count" });
  const show = (): void => {
    count.textContent = String(client.people.length);
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
          ],
        });
      }),
    );
    if (client.people.length === 0) list.append(h("li", { class: "empty", text: "Nobody yet." }));
  };
  client.on("people", show);
  show();
  return card("People", "people", [list], count);
}

/** One or two letters for a badge. */
export function initials(name: string): string {
  const words = name.split(/\s+/u).filter((word) => word !== "");
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? "?")][0]?.toUpperCase() ?? "?").join("");
}
