import { linkQuality, type RoomClient } from "@theta/client";
import { connectionWords } from "./panels/status";

/** Keeps the page's state in data attributes of <html>, for style sheets, tests and the curious. */
export function publishState(client: RoomClient, root: HTMLElement = document.documentElement): void {
  const { dataset } = root;
  const show = (): void => {
    const { connection, document: view, people, statistics } = client;
    dataset.connection = connectionWords(client, 0).state;
    dataset.transport = client.link.transport ?? "";
    dataset.linkQuality = linkQuality(statistics) ?? "";
    dataset.role = connection.phase === "online" ? connection.role : "";
    dataset.documentHash = view.hash;
    dataset.documentSeq = String(view.seq);
    dataset.documentStatus = view.status;
    dataset.entities = String(view.entities.size);
    dataset.people = String(people.length);
    dataset.presences = String(client.presence.size);
    dataset.stateEntities = String(client.state.entityCount);
    dataset.signaturesVerified = String(statistics.signaturesVerified);
    dataset.signaturesFailed = String(statistics.signaturesFailed);
    dataset.pending = String(statistics.packetsPending);
    dataset.moment = view.moment === null ? "" : String(view.moment);
    const { all, current } = client.branches;
    dataset.branches = String(all.length);
    dataset.branch = all.find(({ id }) => id === current)?.name ?? "";
  };
  for (const event of ["connection", "document", "status", "people", "presence", "statistics", "branches", "state", "link"] as const) {
    client.on(event, show);
  }
  show();
}
