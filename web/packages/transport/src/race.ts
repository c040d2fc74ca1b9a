/**
 * Several ways to the room, one after the other until the first stands, as in RFC 8305 ("happy eyeballs") and TRN-60: what
 * worked the last time begins, each of the others when the one before has had its head start, or all that began have failed.
 * Whichever stands first is used; the others are given up.
 */

import { createEnding } from "./ending";
import { wordsOf } from "./failures";
import type { Remembered, TransportKind } from "./remembered";
import type { Timers } from "./timers";
import { CLOSE_ABNORMAL, CLOSE_NORMAL, CLOSE_TIMEOUT, type OpenTransport, type Transport } from "./transport";

/** One way to the room. */
export interface Way {
  readonly kind: TransportKind;
  /** So long it has before the next one begins. */
  readonly headStartMs: number;
  /** So long it may take in all. */
  readonly limitMs: number;
  readonly open: OpenTransport;
}

export type RaceEvent =
  | { readonly type: "began" }
  | { readonly type: "opened"; readonly kind: TransportKind; readonly afterMs: number }
  /** `afterMs` since it began; null when its turn never came. */
  | { readonly type: "failed"; readonly kind: TransportKind; readonly code: number; readonly reason: string; readonly afterMs: number | null };

export interface RaceParts {
  /** Best first, at least one; asked at every attempt. */
  ways(): readonly Way[];
  readonly remembered: Remembered;
  readonly timers: Timers;
  told(event: RaceEvent): void;
}

interface Runner {
  readonly transport: Transport;
  readonly beganMs: number;
  readonly cancelLimit: () => void;
}

export function createRace(parts: RaceParts): OpenTransport {
  const { timers, remembered } = parts;
  /** It stood the last time and carried nothing: it comes last. */
  let vain: TransportKind | null = null;

  return (handlers) => {
    const ending = createEnding(handlers);
    const waiting = inOrder(parts.ways(), remembered.recall(), vain);
    const running = new Map<Way, Runner>();
    let winner: Transport | null = null;
    let hasHeard = false;
    let cancelHeadStart: () => void = () => undefined;

    function beginNext(): void {
      cancelHeadStart();
      const way = waiting.shift();
      if (way === undefined) return;
      begin(way);
      if (waiting.length > 0 && winner === null) cancelHeadStart = timers.startTimer(way.headStartMs, beginNext);
    }

    function begin(way: Way): void {
      const beganMs = timers.monotonicMs();
      let transport: Transport;
      try {
        transport = way.open({
          opened: () => win(way),
          received(lane, frame) {
            if (winner !== transport) return;
            if (!hasHeard) {
              hasHeard = true;
              vain = null;
              remembered.remember(way.kind);
            }
            handlers.received(lane, frame);
          },
          closed(code, reason) {
            if (winner === transport) endWith(way, code, reason);
            else lose(way, code, reason);
          },
        });
      } catch (error) {
        // A browser says so at once when it must not connect there.
        queueMicrotask(() => lose(way, CLOSE_ABNORMAL, wordsOf(error)));
        running.set(way, { transport: NOTHING, beganMs, cancelLimit: () => undefined });
        return;
      }
      const cancelLimit = timers.startTimer(way.limitMs, () => {
        transport.close(CLOSE_TIMEOUT, `no connection within ${way.limitMs / 1000} s`);
      });
      running.set(way, { transport, beganMs, cancelLimit });
    }

    function win(way: Way): void {
      const runner = running.get(way);
      if (runner === undefined || winner !== null || ending.isPlanned()) return;
      winner = runner.transport;
      runner.cancelLimit();
      running.delete(way);
      for (const other of running.keys()) tellFailed(other, CLOSE_NORMAL, `${way.kind} was there first`);
      for (const { kind } of waiting) {
        parts.told({ type: "failed", kind, code: CLOSE_NORMAL, reason: `not needed, ${way.kind} was there first`, afterMs: null });
      }
      stopOthers("another transport was there first");
      parts.told({ type: "opened", kind: way.kind, afterMs: timers.monotonicMs() - runner.beganMs });
      handlers.opened();
    }

    function lose(way: Way, code: number, reason: string): void {
      if (!running.has(way)) return;
      tellFailed(way, code, reason);
      running.get(way)?.cancelLimit();
      running.delete(way);
      if (remembered.recall() === way.kind) remembered.forget();
      if (running.size > 0) return;
      if (waiting.length > 0) beginNext();
      else {
        // No code of it is the room's: nobody was reached.
        ending.plan(CLOSE_ABNORMAL, reason);
        ending.happen();
      }
    }

    function endWith(way: Way, code: number, reason: string): void {
      if (!hasHeard && (code === CLOSE_ABNORMAL || code === CLOSE_TIMEOUT)) {
        vain = way.kind;
        remembered.forget();
      }
      ending.plan(code, reason);
      ending.happen();
    }

    function tellFailed(way: Way, code: number, reason: string): void {
      const afterMs = timers.monotonicMs() - (running.get(way)?.beganMs ?? 0);
      parts.told({ type: "failed", kind: way.kind, code, reason: reason || `closed ${code}`, afterMs });
    }

    function stopOthers(reason: string): void {
      cancelHeadStart();
      waiting.length = 0;
      const others = [...running.values()];
      running.clear();
      for (const { transport, cancelLimit } of others) {
        cancelLimit();
        transport.close(CLOSE_NORMAL, reason);
      }
    }

    parts.told({ type: "began" });
    beginNext();
    return {
      get kind() {
        return winner?.kind ?? "none";
      },
      send(lane, frame) {
        winner?.send(lane, frame);
      },
      close(code, reason) {
        if (winner !== null) {
          winner.close(code, reason);
          return;
        }
        ending.plan(code, reason);
        stopOthers(reason);
        queueMicrotask(() => {
          ending.happen();
        });
      },
    };
  };
}

/** Stands for what could not even be begun. */
const NOTHING: Transport = { kind: "none", send: () => undefined, close: () => undefined };

function inOrder(ways: readonly Way[], first: TransportKind | null, last: TransportKind | null): Way[] {
  const rank = ({ kind }: Way): number => (kind === last ? 1 : kind === first ? -1 : 0);
  return [...ways].sort((one, other) => rank(one) - rank(other));
}
