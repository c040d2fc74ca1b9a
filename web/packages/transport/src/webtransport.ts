/** Frames over WebTransport: a bidirectional stream for each reliable lane, and datagrams (spec/transport.md). */

import { DATAGRAM_AGE_SECONDS_MAX, DATAGRAM_BYTES_MAX, TRANSPORT_CLOSE_SECONDS_MAX } from "@theta/wire";
import { createEnding, shorten } from "./ending";
import { ProtocolFault, TransportFailure, Unavailable } from "./failures";
import { createFrameReader } from "./frame-reader";
import { createOutgoing } from "./outgoing";
import type { Timers } from "./timers";
import { CLOSE_ABNORMAL, CLOSE_FRAME_TOO_LARGE, CLOSE_TOO_SLOW, type Lane, LANES, type OpenTransport, RELIABLE_LANES } from "./transport";

/** A stream is written so much at a time, so that what is more urgent does not wait behind more. */
const PIECE_BYTES_MAX = 16_384;
/** Between the end of a stream and that of the session that it came with. */
const FAREWELL_MS = 250;

/** Where a room takes WebTransport, and the SHA-256 of each certificate that it may show there. */
export interface WebTransportPlace {
  readonly url: string;
  readonly hashes: readonly Uint8Array<ArrayBuffer>[];
}

export interface WebTransportOptions {
  /** Asks the room; null when it has none. */
  locate(): Promise<WebTransportPlace | null>;
  readonly timers: Timers;
  /** Null where the browser has none. */
  readonly makeSession?: ((url: string, options: WebTransportOptionsInit) => WebTransport) | null;
}

/** What the browser takes; lib.dom lags behind it. */
export type WebTransportOptionsInit = ConstructorParameters<typeof WebTransport>[1];

export function createWebTransport(options: WebTransportOptions): OpenTransport {
  const { timers, makeSession = browserSession() } = options;
  return (handlers) => {
    const ending = createEnding(handlers);
    const outgoing = createOutgoing(timers);
    /** What waits for something to send, by lane. */
    const idle = new Map<Lane, () => void>();
    let session: WebTransport | null = null;
    let isOpen = false;
    /** Called when nothing waits to be sent any more. */
    let drained: (() => void) | null = null;

    async function connect(): Promise<void> {
      if (makeSession === null) throw new Unavailable("this browser has no WebTransport");
      const place = await options.locate();
      if (place === null) throw new Unavailable("the room offers no WebTransport");
      if (ending.isPlanned()) return;
      const serverCertificateHashes = place.hashes.map((value) => ({ algorithm: "sha-256", value }));
      const made = makeSession(place.url, {
        // Without any, the certificate is one that browsers trust.
        ...(serverCertificateHashes.length > 0 && { serverCertificateHashes }),
        congestionControl: "low-latency",
        requireUnreliable: true,
      });
      session = made;
      made.closed.then(
        ({ closeCode = 0, reason = "" }) => end(closeCode || CLOSE_ABNORMAL, reason),
        (error: unknown) => end(CLOSE_ABNORMAL, wordsOf(error)),
      );
      await made.ready;
      const streams = await Promise.all(RELIABLE_LANES.map((_, index) => made.createBidirectionalStream({ sendOrder: -index })));
      if (ending.isPlanned()) return;
      isOpen = true;
      streams.forEach((stream, index) => carry(RELIABLE_LANES[index]!, stream));
      carryDatagrams(made.datagrams);
      handlers.opened();
    }

    function carry(lane: Lane, stream: WebTransportBidirectionalStream): void {
      const writing = async (): Promise<void> => {
        const writer = (stream.writable as WritableStream<Uint8Array>).getWriter();
        await writer.write(Uint8Array.of(LANES.indexOf(lane)));
        for (;;) {
          const piece = outgoing.takePiece(lane, PIECE_BYTES_MAX);
          if (piece.length > 0) await writer.write(piece);
          else await untilWoken(lane);
        }
      };
      const reading = async (): Promise<void> => {
        const read = createFrameReader((frame) => deliver(lane, frame));
        await readAll(stream.readable as ReadableStream<Uint8Array>, read);
      };
      watch(writing());
      watch(reading());
    }

    function carryDatagrams(datagrams: WebTransportDatagramDuplexStream): void {
      datagrams.outgoingMaxAge = DATAGRAM_AGE_SECONDS_MAX * 1000;
      const writing = async (): Promise<void> => {
        const writer = writableOf(datagrams).getWriter();
        for (;;) {
          await writer.ready;
          const frame = outgoing.takeDatagram();
          if (frame === null) await untilWoken("datagram");
          else await writer.write(frame);
        }
      };
      watch(writing());
      watch(
        readAll(datagrams.readable as ReadableStream<Uint8Array>, (frame) => {
          if (frame.length > DATAGRAM_BYTES_MAX) throw new ProtocolFault(`a datagram of ${frame.length} bytes`, CLOSE_FRAME_TOO_LARGE);
          deliver("datagram", frame);
        }),
      );
    }

    function deliver(lane: Lane, frame: Uint8Array): void {
      if (!ending.isPlanned()) handlers.received(lane, frame);
    }

    /** Ends it when a stream comes to its end by itself; of the session's own end `closed` tells. */
    function watch(carrying: Promise<void>): void {
      carrying.then(
        () => failLater(new ProtocolFault("a stream was ended before the connection")),
        (error: unknown) => {
          if (error instanceof ProtocolFault) close(error.code, error.message);
          else if (isOfStream(error)) failLater(new ProtocolFault("a stream was reset"));
          else if (!isOfSession(error)) throw error;
        },
      );
    }

    function failLater(fault: ProtocolFault): void {
      timers.startTimer(FAREWELL_MS, () => close(fault.code, fault.message));
    }

    function untilWoken(lane: Lane): Promise<void> {
      return new Promise((resolve) => {
        idle.set(lane, resolve);
        if (outgoing.waitingBytes === 0 && RELIABLE_LANES.every((each) => idle.has(each))) drained?.();
      });
    }

    function wake(lane: Lane): void {
      const resume = idle.get(lane);
      idle.delete(lane);
      resume?.();
    }

    function end(code: number, reason: string): void {
      ending.plan(code, reason);
      ending.happen();
    }

    function close(code: number, reason: string): void {
      if (ending.isPlanned()) return;
      ending.plan(code, reason);
      void flush().then(() => {
        outgoing.clear();
        // Before it stands there is nothing to be said to the other side.
        session?.close(isOpen ? { closeCode: code, reason: shorten(reason) } : undefined);
      });
      queueMicrotask(() => {
        ending.happen();
      });
    }

    /** Until what waits was handed on, or time is up. */
    function flush(): Promise<void> {
      if (!isOpen || (outgoing.waitingBytes === 0 && RELIABLE_LANES.every((lane) => idle.has(lane)))) return Promise.resolve();
      return new Promise((resolve) => {
        drained = resolve;
        timers.startTimer(TRANSPORT_CLOSE_SECONDS_MAX * 1000, resolve);
      });
    }

    connect().catch((error: unknown) => {
      const code = error instanceof TransportFailure ? error.code : CLOSE_ABNORMAL;
      const reason = error instanceof TransportFailure ? error.message : wordsOf(error);
      session?.close();
      end(code, reason);
    });

    return {
      kind: "webtransport",
      send(lane, frame) {
        if (!isOpen || ending.isPlanned()) return;
        if (lane === "datagram") outgoing.putDatagram(frame);
        else if (!outgoing.putReliable(lane, frame)) {
          outgoing.clear();
          close(CLOSE_TOO_SLOW, "the room reads too slowly");
          return;
        }
        wake(lane);
      },
      close,
    };
  };
}

function browserSession(): WebTransportOptions["makeSession"] & object | null {
  return typeof WebTransport === "undefined" ? null : (url, init) => new WebTransport(url, init);
}

/** The stream of outgoing datagrams: browsers have it under its older name, or make one on demand. */
function writableOf(datagrams: WebTransportDatagramDuplexStream): WritableStream<Uint8Array> {
  const { createWritable } = datagrams as { createWritable?: () => WritableStream<Uint8Array> };
  return createWritable?.call(datagrams) ?? (datagrams.writable as WritableStream<Uint8Array>);
}

async function readAll(readable: ReadableStream<Uint8Array>, take: (data: Uint8Array) => void): Promise<void> {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(value);
  }
}

function sourceOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "source" in error ? error.source : null;
}

function isOfStream(error: unknown): boolean {
  return sourceOf(error) === "stream";
}

/** Everything that the browser breaks off has a name of its own, or is a DOMException. */
function isOfSession(error: unknown): boolean {
  return sourceOf(error) === "session" || error instanceof DOMException || error instanceof TypeError;
}

function wordsOf(error: unknown): string {
  return (error instanceof Error && error.message) || "the connection could not be made, or was lost";
}
