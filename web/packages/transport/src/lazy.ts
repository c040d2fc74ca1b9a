/** Transports whose code is loaded when they are first wanted. */

import { createEnding } from "./ending";
import { wordsOf } from "./failures";
import { CLOSE_ABNORMAL, type OpenTransport, type Transport } from "./transport";
import type * as WebRtc from "./webrtc";

const loadWebRtc = (): Promise<typeof WebRtc> => import("./webrtc");

/** A peer connection to the room's host; see `WebRtcOptions`. */
export function openWebRtc(options: WebRtc.WebRtcOptions): OpenTransport {
  return createLazyTransport("webrtc", async () => (await loadWebRtc()).createWebRtcTransport(options));
}

/** Loads the code beforehand: from a room that is away it could not be had. */
export function prepareWebRtc(): void {
  loadWebRtc().catch(() => undefined);
}

/** What `load` brings, opened once it is here. */
export function createLazyTransport(kind: string, load: () => Promise<OpenTransport>): OpenTransport {
  return (handlers) => {
    const ending = createEnding(handlers);
    let transport: Transport | null = null;
    const fail = (reason: string): void => {
      ending.plan(CLOSE_ABNORMAL, reason);
      ending.happen();
    };
    load().then(
      (open) => {
        if (ending.isPlanned()) return;
        try {
          transport = open(handlers);
        } catch (error) {
          // A browser says so at once when it must not connect there.
          fail(wordsOf(error));
        }
      },
      (error: unknown) => fail(`its code could not be loaded: ${wordsOf(error)}`),
    );
    return {
      kind,
      send(lane, frame) {
        transport?.send(lane, frame);
      },
      close(code, reason) {
        if (transport !== null) {
          transport.close(code, reason);
          return;
        }
        ending.plan(code, reason);
        queueMicrotask(() => {
          ending.happen();
        });
      },
    };
  };
}
