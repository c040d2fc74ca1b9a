import type { ConnectionState, RoomClient } from "@theta/client";
import { h } from "../dom";
import { type LinkDetails, millisecondsWords } from "./link";

const COUNTDOWN_MILLISECONDS = 250;

/** How the connection is, in a few words. `now` is this page's clock. */
export function connectionWords(client: RoomClient, now: number): { state: string; text: string; title: string } {
  const { connection, document: view, statistics } = client;
  switch (connection.phase) {
    case "idle":
      return { state: "idle", text: "Not connected", title: "" };
    case "connecting":
      return { state: "connecting", text: "Connecting …", title: `Attempt ${connection.attempt}` };
    case "online": {
      if (view.status === "loading") return { state: "joining", text: "Joining …", title: "Receiving the document" };
      const milliseconds = statistics.roundTripMs;
      const jitter = statistics.jitterMs === null ? "" : `, ±${statistics.jitterMs.toFixed(1)} ms`;
      const watching = connection.role === "viewer" ? "Watching" : "Live";
      return {
        state: "live",
        text: milliseconds === null ? watching : `${watching} · ${millisecondsWords(milliseconds)}`,
        title: (milliseconds === null ? "Connected" : `Round trip ${milliseconds.toFixed(1)} ms${jitter}`) + livingTitle(client),
      };
    }
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((connection.retryAtMs - now) / 1000));
      return { state: "reconnecting", text: `Reconnecting in ${seconds} s`, title: connection.reason };
    }
    case "refused":
      return { state: "refused", text: refusalWords(connection.code), title: connection.reason };
    case "closed":
      return { state: "closed", text: "Closed", title: "" };
  }
}

const COUNT = new Intl.NumberFormat("en");

/** How much of what is alive the room tells this page of, in a few words; "" when nothing is. */
export function livingWords({ state }: RoomClient): string {
  const { entities, bytesPerSecond } = state.statistics;
  return entities === 0 ? "" : `${COUNT.format(entities)} alive · ${rateWords(bytesPerSecond)}`;
}

function livingTitle(client: RoomClient): string {
  const words = livingWords(client);
  return words && `\n${words}`;
}

function rateWords(bytesPerSecond: number): string {
  const kilobytes = bytesPerSecond / 1000;
  return `${kilobytes < 10 ? kilobytes.toFixed(1) : COUNT.format(Math.round(kilobytes))} kB/s`;
}

type Refusal = Extract<ConnectionState, { phase: "refused" }>["code"];

/** What a refusal means for the person who reads it. */
export function refusalWords(code: Refusal): string {
  const words: Record<Refusal, string> = {
    "not-invited": "Not invited",
    "bad-proof": "Key not accepted",
    "room-full": "Room is full",
    "session-replaced": "Open elsewhere",
    "protocol-mismatch": "Page and room differ",
    kicked: "Sent away",
    revoked: "Not welcome here",
    "wrong-room": "Not the room of your link",
    "room-changed": "Not the same room",
    unsupported: "Browser too old",
  };
  return words[code];
}

/** A chip with the connection's state; a press tries again at once, or shows how good the link is. */
export function createConnectionChip(client: RoomClient, details: LinkDetails): HTMLElement {
  const text = h("span", { class: "label" });
  const chip = h("button", {
    class: "chip",
    testId: "connection",
    attributes: { type: "button" },
    children: [h("span", { class: "lamp", attributes: { "aria-hidden": "true" } }), text],
  });
  let countdown = 0;
  const show = (): void => {
    const { state, text: words, title } = connectionWords(client, Date.now());
    chip.dataset.state = state;
    chip.title = title;
    if (text.textContent !== words) text.textContent = words;
    clearTimeout(countdown);
    if (client.connection.phase === "waiting") countdown = window.setTimeout(show, COUNTDOWN_MILLISECONDS);
  };
  chip.addEventListener("click", () => {
    if (client.connection.phase === "waiting" || client.connection.phase === "refused") client.connect();
  });
  details.attach(chip, () => client.connection.phase === "online");
  client.on("connection", show);
  client.on("statistics", show);
  client.on("state", show);
  client.on("status", show);
  show();
  return chip;
}

/**
 * The line at the foot: `branches`, what the link is, what the document's hash is, whether it agrees with the room's, whose signatures were
 * checked, and how much is alive.
 */
export function createStatusBar(
  client: RoomClient,
  copied: () => void,
  branches: HTMLElement | null = null,
  link: HTMLElement | null = null,
): HTMLElement {
  const agreement = h("span", { class: "agreement", testId: "document-status" });
  const hash = h("button", { class: "hash", testId: "document-hash", attributes: { type: "button" } });
  const seq = h("span", { testId: "document-seq" });
  const signatures = h("span", { testId: "signatures" });
  const living = h("span", { testId: "living", attributes: { title: "What is alive in the room around you, and what the room says of it" } });
  const pending = h("span", { class: "pending", testId: "pending" });
  const show = (): void => {
    const { connection, document: view, statistics } = client;
    const isAway = connection.phase !== "online";
    const { signaturesVerified, signaturesFailed, signaturesUnknown, packetsPending } = statistics;
    agreement.dataset.status = isAway ? "away" : view.status;
    agreement.textContent = isAway ? `As of record ${view.seq}` : { loading: "Loading", current: "In agreement", diverged: "Diverged – asking anew" }[view.status];
    hash.textContent = view.hash ? view.hash.slice(0, 8) : "––––––––";
    hash.title = `Document hash ${view.hash} – press to copy`;
    hash.setAttribute("aria-label", `Document hash ${view.hash.slice(0, 8)}, copy it`);
    seq.textContent = `record ${view.seq}`;
    seq.hidden = isAway;
    signatures.textContent = `${signaturesVerified} ${signaturesVerified === 1 ? "signature" : "signatures"} verified`;
    signatures.title = `${signaturesFailed} wrong, ${signaturesUnknown} by people this page doesn't know`;
    signatures.classList.toggle("wrong", signaturesFailed > 0);
    if (signaturesFailed > 0) signatures.textContent += `, ${signaturesFailed} wrong`;
    living.textContent = isAway ? "" : livingWords(client);
    living.hidden = living.textContent === "";
    pending.textContent = packetsPending > 0 ? `${packetsPending} unsaved` : "";
  };
  hash.addEventListener("click", () => void navigator.clipboard.writeText(client.document.hash).then(copied, () => undefined));
  client.on("connection", show);
  client.on("status", show);
  client.on("statistics", show);
  client.on("state", show);
  client.on("document", show);
  show();
  return h("footer", {
    class: "status-bar",
    testId: "status-bar",
    children: [branches, agreement, link, hash, seq, signatures, living, pending],
  });
}
