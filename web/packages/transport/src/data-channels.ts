/** Frames on the data channels of one peer connection (TRN-30 … TRN-32, TRN-38). */

import {
  DATAGRAM_BYTES_MAX,
  TRANSPORT_CLOSE_SECONDS_MAX,
  WEBRTC_AHEAD_BYTES_MAX,
  WEBRTC_CONTROL_CHARACTERS_MAX,
  WEBRTC_DATAGRAM_BUFFER_BYTES_MAX,
  WEBRTC_PIECE_BYTES_MAX,
  WEBRTC_RECEIVE_WINDOW_BYTES,
  WEBRTC_SEND_BUFFER_BYTES_MAX,
} from "@theta/wire";
import { shorten } from "./ending";
import { ProtocolFault } from "./failures";
import { createFrameReader } from "./frame-reader";
import { createOutgoing } from "./outgoing";
import type { Timers } from "./timers";
import { CLOSE_ABNORMAL, CLOSE_FRAME_TOO_LARGE, CLOSE_TOO_SLOW, type Lane, LANES, RELIABLE_LANES } from "./transport";

const LOST = "the connection was lost";
/** A channel is low when it has so little. While WEBRTC_AHEAD_BYTES_MAX are ahead, some channel has more, and will tell. */
const LOW_BYTES = WEBRTC_AHEAD_BYTES_MAX / RELIABLE_LANES.length - 1;
/** What does not wait behind an upload: of the other lanes the browser is given only what leaves soon (TRN-21). */
const URGENT: ReadonlySet<Lane> = new Set<Lane>(["control", "commands"]);
const READ = /^read ([0-9]{1,15})$/u;
const CLOSE = /^close ([1-4][0-9]{3}) ?(.*)$/su;

export interface DataChannelsParts {
  readonly timers: Timers;
  /** All channels are there. */
  opened(): void;
  received(lane: Lane, frame: Uint8Array): void;
  /** The other side has ended it, or it was lost; called once, and not after `close` or `abandon`. */
  ended(code: number, reason: string): void;
}

export interface DataChannels {
  send(lane: Lane, frame: Uint8Array): void;
  /** Sends what waits, says the end, and lets go of the peer connection once the other side has, or when time is up. */
  close(code: number, reason: string): void;
  /** Lets go of the peer connection; the other side is told nothing. */
  abandon(): void;
}

/** Makes the channels of a peer connection that has none yet, negotiated out of band. */
export function createDataChannels(peer: RTCPeerConnection, parts: DataChannelsParts): DataChannels {
  const outgoing = createOutgoing(parts.timers);
  let state: "opening" | "open" | "flushing" | "saying" | "over" = "opening";
  let farewell = { code: CLOSE_ABNORMAL, reason: LOST };
  let pieceBytesMax = WEBRTC_PIECE_BYTES_MAX;
  let isPumpDue = false;
  let cancelTimer: () => void = () => undefined;

  const reliable = RELIABLE_LANES.map((lane) =>
    createReliableChannel(lane, makeChannel(peer, lane, {}), (frame) => {
      if (state === "open") parts.received(lane, frame);
    }),
  );
  const datagrams = makeChannel(peer, "datagram", { ordered: false, maxRetransmits: 0 });
  datagrams.bufferedAmountLowThreshold = WEBRTC_DATAGRAM_BUFFER_BYTES_MAX / 2;
  const channels = [datagrams, ...reliable.map(({ channel }) => channel)];

  for (const channel of channels) {
    channel.onopen = () => {
      if (state === "opening" && channels.every(({ readyState }) => readyState === "open")) open();
    };
    channel.onclose = () => lose(peer.sctp?.state === "connected" ? "a data channel was closed" : LOST);
    channel.onbufferedamountlow = pumpSoon;
  }
  peer.onconnectionstatechange = () => {
    if (peer.connectionState === "failed") lose(state === "opening" ? "no way through to the other side" : LOST);
    else if (peer.connectionState === "closed") lose(LOST);
  };
  for (const lane of reliable) {
    lane.channel.onmessage = guarded((data) => {
      if (typeof data !== "string") lane.handlePiece(data);
      else if (lane.handleText(data)) handleClose(lane);
      else pumpSoon();
    });
  }
  datagrams.onmessage = guarded((data) => {
    if (typeof data === "string") throw new ProtocolFault("a text; datagrams are binary");
    if (data.byteLength > DATAGRAM_BYTES_MAX) throw new ProtocolFault(`a datagram of ${data.byteLength} bytes`, CLOSE_FRAME_TOO_LARGE);
    if (state === "open") parts.received("datagram", new Uint8Array(data));
  });

  /** Whoever breaks a rule is told so, and that is the end. */
  function guarded(handle: (data: ArrayBuffer | string) => void): (event: MessageEvent) => void {
    return ({ data }) => {
      if (state === "over") return;
      try {
        handle(data as ArrayBuffer | string);
      } catch (error) {
        if (!(error instanceof ProtocolFault)) throw error;
        end(error.code, error.message);
      }
    };
  }

  function open(): void {
    state = "open";
    pieceBytesMax = Math.min(WEBRTC_PIECE_BYTES_MAX, peer.sctp?.maxMessageSize || WEBRTC_PIECE_BYTES_MAX);
    parts.opened();
  }

  function handleClose({ closed }: ReliableChannel): void {
    if (closed === null || !reliable.every((lane) => lane.closed !== null)) return;
    const isNews = state === "open" || state === "opening";
    release();
    if (isNews) parts.ended(closed.code, closed.reason);
  }

  function lose(reason: string): void {
    const isNews = state === "open" || state === "opening";
    release();
    if (isNews) parts.ended(CLOSE_ABNORMAL, reason);
  }

  /** Ends it from this side, and says so to whoever uses it. */
  function end(code: number, reason: string): void {
    if (state !== "open" && state !== "opening") return;
    outgoing.clear();
    close(code, reason);
    parts.ended(code, reason);
  }

  function pumpSoon(): void {
    if (isPumpDue) return;
    isPumpDue = true;
    // Frames that are sent in the same turn go together.
    queueMicrotask(() => {
      isPumpDue = false;
      pump();
    });
  }

  function pump(): void {
    if (state !== "open" && state !== "flushing") return;
    while (datagrams.readyState === "open" && datagrams.bufferedAmount < WEBRTC_DATAGRAM_BUFFER_BYTES_MAX) {
      const frame = outgoing.takeDatagram();
      if (frame === null) break;
      datagrams.send(frame);
    }
    for (const lane of reliable) {
      const bufferMax = URGENT.has(lane.lane) ? WEBRTC_SEND_BUFFER_BYTES_MAX : WEBRTC_AHEAD_BYTES_MAX;
      for (;;) {
        const buffered = reliable.reduce((sum, { channel }) => sum + channel.bufferedAmount, 0);
        if (buffered >= bufferMax || !lane.fill((size) => outgoing.takePiece(lane.lane, Math.min(size, pieceBytesMax)))) break;
      }
    }
    if (state === "flushing" && outgoing.waitingBytes === 0) sayClose();
  }

  function close(code: number, reason: string): void {
    if (state === "over" || state === "flushing" || state === "saying") return;
    if (state === "opening") {
      release();
      return;
    }
    farewell = { code, reason: shorten(reason) };
    state = "flushing";
    cancelTimer = parts.timers.startTimer(TRANSPORT_CLOSE_SECONDS_MAX * 1000, sayClose);
    pump();
  }

  function sayClose(): void {
    if (state !== "flushing") return;
    state = "saying";
    cancelTimer();
    outgoing.clear();
    for (const lane of reliable) lane.tellClose(farewell.code, farewell.reason);
    cancelTimer = parts.timers.startTimer(TRANSPORT_CLOSE_SECONDS_MAX * 1000, release);
  }

  function release(): void {
    if (state === "over") return;
    state = "over";
    cancelTimer();
    outgoing.clear();
    peer.onconnectionstatechange = null;
    for (const channel of channels) channel.onopen = channel.onclose = channel.onmessage = channel.onbufferedamountlow = null;
    peer.close();
  }

  return {
    send(lane, frame) {
      if (state !== "open") return;
      if (lane === "datagram") outgoing.putDatagram(frame);
      else if (!outgoing.putReliable(lane, frame)) {
        end(CLOSE_TOO_SLOW, "the room reads too slowly");
        return;
      }
      pumpSoon();
    },
    close,
    abandon: release,
  };
}

function makeChannel(peer: RTCPeerConnection, lane: Lane, more: RTCDataChannelInit): RTCDataChannel {
  const id = LANES.indexOf(lane);
  const channel = peer.createDataChannel(`theta-${id}`, { negotiated: true, id, ...more });
  channel.binaryType = "arraybuffer";
  return channel;
}

/** One reliable lane's channel: pieces of its stream both ways, and what one transport says to the other. */
type ReliableChannel = ReturnType<typeof createReliableChannel>;

function createReliableChannel(lane: Lane, channel: RTCDataChannel, received: (frame: Uint8Array) => void) {
  const read = createFrameReader(received);
  let sentBytes = 0;
  let peerReadBytes = 0;
  let receivedBytes = 0;
  let toldBytes = 0;
  let closed: { readonly code: number; readonly reason: string } | null = null;
  channel.bufferedAmountLowThreshold = LOW_BYTES;

  return {
    lane,
    channel,
    get closed() {
      return closed;
    },
    /** Hands the browser one piece; false when there is none, or the other side has no room for it. */
    fill(take: (size: number) => Uint8Array<ArrayBuffer>): boolean {
      const room = peerReadBytes + WEBRTC_RECEIVE_WINDOW_BYTES - sentBytes;
      if (room <= 0 || channel.readyState !== "open") return false;
      const piece = take(room);
      if (piece.length === 0) return false;
      channel.send(piece);
      sentBytes += piece.length;
      return true;
    },
    /** Throws `ProtocolFault` when there is more than was given room for, or a frame is too long. */
    handlePiece(data: ArrayBuffer): void {
      receivedBytes += data.byteLength;
      if (receivedBytes > toldBytes + WEBRTC_RECEIVE_WINDOW_BYTES) {
        throw new ProtocolFault(`more than ${WEBRTC_RECEIVE_WINDOW_BYTES} bytes that were not read`);
      }
      read(new Uint8Array(data));
      if (receivedBytes - toldBytes < WEBRTC_RECEIVE_WINDOW_BYTES / 4 || channel.readyState !== "open") return;
      toldBytes = receivedBytes;
      channel.send(`read ${receivedBytes}`);
    },
    /** Whether the other side closes with it. Throws `ProtocolFault` for what says nothing. */
    handleText(text: string): boolean {
      const [, count] = READ.exec(text) ?? [];
      const [, code, reason = ""] = CLOSE.exec(text) ?? [];
      const isSaid = text.length <= WEBRTC_CONTROL_CHARACTERS_MAX;
      if (isSaid && count !== undefined && peerReadBytes <= Number(count) && Number(count) <= sentBytes) {
        peerReadBytes = Number(count);
        return false;
      }
      if (!isSaid || code === undefined) throw new ProtocolFault("a text that says nothing of a reliable channel");
      closed = { code: Number(code), reason: shorten(reason) };
      return true;
    },
    tellClose(code: number, reason: string): void {
      if (channel.readyState === "open") channel.send(`close ${code} ${reason}`);
    },
  };
}
