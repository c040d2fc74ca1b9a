/** The ways to the room that a page has, best first, and what came of them. */

import {
  createWebSocketTransport,
  createWebTransport,
  openWebRtc,
  type OpenTransport,
  type RaceEvent,
  signalAddress,
  type TransportKind,
  Unavailable,
  type Way,
  type WebTransportPlace,
} from "@theta/transport";
import { HANDSHAKE_SECONDS_MAX, QUIC_HEAD_START_SECONDS, WEBRTC_CONNECT_SECONDS_MAX } from "@theta/wire";
import type { Environment } from "./environment";
import type { LinkView, PassedOver } from "./types";

/** For one that either answers soon or not at all: the room's own deadline, and as long again for the way there. */
const DIRECT_MS_MAX = 2 * HANDSHAKE_SECONDS_MAX * 1000;
const WEBRTC_MS_MAX = WEBRTC_CONNECT_SECONDS_MAX * 1000;
const WEBTRANSPORT_HEAD_START_MS = QUIC_HEAD_START_SECONDS * 1000;
/** It takes two servers, a few round trips and, the first time, the room's loading of its WebRTC. */
const WEBRTC_HEAD_START_MS = 1_000;

/** How a page gets to its room, beside its address. */
export interface WaysOptions {
  /** Link of a signalling server where the room's host can be met when the room itself cannot be reached. */
  readonly signaling?: string;
  /** Uses nothing but this transport. */
  readonly only?: TransportKind;
  /** Uses nothing but addresses that a TURN server lends, and tells nobody one's own. */
  readonly relayOnly?: boolean;
}

export interface WaysParts {
  readonly environment: Environment;
  /** The room's WebSocket, for example ws://localhost:8080/ws. */
  readonly url: string;
  readonly options: WaysOptions;
  /** The room's id; null while neither the invite nor a handshake has told it. */
  room(): Uint8Array | null;
  readonly fetch?: typeof fetch;
}

export interface Ways {
  /** Those to try, best first. */
  list(): readonly Way[];
  /** Another room is at the page's own address: false when there is no way but that. */
  leaveAddress(): boolean;
}

export function createWays(parts: WaysParts): Ways {
  const { environment, options } = parts;
  const ask = parts.fetch ?? ((...request: Parameters<typeof fetch>) => fetch(...request));
  const foreign = options.signaling === undefined ? null : signalAddress(options.signaling);
  let isOwnAddress = true;

  function webRtcOver(signaling: string | null): OpenTransport {
    const room = parts.room();
    if (signaling === null) return unavailable("the link's signalling server is no address of one");
    if (room === null) return unavailable("the link does not name its room");
    return openWebRtc({
      signaling: createWebSocketTransport(signaling),
      room,
      timers: environment,
      nowMs: () => environment.nowMs(),
      relayOnly: options.relayOnly ?? false,
    });
  }

  /** GET /api/webtransport of the room. */
  async function locate(own: URL): Promise<WebTransportPlace | null> {
    const http = `${own.protocol === "wss:" ? "https:" : "http:"}//${own.host}`;
    const response = await ask(`${http}/api/webtransport`, { cache: "no-store", redirect: "error" });
    if (!response.ok) return null;
    const { url, hashes } = (await response.json()) as { readonly url: string; readonly hashes: readonly string[] };
    if (url === "") return null;
    return { url, hashes: hashes.map((hash) => Uint8Array.from(atob(hash), (letter) => letter.charCodeAt(0))) };
  }

  function all(): Way[] {
    const webRtc = (signaling: string | null): Way => {
      return { kind: "webrtc", headStartMs: WEBRTC_HEAD_START_MS, limitMs: WEBRTC_MS_MAX, open: webRtcOver(signaling) };
    };
    const meeting = options.signaling === undefined ? [] : [webRtc(foreign)];
    if (!isOwnAddress) return meeting;
    const own = new URL(parts.url);
    const webTransport = createWebTransport({ locate: () => locate(own), timers: environment });
    return [
      { kind: "webtransport", headStartMs: WEBTRANSPORT_HEAD_START_MS, limitMs: DIRECT_MS_MAX, open: webTransport },
      webRtc(signalAddress(own.origin)),
      ...meeting,
      { kind: "websocket", headStartMs: WEBTRANSPORT_HEAD_START_MS, limitMs: DIRECT_MS_MAX, open: createWebSocketTransport(parts.url) },
    ];
  }

  return {
    list: () => all().filter(({ kind }) => options.only === undefined || kind === options.only),
    leaveAddress() {
      const isLeft = isOwnAddress && options.signaling !== undefined && (options.only ?? "webrtc") === "webrtc";
      if (isLeft) isOwnAddress = false;
      return isLeft;
    },
  };
}

/** What stands for a way that there is not, and says why. */
function unavailable(reason: string): OpenTransport {
  return () => {
    throw new Unavailable(reason);
  };
}

/** What came of the last try, gathered from the events of the race. */
export function linkAfter(view: LinkView, event: RaceEvent): LinkView {
  if (event.type === "began") return NO_LINK;
  if (event.type === "opened") return { ...view, transport: event.kind, openedAfterMs: event.afterMs };
  const { kind, reason, afterMs } = event;
  const passedOver: PassedOver = { transport: kind, reason, afterMs };
  return { ...view, passedOver: [...view.passedOver, passedOver] };
}

export const NO_LINK: LinkView = { transport: null, openedAfterMs: null, passedOver: [] };
