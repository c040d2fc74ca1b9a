import { describe, expect, it, vi } from "vitest";
import { createWays, linkAfter, NO_LINK, type WaysOptions } from "../src/ways";
import { signalingFromFragment, waysFromQuery } from "../src/link";
import { createTestEnvironment } from "./environment";

function setUp(options: WaysOptions = {}, room: Uint8Array | null = new Uint8Array(16)) {
  return createWays({ environment: createTestEnvironment(), url: "ws://localhost:8080/ws", options, room: () => room });
}

const kinds = (options?: WaysOptions, room?: Uint8Array | null) => setUp(options, room).list().map(({ kind }) => kind);

describe("the ways to a room", () => {
  it("TRN-60: are WebTransport, WebRTC over the room's own signalling, and WebSocket, the last at most 2 s after the first", () => {
    const ways = setUp().list();
    expect(ways.map(({ kind, headStartMs }) => [kind, headStartMs])).toEqual([["webtransport", 500], ["webrtc", 1_000], ["websocket", 500]]);
    expect(ways[0]!.headStartMs + ways[1]!.headStartMs).toBeLessThanOrEqual(2_000);
  });

  it("are one more where the link names a signalling server", () => {
    expect(kinds({ signaling: "https://meet.example:8090" })).toEqual(["webtransport", "webrtc", "webrtc", "websocket"]);
  });

  it.each(["webtransport", "webrtc", "websocket"] as const)("are nothing but %s where the address bar says so", (only) => {
    expect(kinds({ only })).toEqual([only]);
  });

  it.each([
    [{}, null, "does not name its room"],
    [{ signaling: "nonsense" }, new Uint8Array(16), "no address of one"],
  ])("say why there is no WebRTC: %j", (options, room, words) => {
    const way = setUp(options, room).list().findLast(({ kind }) => kind === "webrtc")!;
    expect(() => way.open({ opened: vi.fn(), received: vi.fn(), closed: vi.fn() })).toThrow(words);
  });

  it("TRN-63: leave the page's own address to another room when the room can be met elsewhere", () => {
    expect(setUp().leaveAddress()).toBe(false);
    expect(setUp({ signaling: "https://meet.example", only: "websocket" }).leaveAddress()).toBe(false);
    const ways = setUp({ signaling: "https://meet.example" });
    expect([ways.leaveAddress(), ways.leaveAddress()]).toEqual([true, false]);
    expect(ways.list().map(({ kind }) => kind)).toEqual(["webrtc"]);
  });
});

describe("what a link says of the way", () => {
  it.each([
    ["#invite=abc&signal=https%3A%2F%2Fmeet.example%3A8090", "https://meet.example:8090"],
    ["#invite=abc&signal=wss://meet.example/signal", "wss://meet.example/signal"],
    ["#invite=abc", ""],
    ["#invite=abc&signal=javascript:alert(1)", ""],
    [`#signal=https://${"x".repeat(300)}.example`, ""],
    ["#K7QM-2RWD", ""],
  ])("%s: %s", (fragment, link) => {
    expect(signalingFromFragment(fragment)).toBe(link);
  });

  it.each([
    ["?transport=webrtc", { only: "webrtc", relayOnly: false }],
    ["?transport=websocket&relay=only", { only: "websocket", relayOnly: true }],
    ["?transport=telepathy&relay=yes", { relayOnly: false }],
    ["", { relayOnly: false }],
  ])("%s: %j", (query, said) => {
    expect(waysFromQuery(query)).toEqual(said);
  });
});

describe("what came of the ways", () => {
  it("is gathered until the next try", () => {
    let view = linkAfter(NO_LINK, { type: "began" });
    view = linkAfter(view, { type: "failed", kind: "webtransport", code: 1006, reason: "blocked", afterMs: 12 });
    view = linkAfter(view, { type: "opened", kind: "webrtc", afterMs: 300 });
    expect(view).toEqual({ transport: "webrtc", openedAfterMs: 300, passedOver: [{ transport: "webtransport", reason: "blocked", afterMs: 12 }] });
    expect(linkAfter(view, { type: "began" })).toEqual(NO_LINK);
  });
});
