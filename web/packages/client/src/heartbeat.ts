/**
 * Is the room there, how far away, and how far apart are the clocks (SES-9). Smoothed round trip as in RFC 6298 §2,
 * jitter as in RFC 3550 §6.4.1, clock offset from the sample with the shortest round trip of the last eight.
 */

import { HEARTBEAT_INTERVAL_SECONDS, HEARTBEATS_MISSED_MAX, type Ping, type Pong } from "@theta/wire";
import type { Environment } from "./environment";

const INTERVAL_MS = HEARTBEAT_INTERVAL_SECONDS * 1000;
const OFFSETS_REMEMBERED = 8;

export interface Heartbeat {
  readonly roundTripMs: number | null;
  readonly jitterMs: number | null;
  readonly clockOffsetMs: number | null;
  handleHeard(): void;
  handlePong(pong: Pong): void;
  stop(): void;
}

/** Pings at once and every interval; calls `dead` when nothing was heard for HEARTBEATS_MISSED_MAX of them. */
export function createHeartbeat(environment: Environment, send: (ping: Ping) => void, dead: () => void): Heartbeat {
  const sentAt = new Map<bigint, number>();
  const offsets: { sample: number; offset: number }[] = [];
  let number = 0n;
  let heardAt = environment.monotonicMs();
  let roundTripMs: number | null = null;
  let jitterMs = 0;
  let cancel: () => void = () => undefined;

  function beat(): void {
    const now = environment.monotonicMs();
    if (now - heardAt >= INTERVAL_MS * HEARTBEATS_MISSED_MAX) {
      dead();
      return;
    }
    number += 1n;
    sentAt.set(number, now);
    sentAt.delete(number - BigInt(HEARTBEATS_MISSED_MAX));
    send({ type: "Ping", number, sentMs: environment.nowMs() });
    cancel = environment.startTimer(INTERVAL_MS, beat);
  }
  beat();

  return {
    get roundTripMs() {
      return roundTripMs;
    },
    get jitterMs() {
      return roundTripMs === null ? null : jitterMs;
    },
    get clockOffsetMs() {
      if (offsets.length === 0) return null;
      return offsets.reduce((best, each) => (each.sample < best.sample ? each : best)).offset;
    },
    handleHeard() {
      heardAt = environment.monotonicMs();
    },
    handlePong(pong) {
      const sent = sentAt.get(pong.number);
      if (sent === undefined) return;
      sentAt.delete(pong.number);
      const sample = environment.monotonicMs() - sent;
      if (roundTripMs === null) roundTripMs = sample;
      else {
        jitterMs += (Math.abs(sample - roundTripMs) - jitterMs) / 16;
        roundTripMs += (sample - roundTripMs) / 8;
      }
      offsets.push({ sample, offset: pong.answeredMs - (environment.nowMs() - sample / 2) });
      if (offsets.length > OFFSETS_REMEMBERED) offsets.shift();
    },
    stop() {
      cancel();
    },
  };
}
