import type { Ping } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { createHeartbeat } from "../src/heartbeat";
import { linkQuality } from "../src/link-quality";
import type { Statistics } from "../src/types";
import { createTestEnvironment } from "./environment";

function setUp(intervalMs = 2_000) {
  const environment = createTestEnvironment();
  const pings: Ping[] = [];
  let deaths = 0;
  const heartbeat = createHeartbeat({ environment, intervalMs, send: (ping) => pings.push(ping), dead: () => (deaths += 1) });
  const answer = (ping: Ping, answeredMs = environment.nowMs()): void => {
    heartbeat.handleHeard();
    heartbeat.handlePong({ type: "Pong", number: ping.number, sentMs: ping.sentMs, answeredMs });
  };
  return { environment, heartbeat, pings, answer, deaths: () => deaths };
}

describe("the heartbeat", () => {
  it("SES-9: smooths round trip and jitter, and takes the clock from the shortest of the last eight", () => {
    const { environment, heartbeat, pings, answer } = setUp();
    expect([heartbeat.roundTripMs, heartbeat.jitterMs, heartbeat.clockOffsetMs, heartbeat.lossShare]).toEqual([null, null, null, null]);
    environment.advance(100);
    answer(pings[0]!, environment.nowMs() - 50 + 7_000);
    expect([heartbeat.roundTripMs, heartbeat.jitterMs, heartbeat.clockOffsetMs]).toEqual([100, 0, 7_000]);
    environment.advance(1_900);
    environment.advance(180);
    answer(pings[1]!, environment.nowMs() + 9_999);
    expect([heartbeat.roundTripMs, heartbeat.jitterMs, heartbeat.clockOffsetMs]).toEqual([110, 5, 7_000]);
  });

  it("SES-9: is dead after three intervals of silence, whatever the interval that was agreed on", () => {
    for (const intervalMs of [250, 2_000, 4_000]) {
      const { environment, pings, deaths } = setUp(intervalMs);
      environment.advance(3 * intervalMs - 1);
      expect([pings.length, deaths()]).toEqual([3, 0]);
      environment.advance(1);
      expect(deaths()).toBe(1);
    }
  });

  it("SES-17: counts the share of the last 32 pings that nobody answered in time", () => {
    const { environment, heartbeat, pings, answer } = setUp();
    for (let beat = 0; beat < 60; beat += 1) {
      heartbeat.handleHeard();
      if (beat % 4 !== 0) answer(pings.at(-1)!);
      environment.advance(2_000);
    }
    expect(heartbeat.lossShare).toBeCloseTo(0.25, 1);
    // An answer that comes after it was counted as lost changes nothing.
    const before = heartbeat.lossShare;
    answer(pings[0]!);
    expect(heartbeat.lossShare).toBe(before);
  });

  it("TRN-62: probes at once, and is dead when nothing is heard in the time that an answer takes", () => {
    const { environment, heartbeat, pings, deaths } = setUp();
    environment.advance(1_500);
    heartbeat.probe();
    heartbeat.probe();
    expect(pings.length).toBe(2);
    environment.advance(999);
    expect(deaths()).toBe(0);
    environment.advance(1);
    expect(deaths()).toBe(1);
  });

  it("waits longer for an answer on a slow way, and takes anything for one", () => {
    const { environment, heartbeat, pings, answer, deaths } = setUp();
    environment.advance(600);
    answer(pings[0]!);
    heartbeat.probe();
    environment.advance(2_399);
    expect(deaths()).toBe(0);
    heartbeat.handleHeard();
    environment.advance(1);
    expect(deaths()).toBe(0);
    heartbeat.probe();
    environment.advance(2_400);
    expect(deaths()).toBe(1);
  });

  it("TRN-62: after a sleep asks before it takes the silence for an end", () => {
    const { environment, heartbeat, pings, deaths } = setUp();
    environment.sleep(3_600_000);
    expect([pings.length, deaths()]).toEqual([2, 0]);
    heartbeat.handleHeard();
    environment.advance(4_000);
    expect(deaths()).toBe(0);
    environment.sleep(3_600_000);
    environment.advance(999);
    expect(deaths()).toBe(0);
    environment.advance(1);
    expect(deaths()).toBe(1);
  });

  it("stops", () => {
    const { environment, heartbeat, pings, deaths } = setUp();
    heartbeat.probe();
    heartbeat.stop();
    environment.advance(60_000);
    expect([pings.length, deaths()]).toEqual([2, 0]);
  });
});

describe("the quality of a link", () => {
  const statistics = (roundTripMs: number | null, jitterMs: number, lossShare: number | null) => ({ roundTripMs, jitterMs, lossShare }) as Statistics;

  it.each([
    [12, 1, 0, "good"],
    [150, 30, null, "good"],
    [151, 1, 0, "fair"],
    [12, 31, 0, "fair"],
    [12, 1, 0.1, "fair"],
    [401, 1, 0, "poor"],
    [12, 101, 0, "poor"],
    [12, 1, 0.2, "poor"],
  ])("with %d ms, ± %d ms and %d lost is %s", (roundTripMs, jitterMs, lossShare, quality) => {
    expect(linkQuality(statistics(roundTripMs, jitterMs, lossShare))).toBe(quality);
  });

  it("is not known before the first answer", () => {
    expect(linkQuality(statistics(null, 0, null))).toBeNull();
  });
});
