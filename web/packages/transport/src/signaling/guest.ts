/** A guest's connection to a signalling server (SIG-1 … SIG-8, SIG-15), for the length of one attempt to connect. */

import {
  decodeSignalFromServer,
  encodeSignal,
  type IceServer,
  SIGNAL_PROTOCOL_VERSION,
  SIGNALING_SECONDS_MAX,
  type SignalFromPeer,
  type SignalFromServer,
  type SignalRefused,
  type SignalWelcome,
  WireError,
} from "@theta/wire";
import { ProtocolFault, SignalingFailed } from "../failures";
import type { Timers } from "../timers";
import { CLOSE_NORMAL, CLOSE_PROTOCOL_ERROR, type OpenTransport } from "../transport";
import type { SignalRelayed } from "./negotiation";

const PROTOCOL_MISMATCH = 4426;

export interface GuestParts {
  /** Opens a WebSocket to the server. */
  readonly open: OpenTransport;
  /** The room's id, 16 bytes. */
  readonly room: Uint8Array;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  nowMs(): number;
  welcomed(welcome: SignalWelcome): void;
  /** The room's host is there, by this number. */
  hostCame(host: number): void;
  hostLeft(): void;
  iceServersChanged(servers: readonly IceServer[]): void;
  /** The host says something. */
  told(message: SignalRelayed): void;
  /** The server did not pass a message on. */
  refused(refusal: SignalRefused): void;
  /** The connection has come to nothing, or was lost. */
  failed(failure: SignalingFailed): void;
}

export interface SignalGuest {
  /** Has the server pass a message on; nothing when there is no connection. */
  send(message: SignalRelayed): void;
  /** What was agreed on goes on without the server. */
  leave(): void;
}

export function createSignalGuest(parts: GuestParts): SignalGuest {
  let state: "greeting" | "welcome" | "joined" | "left" = "greeting";
  /** The room's host, and for a moment the one before, whose place it takes. */
  let hosts: number[] = [];
  let cancelDeadline: () => void = () => undefined;

  function within(what: string): void {
    cancelDeadline();
    cancelDeadline = parts.timers.startTimer(SIGNALING_SECONDS_MAX * 1000, () => {
      fail(CLOSE_NORMAL, `${what}; waited ${SIGNALING_SECONDS_MAX} s`);
    });
  }

  const transport = parts.open({
    opened: () => undefined,
    received(_lane, frame) {
      if (state === "left") return;
      try {
        handle(decodeSignalFromServer(frame));
      } catch (error) {
        if (!(error instanceof WireError || error instanceof ProtocolFault)) throw error;
        fail(error instanceof ProtocolFault ? error.code : CLOSE_PROTOCOL_ERROR, error.message);
      }
    },
    closed(code, reason) {
      if (state === "left") return;
      const words = state === "joined" ? "the connection to the signalling server was lost" : "the signalling server cannot be reached or turns us away";
      end(`${words} (${reason || code})`);
    },
  });
  within("the signalling server does not answer");

  function say(message: SignalFromPeer): void {
    transport.send("control", encodeSignal(message));
  }

  function handle(message: SignalFromServer): void {
    if (message.type === "Ping") say({ type: "Pong", number: message.number, sentMs: message.sentMs, answeredMs: parts.nowMs() });
    else if (message.type === "Pong") return;
    else if (state === "greeting" && message.type === "SignalGreeting") {
      if (message.protocolVersion !== SIGNAL_PROTOCOL_VERSION) {
        throw new ProtocolFault(`signalling version ${SIGNAL_PROTOCOL_VERSION} meets ${message.protocolVersion} at the server`, PROTOCOL_MISMATCH);
      }
      state = "welcome";
      say({ type: "SignalJoin", protocolVersion: SIGNAL_PROTOCOL_VERSION, room: parts.room });
    } else if (state === "welcome" && message.type === "SignalWelcome") {
      state = "joined";
      within("the room's host is not at the signalling server");
      parts.welcomed(message);
      if (message.host !== 0) handleHost(message.host);
    } else if (state === "joined") handleNews(message);
    else throw new ProtocolFault(`${message.type} came out of place`);
  }

  function handleNews(message: SignalFromServer): void {
    switch (message.type) {
      case "SignalPeerJoined":
        handleHost(message.peer);
        break;
      case "SignalPeerLeft":
        handleHostLeft(message.peer);
        break;
      case "SignalIceServers":
        parts.iceServersChanged(message.iceServers);
        break;
      case "SignalRefused":
        parts.refused(message);
        break;
      case "SignalOffer":
      case "SignalAnswer":
      case "SignalCandidate":
      case "SignalAbandon":
        if (message.peer === hosts[0]) parts.told(message);
        break;
      default:
        throw new ProtocolFault(`${message.type} came out of place`);
    }
  }

  function handleHost(peer: number): void {
    if (hosts.includes(peer)) throw new ProtocolFault(`peer ${peer} joined twice`);
    hosts.push(peer);
    if (hosts.length > 1) return;
    cancelDeadline();
    parts.hostCame(peer);
  }

  function handleHostLeft(peer: number): void {
    if (!hosts.includes(peer)) throw new ProtocolFault(`peer ${peer} left and was not there`);
    const before = hosts[0];
    hosts = hosts.filter((other) => other !== peer);
    if (before !== peer) return;
    parts.hostLeft();
    if (hosts[0] !== undefined) parts.hostCame(hosts[0]);
  }

  function fail(code: number, reason: string): void {
    end(reason);
    transport.close(code, reason);
  }

  function end(reason: string): void {
    if (state === "left") return;
    state = "left";
    cancelDeadline();
    parts.failed(new SignalingFailed(reason));
  }

  return {
    send(message) {
      if (state === "joined") say(message);
    },
    leave() {
      if (state === "left") return;
      state = "left";
      cancelDeadline();
      transport.close(CLOSE_NORMAL, "");
    },
  };
}
