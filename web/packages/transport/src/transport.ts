/** The port between the client and whatever carries its frames. */

export type Lane = "reliable" | "datagram";

export interface Transport {
  /** "websocket" or "memory". */
  readonly kind: string;
  /** Never blocks. A datagram is dropped when the queue is backed up; nothing is sent once closing. */
  send(lane: Lane, frame: Uint8Array): void;
  /** `closed` is called once, with this code and reason unless the other side was first. */
  close(code: number, reason: string): void;
}

/** Called by a transport, never from within `send` or `close`, and never again after `closed`. */
export interface TransportHandlers {
  opened(): void;
  received(lane: Lane, frame: Uint8Array): void;
  /** `code` as a WebSocket's close code: 1006 when there was none. */
  closed(code: number, reason: string): void;
}

export type OpenTransport = (handlers: TransportHandlers) => Transport;

/** No close frame came: the network broke, or nobody was there. */
export const CLOSE_ABNORMAL = 1006;
export const CLOSE_NORMAL = 1000;
/** Bytes that are no frame of this protocol. */
export const CLOSE_PROTOCOL_ERROR = 4400;
