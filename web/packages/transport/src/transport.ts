/** The port between the client and whatever carries its frames. */

/** How a frame travels (TRN-1): each but "datagram" loses nothing and keeps its order; nothing is ordered between two. */
export type Lane = "control" | "datagram" | "commands" | "state" | "bulk";

/** By the numbers that they have on the wire. */
export const LANES: readonly Lane[] = ["control", "datagram", "commands", "state", "bulk"];

/** Those that lose nothing, in the order in which what waits on them is sent. */
export const RELIABLE_LANES: readonly Lane[] = LANES.filter((lane) => lane !== "datagram");

export interface Transport {
  /** "websocket", "webtransport", "webrtc" or "memory"; "none" while several are tried. */
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
/** The other side did not answer in time. */
export const CLOSE_TIMEOUT = 4408;
export const CLOSE_FRAME_TOO_LARGE = 4413;
/** The other side reads slower than may wait for it. */
export const CLOSE_TOO_SLOW = 4429;
