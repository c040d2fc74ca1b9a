import type { RoomClient } from "@theta/client";
import { h } from "../dom";
import { WATCHING, type RoleWatch } from "../role";

/** One line at the foot of the view: what to begin with in an empty room, or that one is here to watch. */
export function createGuide(client: RoomClient, role: RoleWatch): HTMLElement {
  const watching = h("p", { class: "guide", testId: "watching", text: WATCHING });
  const begin = h("p", {
    class: "guide",
    testId: "empty-room",
    children: ["An empty room. Add a cube: press ", h("kbd", { text: "C" })].map(asNode),
  });
  const element = h("div", { class: "guides", attributes: { role: "status" } });
  const show = (): void => {
    const { connection, document: view } = client;
    const isBare = view.entities.size === 0 && client.state.entityCount === 0;
    const isEmpty = view.moment === null && connection.phase === "online" && view.status === "current" && isBare;
    const wanted = role.role === "viewer" ? watching : isEmpty ? begin : null;
    if (element.firstElementChild === wanted) return;
    element.replaceChildren(...(wanted ? [wanted] : []));
  };
  role.follow(show);
  client.on("connection", show);
  client.on("document", show);
  client.on("status", show);
  client.on("state", show);
  return element;
}

function asNode(child: string | Node): Node {
  return typeof child === "string" ? document.createTextNode(child) : child;
}
