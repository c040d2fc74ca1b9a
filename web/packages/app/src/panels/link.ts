import { type LinkQuality, linkQuality, type PassedOver, type RoomClient, type Statistics, type TransportKind } from "@theta/client";
import { h } from "../dom";
import { closeOnEscape, placeBelow } from "./popover";

export const TRANSPORT_WORDS: Readonly<Record<TransportKind, string>> = {
  webtransport: "WebTransport",
  webrtc: "WebRTC",
  websocket: "WebSocket",
};

/** What one gets by it. */
const TRANSPORT_MEANS: Readonly<Record<TransportKind, string>> = {
  webtransport: "Commands, what is alive, and large files each on a way of their own.",
  webrtc: "A peer connection to the room’s host, each kind of thing on a channel of its own.",
  websocket: "Everything in one line: what is lost on the way holds up the rest for a moment.",
};

const QUALITY_MEANS: Readonly<Record<LinkQuality, string>> = {
  good: "It is fast and steady.",
  fair: "Others’ moves come a little late.",
  poor: "Expect others’ moves late, and your own steps to take a while.",
};

/** A way that is not used, and why: "WebRTC: no way through to the room within 10 s (after 10,012 ms)". */
export function passedOverWords({ transport, reason, afterMs }: PassedOver): string {
  const after = afterMs === null ? "" : ` (after ${Math.round(afterMs)} ms)`;
  return `${TRANSPORT_WORDS[transport]}: ${namesIn(reason)}${after}`;
}

/** The link in a few words: "WebTransport · 12 ms · good"; "" while there is none. */
export function linkWords({ connection, link, statistics }: RoomClient): string {
  if (connection.phase !== "online" || link.transport === null) return "";
  const quality = linkQuality(statistics);
  return [TRANSPORT_WORDS[link.transport], ...(quality ? [millisecondsWords(statistics.roundTripMs ?? 0), quality] : [])].join(" · ");
}

export function millisecondsWords(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

export interface LinkDetails {
  /** Says what the link is and how good; opens the details. */
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;
  /** Lets another button, which stands for the connection, open and close the details while `applies`. */
  attach(anchor: HTMLButtonElement, applies: () => boolean): void;
}

/** Which transport carries the session, how good it is, and why the others are not used. */
export function createLinkDetails(client: RoomClient): LinkDetails {
  const words = h("span");
  const button = h("button", {
    class: "link-button",
    testId: "link",
    attributes: { type: "button", "aria-haspopup": "dialog" },
    children: [h("span", { class: "lamp", attributes: { "aria-hidden": "true" } }), words],
  });
  const element = h("div", {
    class: "link-details card",
    testId: "link-details",
    attributes: { popover: "auto", role: "dialog", "aria-label": "The link to the room", tabindex: "-1" },
  });
  const isOpen = (): boolean => element.matches(":popover-open");
  const show = (): void => {
    const text = linkWords(client);
    button.hidden = text === "";
    button.dataset.quality = linkQuality(client.statistics) ?? "";
    if (words.textContent !== text) {
      words.textContent = text;
      button.setAttribute("aria-label", `Link to the room: ${text.replaceAll(" · ", ", ")}. Details`);
    }
    if (isOpen()) element.replaceChildren(...detailsOf(client));
  };
  const openAt = (anchor: HTMLElement): void => {
    element.replaceChildren(...detailsOf(client));
    element.showPopover();
    placeBelow(element, anchor);
    element.focus();
  };
  const attach = (anchor: HTMLButtonElement, applies: () => boolean): void => {
    // So that a press on it does not close the details before it is asked what to do.
    anchor.popoverTargetElement = element;
    anchor.addEventListener("click", (event) => {
      event.preventDefault();
      if (isOpen()) element.hidePopover();
      else if (applies()) openAt(anchor);
    });
  };
  closeOnEscape(element);
  attach(button, () => true);
  for (const event of ["connection", "statistics", "link"] as const) client.on(event, show);
  show();
  return { button, element, attach };
}

function detailsOf({ link, statistics }: RoomClient): readonly HTMLElement[] {
  const quality = linkQuality(statistics);
  const { transport, openedAfterMs } = link;
  const heading = h("h2", { text: transport === null ? "No link to the room" : `${TRANSPORT_WORDS[transport]}${quality ? `, ${quality}` : ""}` });
  const means = [transport && TRANSPORT_MEANS[transport], quality && QUALITY_MEANS[quality]].filter((each) => each !== null).join(" ");
  const figures = figuresOf(statistics, openedAfterMs).flatMap(([term, value]) => [h("dt", { text: term }), h("dd", { text: value })]);
  const passed = link.passedOver.map((each) => h("li", { text: passedOverWords(each) }));
  return [
    heading,
    ...(means ? [h("p", { text: means })] : []),
    h("dl", { children: figures }),
    ...(passed.length > 0 ? [h("h3", { text: "Not used" }), h("ul", { testId: "link-passed-over", children: passed })] : []),
  ];
}

function figuresOf({ roundTripMs, jitterMs, lossShare, clockOffsetMs }: Statistics, openedAfterMs: number | null): readonly (readonly [string, string])[] {
  const figure = (term: string, value: number | null, words: (value: number) => string): readonly (readonly [string, string])[] =>
    value === null ? [] : [[term, words(value)]];
  return [
    ...figure("Round trip", roundTripMs, millisecondsWords),
    ...figure("Jitter", jitterMs, (value) => `± ${millisecondsWords(value)}`),
    ...figure("Lost", lossShare, (value) => `${Math.round(value * 100)} % of the last pings`),
    ...figure("Room’s clock", clockOffsetMs, (value) => `${millisecondsWords(Math.abs(value))} ${value < 0 ? "behind" : "ahead of"} yours`),
    ...figure("Connected in", openedAfterMs, millisecondsWords),
  ];
}

/** Transports by the names that people know them by. */
function namesIn(reason: string): string {
  return reason.replace(/\b(webtransport|webrtc|websocket)\b/gu, (kind) => TRANSPORT_WORDS[kind as TransportKind]);
}
