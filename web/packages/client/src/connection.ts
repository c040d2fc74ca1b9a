/**
 * Keeps a connection to the room: opens, shakes hands, beats, and tries again with growing pauses until told to stop.
 *
 *     idle → connecting → online → waiting → connecting → …
 *                  └────────┴→ refused (the room said no, and would again)
 */

import { CLOSE_NORMAL, CLOSE_PROTOCOL_ERROR, type Lane, type OpenTransport, type Transport } from "@theta/transport";
import {
  decodeFromRoom,
  encodeMessage,
  type FromParticipant,
  type FromRoom,
  HANDSHAKE_SECONDS_MAX,
  PLANES,
  type SessionAcknowledge,
  WireError,
} from "@theta/wire";
import { backoffMs } from "./backoff";
import type { Environment } from "./environment";
import { RoomChangedError, RoomFaultError, WrongRoomError } from "./errors";
import type { Handshake } from "./handshake";
import { createHeartbeat, type Heartbeat } from "./heartbeat";
import type { RoomIdentity } from "./log-follower";
import type { ConnectionState, RefusalCode, Role } from "./types";

/** For the connection to open and the handshake on it: the room's own deadline, and as long again for the way there. */
const JOIN_MS_MAX = 2 * HANDSHAKE_SECONDS_MAX * 1000;
const PEER_TIMEOUT = 4504;
const HANDSHAKE_TIMEOUT = 4408;
const WRONG_ROOM = 4421;

const REFUSALS = new Map<number, RefusalCode>([
  [4401, "bad-proof"],
  [4403, "not-invited"],
  [4405, "revoked"],
  [4407, "kicked"],
  [4409, "room-full"],
  [4410, "session-replaced"],
  [4426, "protocol-mismatch"],
]);

export interface ConnectionParts {
  readonly environment: Environment;
  readonly open: OpenTransport;
  /** A handshake for a new attempt; throws when this browser can't. */
  shakeHands(): Promise<Handshake>;
  established(acknowledge: SessionAcknowledge, room: RoomIdentity): ConnectionState;
  /** The message that a compressed one holds. Throws `WireError` or `RoomFaultError`. */
  unwrap(message: FromRoom): FromRoom;
  /** Throws `WireError` or `RoomFaultError` for what a room must not say. */
  received(message: FromRoom): void;
  /** A session that stood is gone. */
  lost(code: number, reason: string): void;
  changed(): void;
  /** There is a new round-trip time. */
  measured(): void;
}

export interface Connection {
  readonly state: ConnectionState;
  readonly heartbeat: Heartbeat | null;
  /** Sends when online; false else. */
  send(message: FromParticipant): boolean;
  /** The room lets this page do more, or less, from now on. */
  changeRole(role: Role): void;
  /** Starts, or tries again at once; nothing when online. With `afresh` it also gives up a try that is under way. */
  start(afresh: boolean): void;
  stop(): void;
}

/** One try: all that ends with it. */
interface Attempt {
  readonly transport: Transport;
  readonly handshake: Handshake;
  isOnline: boolean;
  heartbeat: Heartbeat | null;
  refusal: { code: RefusalCode; reason: string } | null;
  cancelDeadline: () => void;
}

export function createConnection(parts: ConnectionParts): Connection {
  const { environment } = parts;
  let state: ConnectionState = { phase: "idle" };
  let attempt: Attempt | null = null;
  /** Failures in a row. */
  let failures = 0;
  /** Rises when what is under way is no longer wanted. */
  let generation = 0;
  let cancelRetry: () => void = () => undefined;
  let stopListening: (() => void) | null = null;

  function change(next: ConnectionState): void {
    state = next;
    parts.changed();
  }

  async function connect(): Promise<void> {
    generation += 1;
    const own = generation;
    cancelRetry();
    change({ phase: "connecting", attempt: failures + 1 });
    let handshake: Handshake;
    try {
      handshake = await parts.shakeHands();
    } catch (error) {
      if (own === generation) change({ phase: "refused", code: "unsupported", reason: reasonOf(error) });
      return;
    }
    if (own === generation) openTransport(handshake);
  }

  function openTransport(handshake: Handshake): void {
    const transport = parts.open({
      opened: () => {
        if (attempt === current) transport.send("reliable", handshake.hello);
      },
      received: (_lane, frame) => {
        if (attempt !== current) return;
        try {
          receive(current, frame);
        } catch (error) {
          fail(error);
        }
      },
      closed: (code, reason) => {
        if (attempt === current) end(current, code, reason);
      },
    });
    const current: Attempt = {
      transport,
      handshake,
      isOnline: false,
      heartbeat: null,
      refusal: null,
      cancelDeadline: environment.startTimer(JOIN_MS_MAX, () => {
        transport.close(HANDSHAKE_TIMEOUT, "the room did not answer in time");
      }),
    };
    attempt = current;
  }

  function receive(current: Attempt, frame: Uint8Array): void {
    const framed = decodeFromRoom(frame);
    const message = current.isOnline ? parts.unwrap(framed) : framed;
    current.heartbeat?.handleHeard();
    if (message.type === "Ping") {
      const answeredMs = environment.nowMs();
      transmit(current, { type: "Pong", number: message.number, sentMs: message.sentMs, answeredMs });
    } else if (message.type === "Pong") {
      current.heartbeat?.handlePong(message);
      parts.measured();
    } else if (current.isOnline) parts.received(message);
    else if (message.type === "SessionChallenge") prove(current, current.handshake.prove(message, frame));
    else if (message.type === "SessionAcknowledge") join(current, message);
    // A datagram may overtake the acknowledgement; it is worth nothing then, or told again.
    else if (PLANES[message.type] !== "state") throw new RoomFaultError(`${message.type} came before the session stood`);
  }

  function prove(current: Attempt, proof: Promise<Uint8Array>): void {
    proof.then(
      (frame) => {
        current.transport.send("reliable", frame);
      },
      (error: unknown) => {
        if (attempt === current) fail(error);
      },
    );
  }

  function join(current: Attempt, acknowledge: SessionAcknowledge): void {
    const room = current.handshake.finish(acknowledge);
    current.cancelDeadline();
    current.isOnline = true;
    failures = 0;
    current.heartbeat = createHeartbeat(
      environment,
      (ping) => {
        transmit(current, ping);
      },
      () => {
        current.transport.close(PEER_TIMEOUT, "the room missed its heartbeats");
      },
    );
    change(parts.established(acknowledge, room));
  }

  function transmit(current: Attempt, message: FromParticipant): void {
    const lane: Lane = PLANES[message.type] === "state" ? "datagram" : "reliable";
    current.transport.send(lane, encodeMessage(message));
  }

  /** Breaks off because of the room's fault, and tries again; a fault of our own is thrown on. */
  function fail(error: unknown): void {
    if (attempt === null) return;
    const isElsewhere = error instanceof WrongRoomError || error instanceof RoomChangedError;
    if (isElsewhere) {
      attempt.refusal = { code: error instanceof WrongRoomError ? "wrong-room" : "room-changed", reason: error.message };
    }
    attempt.transport.close(closeCodeOf(error), reasonOf(error));
    if (!(isElsewhere || error instanceof WireError || error instanceof RoomFaultError)) throw error;
  }

  function end(current: Attempt, code: number, reason: string): void {
    attempt = null;
    current.cancelDeadline();
    current.heartbeat?.stop();
    if (current.isOnline) parts.lost(code, reason);
    const known = REFUSALS.get(code);
    const refusal = current.refusal ?? (known === undefined ? null : { code: known, reason });
    if (refusal !== null) {
      change({ phase: "refused", ...refusal });
      return;
    }
    failures += 1;
    const delayMs = backoffMs(failures, environment.random());
    cancelRetry = environment.startTimer(delayMs, retry);
    change({ phase: "waiting", attempt: failures, retryAtMs: environment.nowMs() + delayMs, reason });
  }

  /** Leaves whatever is under way. */
  function abandon(): void {
    generation += 1;
    cancelRetry();
    const current = attempt;
    attempt = null;
    if (current === null) return;
    current.cancelDeadline();
    current.heartbeat?.stop();
    if (current.isOnline) parts.lost(CLOSE_NORMAL, "");
    current.transport.close(CLOSE_NORMAL, "");
  }

  function retry(): void {
    if (state.phase === "waiting") void connect();
  }

  return {
    get state() {
      return state;
    },
    get heartbeat() {
      return attempt?.heartbeat ?? null;
    },
    send(message) {
      if (attempt === null || !attempt.isOnline) return false;
      transmit(attempt, message);
      return true;
    },
    changeRole(role) {
      if (state.phase === "online" && state.role !== role) change({ ...state, role });
    },
    start(afresh) {
      stopListening ??= environment.onOnline(retry);
      if (state.phase === "online" || (state.phase === "connecting" && !afresh)) return;
      abandon();
      failures = 0;
      void connect();
    },
    stop() {
      stopListening?.();
      stopListening = null;
      abandon();
      change({ phase: "closed" });
    },
  };
}

function closeCodeOf(error: unknown): number {
  if (error instanceof WrongRoomError) return WRONG_ROOM;
  return error instanceof RoomFaultError ? error.closeCode : CLOSE_PROTOCOL_ERROR;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
