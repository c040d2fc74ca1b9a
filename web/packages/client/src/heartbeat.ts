/**
 * Is the room there, how far away, and how far apart are the clocks (SES-9, SES-17). Smoothed round trip as in RFC 6298 §2,
 * jitter as in RFC 3550 §6.4.1, clock offset from the sample with the shortest round trip of the last eight.
 */

import { HEARTBEATS_COUNTED_MAX, HEARTBEATS_MISSED_MAX, type Ping, type Pong } from "@theta/wire";
import type { Environment } from "./environment";

const OFFSETS_REMEMBERED = 8;
/** How long a probe waits at least; on a slow way longer, but never for as long as missed heartbeats would take. */
const PROBE_MS_MIN = 1_000;
const PROBE_ROUND_TRIPS = 4;

export interface Heartbeat {
  readonly roundTripMs: number | null;
  readonly jitterMs: number | null;
  /** Of the latest pings, the share that was not answered in time, 0 to 1; null before the first is decided. */
  readonly lossShare: number | null;
  readonly clockOffsetMs: number | null;
  handleHeard(): void;
  handlePong(pong: Pong): void;
  /** Pings at once, and calls `dead` when nothing is heard in the time that an answer takes. */
  probe(): void;
  stop(): void;
}

export interface HeartbeatParts {
  readonly environment: Environment;
  readonly intervalMs: number;
  send(ping: Ping): void;
  dead(): void;
}

/** Pings at once and every interval; calls `dead` when nothing was heard for HEARTBEATS_MISSED_MAX of them. */
export function createHeartbeat(parts: HeartbeatParts): Heartbeat {
  const { environment, intervalMs } = parts;
  const sentAt = new Map<bigint, number>();
  const offsets: { sample: number; offset: number }[] = [];
  const answered: boolean[] = [];
  let number = 0n;
  let heardAt = environment.monotonicMs();
  /** Rises with everything that is heard. */
  let heard = 0;
  let roundTripMs: number | null = null;
  let jitterMs = 0;
  let isProbing = false;
  let cancelBeat: () => void = () => undefined;
  let cancelProbe: () => void = () => undefined;

  function count(isAnswered: boolean): void {
    answered.push(isAnswered);
    if (answered.length > HEARTBEATS_COUNTED_MAX) answered.shift();
  }

  function ping(): void {
    number += 1n;
    sentAt.set(number, environment.monotonicMs());
    if (sentAt.delete(number - BigInt(HEARTBEATS_MISSED_MAX))) count(false);
    parts.send({ type: "Ping", number, sentMs: environment.nowMs() });
  }

  function probe(): void {
    if (isProbing) return;
    isProbing = true;
    const before = heard;
    const longestMs = intervalMs * HEARTBEATS_MISSED_MAX;
    const waitMs = Math.min(longestMs, Math.max(PROBE_MS_MIN, PROBE_ROUND_TRIPS * (roundTripMs ?? 0)));
    cancelProbe = environment.startTimer(waitMs, () => {
      isProbing = false;
      if (heard === before) parts.dead();
    });
    ping();
  }

  function beat(dueMs: number): void {
    const now = environment.monotonicMs();
    // The page was asleep, and has not looked at what came meanwhile: being silent says nothing of the room.
    const hasSlept = now - dueMs >= intervalMs;
    if (hasSlept) heardAt = now;
    if (now - heardAt >= intervalMs * HEARTBEATS_MISSED_MAX) {
      parts.dead();
      return;
    }
    if (hasSlept) probe();
    else ping();
    cancelBeat = environment.startTimer(intervalMs, () => beat(now + intervalMs));
  }
  beat(heardAt);

  return {
    get roundTripMs() {
      return roundTripMs;
    },
    get jitterMs() {
      return roundTripMs === null ? null : jitterMs;
    },
    get lossShare() {
      return answered.length === 0 ? null : answered.filter((isAnswered) => !isAnswered).length / answered.length;
    },
    get clockOffsetMs() {
      if (offsets.length === 0) return null;
      return offsets.reduce((best, each) => (each.sample < best.sample ? each : best)).offset;
    },
    handleHeard() {
      heardAt = environment.monotonicMs();
      heard += 1;
    },
    handlePong(pong) {
      const sent = sentAt.get(pong.number);
      if (sent === undefined) return;
      sentAt.delete(pong.number);
      count(true);
      const sample = environment.monotonicMs() - sent;
      if (roundTripMs === null) roundTripMs = sample;
      else {
        jitterMs += (Math.abs(sample - roundTripMs) - jitterMs) / 16;
        roundTripMs += (sample - roundTripMs) / 8;
      }
      offsets.push({ sample, offset: pong.answeredMs - (environment.nowMs() - sample / 2) });
      if (offsets.length > OFFSETS_REMEMBERED) offsets.shift();
    },
    probe,
    stop() {
      cancelBeat();
      cancelProbe();
    },
  };
}
