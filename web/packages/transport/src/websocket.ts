/** Frames over a WebSocket: every binary message is one byte of lane and the frame (WIRE-2). */

import { DATAGRAM_BYTES_MAX, DATAGRAM_QUEUE_BYTES_MAX } from "@theta/wire";
import { createEnding, shorten } from "./ending";
import { CLOSE_PROTOCOL_ERROR, LANES, type OpenTransport } from "./transport";

/** What is used of a WebSocket, so that tests can do without a network. */
export type Socket = Pick<WebSocket, "binaryType" | "readyState" | "bufferedAmount" | "send" | "close"> & {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
};

const OPEN = 1;
const CLOSING = 2;

/** Opens WebSockets to `url`. */
export function createWebSocketTransport(url: string, makeSocket = browserSocket): OpenTransport {
  return (handlers) => {
    const socket = makeSocket(url);
    socket.binaryType = "arraybuffer";
    const ending = createEnding(handlers);

    function close(code: number, reason: string): void {
      ending.plan(code, reason);
      // A socket that never opened, or whose network is gone, would take its time to say so.
      if (socket.readyState < CLOSING) socket.close(code, shorten(reason));
      queueMicrotask(() => {
        ending.happen();
      });
    }

    socket.onopen = () => {
      if (!ending.isPlanned()) handlers.opened();
    };
    socket.onmessage = ({ data }) => {
      if (ending.isPlanned()) return;
      const message = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array();
      const lane = message[0] === undefined ? undefined : LANES[message[0]];
      if (lane === undefined) close(CLOSE_PROTOCOL_ERROR, "not a frame: text, empty, or of an unknown lane");
      else handlers.received(lane, message.subarray(1));
    };
    socket.onclose = ({ code, reason }) => {
      ending.plan(code, reason);
      ending.happen();
    };

    return {
      kind: "websocket",
      send(lane, frame) {
        if (socket.readyState !== OPEN || ending.isPlanned()) return;
        if (lane === "datagram" && isDropped(frame, socket.bufferedAmount)) return;
        const message = new Uint8Array(frame.length + 1);
        message[0] = LANES.indexOf(lane);
        message.set(frame, 1);
        socket.send(message);
      },
      close,
    };
  };
}

function browserSocket(url: string): Socket {
  return new WebSocket(url) as Socket;
}

function isDropped(frame: Uint8Array, queuedBytes: number): boolean {
  return frame.length > DATAGRAM_BYTES_MAX || queuedBytes > DATAGRAM_QUEUE_BYTES_MAX;
}
