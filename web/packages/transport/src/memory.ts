/** Frames within one process, for tests: what one end sends the other receives, in order, in a later microtask. */

import type { Lane, OpenTransport, Transport, TransportHandlers } from "./transport";

/** A transport that listens: `accept` is called for every one that opens, and answers with its handlers. */
export function createMemoryTransport(accept: (peer: Transport) => TransportHandlers): OpenTransport {
  return (handlers) => {
    let isOpen = true;
    const later = queueMicrotask;

    function makeEnd(target: () => TransportHandlers, own: () => TransportHandlers): Transport {
      return {
        kind: "memory",
        send(lane: Lane, frame: Uint8Array) {
          if (!isOpen) return;
          const copy = frame.slice();
          later(() => {
            if (isOpen) target().received(lane, copy);
          });
        },
        close(code: number, reason: string) {
          if (!isOpen) return;
          // What was sent before still arrives: those microtasks are ahead of this one.
          later(() => {
            if (!isOpen) return;
            isOpen = false;
            own().closed(code, reason);
            target().closed(code, reason);
          });
        },
      };
    }

    const near = makeEnd(
      () => farHandlers,
      () => handlers,
    );
    const far = makeEnd(
      () => handlers,
      () => farHandlers,
    );
    const farHandlers = accept(far);
    later(() => {
      farHandlers.opened();
      handlers.opened();
    });
    return near;
  };
}
