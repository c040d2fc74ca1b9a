import { describe, expect, it, vi } from "vitest";
import { createRace, createRemembered, type RaceEvent, type Shelf, type TransportKind } from "@theta/transport";
import type { Lane } from "../src/transport";
import { createFakeTimers } from "./fakes/timers";
import { createFakeWay } from "./fakes/ways";

function shelf(content: Record<string, string> = {}): Shelf & { readonly content: Record<string, string> } {
  return {
    content,
    getItem: (key) => content[key] ?? null,
    setItem: (key, value) => void (content[key] = value),
    removeItem: (key) => void delete content[key],
  };
}

function setUp(content: Record<string, string> = {}) {
  const timers = createFakeTimers();
  const kept = shelf(content);
  const remembered = createRemembered(kept, () => timers.monotonicMs());
  const ways = { webtransport: createFakeWay("webtransport"), webrtc: createFakeWay("webrtc", 1_000, 10_000), websocket: createFakeWay("websocket") };
  const events: RaceEvent[] = [];
  const race = createRace({ ways: () => Object.values(ways), remembered, timers, told: (event) => events.push(event) });
  const handlers = {
    opened: vi.fn(),
    received: vi.fn<(lane: Lane, frame: Uint8Array) => void>(),
    closed: vi.fn<(code: number, reason: string) => void>(),
  };
  const begun = (): TransportKind[] => Object.values(ways).filter(({ tries }) => tries.length > 0).map(({ kind }) => kind);
  return { timers, kept, remembered, ways, events, race, handlers, begun, open: () => race(handlers) };
}

const FRAME = Uint8Array.of(1);

describe("the race of transports", () => {
  it("TRN-60: gives each its head start, and takes the first that stands", async () => {
    const { timers, ways, events, handlers, begun, open } = setUp();
    const transport = open();
    expect([begun(), transport.kind]).toEqual([["webtransport"], "none"]);
    timers.advance(499);
    expect(begun()).toEqual(["webtransport"]);
    timers.advance(1);
    expect(begun()).toEqual(["webtransport", "webrtc"]);
    timers.advance(1_000);
    expect(begun()).toEqual(["webtransport", "webrtc", "websocket"]);
    ways.websocket.tries[0]!.handlers.opened();
    expect([transport.kind, handlers.opened.mock.calls.length]).toEqual(["websocket", 1]);
    expect(ways.webtransport.tries[0]!.closes).toEqual([[1000, "another transport was there first"]]);
    expect(ways.webrtc.tries[0]!.closes).toEqual([[1000, "another transport was there first"]]);
    expect(events).toEqual([
      { type: "began" },
      { type: "failed", kind: "webtransport", code: 1000, reason: "websocket was there first", afterMs: 1500 },
      { type: "failed", kind: "webrtc", code: 1000, reason: "websocket was there first", afterMs: 1000 },
      { type: "opened", kind: "websocket", afterMs: 0 },
    ]);
    transport.send("control", FRAME);
    expect(ways.websocket.tries[0]!.sent).toEqual([["control", FRAME]]);
    await Promise.resolve();
    expect(handlers.closed).not.toHaveBeenCalled();
    // Too late, and nothing that comes that way counts.
    ways.webtransport.tries[0]!.handlers.opened();
    ways.webtransport.tries[0]!.handlers.received("control", FRAME);
    expect([handlers.opened.mock.calls.length, handlers.received.mock.calls.length]).toEqual([1, 0]);
  });

  it("begins the next at once when all that began have failed, and says why", () => {
    const { ways, events, begun, open } = setUp();
    open();
    ways.webtransport.tries[0]!.handlers.closed(1006, "this browser has no WebTransport");
    expect(begun()).toEqual(["webtransport", "webrtc"]);
    expect(events.at(-1)).toEqual({ type: "failed", kind: "webtransport", code: 1006, reason: "this browser has no WebTransport", afterMs: 0 });
  });

  it("TRN-60: reaches the last way at most 2 s after the first when the better ones only hang", () => {
    const { timers, begun, open } = setUp();
    open();
    timers.advance(2_000);
    expect(begun()).toEqual(["webtransport", "webrtc", "websocket"]);
  });

  it("gives up each when its time is up, and ends when none is left, with no code of a room's", async () => {
    const { timers, ways, events, handlers, open } = setUp();
    open();
    timers.advance(20_000);
    await Promise.resolve();
    expect(ways.webrtc.tries[0]!.closes).toEqual([[4408, "no connection within 10 s"]]);
    expect(handlers.closed.mock.calls).toEqual([[1006, "no connection within 10 s"]]);
    const failed = events.filter((event) => event.type === "failed").map(({ kind, afterMs }) => [kind, afterMs]);
    expect(failed).toEqual([["webtransport", 20_000], ["websocket", 18_500], ["webrtc", 19_500]]);
    expect(handlers.opened).not.toHaveBeenCalled();
  });

  it("goes on when a browser refuses to begin", async () => {
    const { ways, events, begun, open } = setUp();
    Object.assign(ways.webtransport, {
      open: () => {
        throw new DOMException("refused by the page's policy", "SecurityError");
      },
    });
    open();
    await Promise.resolve();
    expect(begun()).toEqual(["webrtc"]);
    expect(events[1]).toMatchObject({ kind: "webtransport", reason: "refused by the page's policy" });
  });

  it("closes all that began when its user closes first", async () => {
    const { timers, ways, handlers, open } = setUp();
    const transport = open();
    timers.advance(600);
    transport.close(1000, "left");
    expect(handlers.closed).not.toHaveBeenCalled();
    await Promise.resolve();
    timers.advance(60_000);
    expect(handlers.closed.mock.calls).toEqual([[1000, "left"]]);
    expect([ways.webtransport.tries[0]!.closes, ways.webrtc.tries[0]!.closes]).toEqual([[[1000, "left"]], [[1000, "left"]]]);
    expect(ways.websocket.tries).toEqual([]);
    ways.webrtc.tries[0]!.handlers.opened();
    expect(handlers.opened).not.toHaveBeenCalled();
  });

  it("passes on what the winner brings, and its end", () => {
    const { ways, handlers, open } = setUp();
    const transport = open();
    ways.webtransport.tries[0]!.handlers.opened();
    ways.webtransport.tries[0]!.handlers.received("state", FRAME);
    expect(handlers.received.mock.calls).toEqual([["state", FRAME]]);
    transport.close(4400, "bad");
    expect(ways.webtransport.tries[0]!.closes).toEqual([[4400, "bad"]]);
    ways.webtransport.tries[0]!.handlers.closed(4403, "NotInvited");
    expect(handlers.closed.mock.calls).toEqual([[4403, "NotInvited"]]);
  });
});

describe("what is remembered", () => {
  it("TRN-61: begins with what worked the last time, once something came that way", () => {
    const { timers, kept, ways, begun, open } = setUp();
    open();
    timers.advance(1_500);
    ways.websocket.tries[0]!.handlers.opened();
    expect(kept.content).toEqual({});
    ways.websocket.tries[0]!.handlers.received("control", FRAME);
    expect(kept.content).toEqual({ "theta.transport": "websocket 2500" });
    ways.websocket.tries[0]!.handlers.closed(1006, "");
    open();
    expect([ways.websocket.tries.length, ways.webtransport.tries.length]).toEqual([2, 1]);
    expect(begun()).toContain("websocket");
  });

  it("costs no more than its head start when it fails, and is forgotten", () => {
    const { timers, kept, ways, open } = setUp({ "theta.transport": "websocket 900" });
    open();
    expect([ways.websocket.tries.length, ways.webtransport.tries.length]).toEqual([1, 0]);
    timers.advance(500);
    expect(ways.webtransport.tries.length).toBe(1);
    ways.websocket.tries[0]!.handlers.closed(1006, "nobody there");
    expect(kept.content).toEqual({});
  });

  it("TRN-61: counts for ten minutes from the first time", () => {
    let nowMs = 0;
    const kept = shelf();
    const remembered = createRemembered(kept, () => nowMs);
    remembered.remember("webrtc");
    nowMs = 9 * 60_000;
    remembered.remember("webrtc");
    expect(remembered.recall()).toBe("webrtc");
    nowMs = 10 * 60_000;
    expect(remembered.recall()).toBeNull();
    remembered.remember("webrtc");
    expect(remembered.recall()).toBe("webrtc");
    remembered.forget();
    expect(remembered.recall()).toBeNull();
  });

  it.each(["", "websocket", "telepathy 0", "websocket soon", "websocket 99999999999999"])("is nothing when it is %j", (content) => {
    expect(createRemembered(shelf({ "theta.transport": content }), () => 1_000).recall()).toBeNull();
  });

  it("is nothing where the browser denies storage", () => {
    const denied = { getItem: vi.fn(() => { throw new Error("denied"); }), setItem: vi.fn(() => { throw new Error("denied"); }), removeItem: vi.fn(() => { throw new Error("denied"); }) };
    const remembered = createRemembered(denied, () => 0);
    remembered.remember("webrtc");
    remembered.forget();
    expect(remembered.recall()).toBeNull();
    expect([denied.getItem.mock.calls.length > 0, denied.setItem.mock.calls.length]).toEqual([true, 1]);
  });

  it("TRN-61: puts what stood and carried nothing last", () => {
    const { timers, ways, open } = setUp({ "theta.transport": "webtransport 900" });
    open();
    ways.webtransport.tries[0]!.handlers.opened();
    ways.webtransport.tries[0]!.handlers.closed(4408, "the room did not answer in time");
    open();
    expect([ways.webrtc.tries.length, ways.webtransport.tries.length]).toEqual([1, 1]);
    timers.advance(1_000);
    expect([ways.websocket.tries.length, ways.webtransport.tries.length]).toEqual([1, 1]);
    timers.advance(500);
    expect(ways.webtransport.tries.length).toBe(2);
  });
});
