// @vitest-environment happy-dom
import type { LinkView } from "@theta/client";
import { expect, test } from "vitest";
import { publishState } from "../src/hooks";
import { logLink } from "../src/link-log";
import { createLinkDetails, linkWords } from "../src/panels/link";
import { createConnectionChip, createStatusBar } from "../src/panels/status";
import { FakeClient } from "./fake/fake-client";

const WEBRTC: LinkView = {
  transport: "webrtc",
  openedAfterMs: 312.4,
  passedOver: [
    { transport: "webtransport", reason: "this browser has no WebTransport", afterMs: 3.2 },
    { transport: "websocket", reason: "not needed, webrtc was there first", afterMs: null },
  ],
};

function setUp() {
  const client = new FakeClient();
  client.connect({ name: "Mira" });
  const details = createLinkDetails(client);
  const chip = createConnectionChip(client, details);
  document.body.replaceChildren(chip, createStatusBar(client, () => undefined, null, details.button), details.element);
  // happy-dom has no popovers.
  let isOpen = false;
  const { element } = details;
  const matches = element.matches.bind(element);
  element.matches = ((selector: string) => (selector === ":popover-open" ? isOpen : matches(selector))) as typeof element.matches;
  element.showPopover = () => void (isOpen = true);
  element.hidePopover = () => void (isOpen = false);
  return { client, details, chip, isOpen: () => isOpen };
}

test("says what carries the session, how far away the room is and how good that is", () => {
  const { client, details } = setUp();
  expect(details.button.hidden).toBe(true);
  client.setLink(WEBRTC);
  expect(details.button.textContent).toBe("WebRTC");
  client.setStatistics({ roundTripMs: 12.3, jitterMs: 1, lossShare: 0 });
  expect([details.button.textContent, details.button.dataset.quality, details.button.hidden]).toEqual(["WebRTC · 12 ms · good", "good", false]);
  expect(details.button.getAttribute("aria-label")).toBe("Link to the room: WebRTC, 12 ms, good. Details");
  client.setStatistics({ roundTripMs: 812, lossShare: 0.3 });
  expect([details.button.textContent, details.button.dataset.quality]).toEqual(["WebRTC · 812 ms · poor", "poor"]);
  client.setConnection({ phase: "waiting", attempt: 1, retryAtMs: 0, reason: "" });
  expect([linkWords(client), details.button.hidden]).toEqual(["", true]);
});

test("a press shows the figures, and why the other transports are not used", () => {
  const { client, details, isOpen } = setUp();
  client.setLink(WEBRTC);
  client.setStatistics({ roundTripMs: 12.3, jitterMs: 1.25, lossShare: 0.0625, clockOffsetMs: -40.5 });
  details.button.click();
  expect(isOpen()).toBe(true);
  const figures = [...details.element.querySelectorAll("dt")].map((term) => [term.textContent, term.nextElementSibling!.textContent]);
  expect(figures).toEqual([
    ["Round trip", "12 ms"],
    ["Jitter", "± 1.3 ms"],
    ["Lost", "6 % of the last pings"],
    ["Room’s clock", "41 ms behind yours"],
    ["Connected in", "312 ms"],
  ]);
  expect(details.element.querySelector("h2")!.textContent).toBe("WebRTC, fair");
  expect([...details.element.querySelectorAll("li")].map((each) => each.textContent)).toEqual([
    "WebTransport: this browser has no WebTransport (after 3 ms)",
    "WebSocket: not needed, WebRTC was there first",
  ]);
  client.setStatistics({ roundTripMs: 20 });
  expect(details.element.querySelector("dd")!.textContent).toBe("20 ms");
  expect([details.element.getAttribute("role"), details.element.getAttribute("aria-label")]).toEqual(["dialog", "The link to the room"]);
});

test("the connection at the top shows the same, and tries again while there is none", () => {
  const { client, details, chip, isOpen } = setUp();
  client.setLink(WEBRTC);
  chip.click();
  expect(isOpen()).toBe(true);
  chip.click();
  expect(isOpen()).toBe(false);
  client.setConnection({ phase: "refused", code: "room-full", reason: "" });
  const { connection } = client;
  chip.click();
  expect(client.connection).not.toBe(connection);
  client.setConnection({ phase: "connecting", attempt: 1 });
  details.element.hidePopover();
  chip.click();
  expect(isOpen()).toBe(false);
});

test("is published for tests and the curious", () => {
  const { client } = setUp();
  const root = document.createElement("html");
  publishState(client, root);
  expect([root.dataset.transport, root.dataset.linkQuality]).toEqual(["", ""]);
  client.setLink(WEBRTC);
  client.setStatistics({ roundTripMs: 160 });
  expect([root.dataset.transport, root.dataset.linkQuality]).toEqual(["webrtc", "fair"]);
});

test("writes a line for each that comes to nothing, and for the one that is used, once", () => {
  const client = new FakeClient();
  const lines: string[] = [];
  logLink(client, (line) => lines.push(line));
  const none: LinkView = { transport: null, openedAfterMs: null, passedOver: [] };
  client.setLink(none);
  client.setLink({ ...none, passedOver: WEBRTC.passedOver.slice(0, 1) });
  client.setLink({ ...WEBRTC, transport: null });
  client.setLink(WEBRTC);
  client.setLink({ ...WEBRTC });
  client.setLink({ ...WEBRTC, transport: null });
  client.setLink(none);
  client.setLink({ ...none, passedOver: WEBRTC.passedOver.slice(0, 1) });
  expect(lines).toEqual([
    "theta: not WebTransport: this browser has no WebTransport (after 3 ms)",
    "theta: not WebSocket: not needed, WebRTC was there first",
    "theta: connected by WebRTC after 312 ms",
    "theta: not WebTransport: this browser has no WebTransport (after 3 ms)",
  ]);
});
