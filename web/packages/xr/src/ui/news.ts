import type { Actor, RoomClient } from "@theta/client";
import type { ToastKind } from "./toast";

/** Says in VR what the page's panels show: chat lines, who comes and goes, and how the connection fares. */
export function followNews(client: RoomClient, toast: (words: string, kind: ToastKind) => void): (() => void)[] {
  const names = (): Map<Actor, string> => new Map(client.people.filter(({ self }) => !self).map(({ actor, name }) => [actor, name]));
  let known = names();
  let { phase } = client.connection;
  return [
    client.on("chat", ({ actor, name, text }) => {
      if (known.has(actor)) toast(`${name}: ${text}`, "info");
    }),
    client.on("people", () => {
      const now = names();
      for (const [actor, name] of now) if (!known.has(actor)) toast(`${name} came in`, "info");
      for (const [actor, name] of known) if (!now.has(actor)) toast(`${name} left`, "info");
      known = now;
    }),
    client.on("connection", (connection) => {
      const before = phase;
      phase = connection.phase;
      if (before === "online" && phase === "waiting") toast("Connection lost. What you do is sent when it is back.", "warning");
      if (before !== "online" && phase === "online") toast("Back in the room", "info");
    }),
  ];
}
