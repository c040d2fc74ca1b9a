import { linkQuality, type Person, type RoomClient } from "@theta/client";
import { COLOURS } from "./look";

const NAMES_MAX = 2;

export interface Status {
  readonly text: string;
  /** The colour of the lamp beside it. */
  readonly lamp: string;
}

/** How the connection is and who is here, in one line; asked again whenever either changed. */
export function statusOf(client: RoomClient): () => Status {
  return () => {
    const { connection, document: view, statistics } = client;
    switch (connection.phase) {
      case "online":
        if (view.status === "loading") return { text: "Joining …", lamp: COLOURS.warn };
        if (linkQuality(statistics) === "poor") return { text: `Slow link · ${company(client.people)}`, lamp: COLOURS.warn };
        return { text: `${connection.role === "viewer" ? "Watching" : "Live"} · ${company(client.people)}`, lamp: COLOURS.good };
      case "connecting":
        return { text: connection.attempt > 1 ? "Connection lost · reconnecting" : "Connecting …", lamp: COLOURS.warn };
      case "waiting":
        return { text: "Connection lost · reconnecting", lamp: COLOURS.warn };
      case "refused":
        return { text: "The room said no · see the page", lamp: COLOURS.bad };
      case "idle":
      case "closed":
        return { text: "Not connected", lamp: COLOURS.bad };
    }
  };
}

/** "alone", "with Ana", "with Ana and Bo", "with Ana, Bo and 3 more". */
export function company(people: readonly Person[]): string {
  const names = people.filter(({ self }) => !self).map(({ name }) => name);
  if (names.length === 0) return "nobody else yet";
  if (names.length <= NAMES_MAX) return `with ${names.join(" and ")}`;
  return `with ${names.slice(0, NAMES_MAX).join(", ")} and ${names.length - NAMES_MAX} more`;
}
