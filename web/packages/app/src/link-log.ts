import type { LinkView, RoomClient } from "@theta/client";
import { passedOverWords, TRANSPORT_WORDS } from "./panels/link";

/** Writes to the browser's console which transport is used, and why others are not: support asks for these lines. */
export function logLink(client: RoomClient, write: (line: string) => void = toConsole): void {
  let said: LinkView = client.link;
  client.on("link", (link) => {
    const known = link.passedOver.length < said.passedOver.length ? 0 : said.passedOver.length;
    for (const passed of link.passedOver.slice(known)) write(`theta: not ${passedOverWords(passed)}`);
    if (link.transport !== null && said.transport === null) {
      write(`theta: connected by ${TRANSPORT_WORDS[link.transport]} after ${Math.round(link.openedAfterMs ?? 0)} ms`);
    }
    said = link;
  });
}

function toConsole(line: string): void {
  // eslint-disable-next-line no-console -- the one place that writes there
  console.info(line);
}
