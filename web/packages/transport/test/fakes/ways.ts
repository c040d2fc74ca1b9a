/** Ways to nowhere that do as they are told. */

import type { Lane, Transport, TransportHandlers } from "../../src/transport";
import type { Way } from "../../src/race";
import type { TransportKind } from "../../src/remembered";

export interface FakeWay extends Way {
  /** Of every time it was tried. */
  readonly tries: { readonly handlers: TransportHandlers; readonly closes: (readonly [number, string])[]; readonly sent: (readonly [Lane, Uint8Array])[] }[];
}

export function createFakeWay(kind: TransportKind, headStartMs = 500, limitMs = 4_000): FakeWay {
  const tries: FakeWay["tries"] = [];
  return {
    kind,
    headStartMs,
    limitMs,
    tries,
    open(handlers): Transport {
      const closes: (readonly [number, string])[] = [];
      const sent: (readonly [Lane, Uint8Array])[] = [];
      let isOver = false;
      const told: TransportHandlers = {
        opened: () => handlers.opened(),
        received: (lane, frame) => handlers.received(lane, frame),
        closed(code, reason) {
          if (isOver) return;
          isOver = true;
          handlers.closed(code, reason);
        },
      };
      tries.push({ handlers: told, closes, sent });
      return {
        kind,
        send: (lane, frame) => void sent.push([lane, frame]),
        close(code, reason) {
          closes.push([code, reason]);
          queueMicrotask(() => told.closed(code, reason));
        },
      };
    },
  };
}
