/**
 * Keeps a connection to the room: opens, shakes hands, beats, and tries again with growing pauses until told to stop.
 *
 *     idle → connecting → online → waiting → connecting → …
 *                  └────────┴→ refused (the room said no, and would again)
 */

import {
  CLOSE_NORMAL,
  CLOSE_PROTOCOL_ERROR,
  CLOSE_TIMEOUT,
  type Lane,
  LANES,
  type OpenTransport,
  type Transport,
} from "@theta/transport";
import {
  decodeFromRoom,
  encodeMessage,
  type FromParticipant,
  type FromRoom,
  HANDSHAKE_SECONDS_MAX,
  HEARTBEAT_INTERVAL_SECONDS_MAX,
  HEARTBEAT_INTERVAL_SECONDS_MIN,
  MESSAGE_LANES,
  type SessionAcknowledge,
  WEBRTC_CONNECT_SECONDS_MAX,
  WireError,
} from "@theta/wire";
import { backoffMs } from "./backoff";
import type { Environment, WakeCause } from "./environment";
import { RoomChangedError, RoomFaultError, WrongRoomError } from "./errors";
import type { Handshake } from "./handshake";
import { createHeartbeat, type Heartbeat } from "./heartbeat";
import { createHeldFrames, type HeldFrames } from "./held-frames";
import type { RoomIdentity } from "./log-follower";
import type { ConnectionState, RefusalCode, Role } from "./types";

/** For one way or another to stand; each has a deadline of its own, which comes first and says more. */
const OPENING_MS_MAX = (WEBRTC_CONNECT_SECONDS_MAX + HANDSHAKE_SECONDS_MAX) * 1000;
/** For the handshake: the room's own deadline, and as long again for the way there. */
const HANDSHAKE_MS_MAX = 2 * HANDSHAKE_SECONDS_MAX * 1000;
const GOING_AWAY = 1001;
const PEER_TIMEOUT = 4504;
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
  /** This may be another network: what worked on the last one counts no more. */
  networkChanged(): void;
  /** Another room answers than the invite is for. True when there is another way than the one to it. */
  leaveWrongRoom(): boolean;
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
  /** The page was away: looks at once whether the connection lives, or tries again. */
  check(): void;
  stop(): void;
}

/** One try: all that ends with it. */
interface Attempt {
  readonly transport: Transport;
  readonly handshake: Handshake;
  readonly held: HeldFrames;
  isOpen: boolean;
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
  let stopListening: readonly (() => void)[] = [];

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
        if (attempt === current) opened(current);
      },
      received: (lane, frame) => {
        if (attempt !== current) return;
        try {
          receive(current, lane, frame);
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
      held: createHeldFrames(),
      isOpen: false,
      isOnline: false,
      heartbeat: null,
      refusal: null,
      cancelDeadline: startDeadline(transport, OPENING_MS_MAX),
    };
    attempt = current;
  }

  function startDeadline(transport: Transport, delayMs: number): () => void {
    return environment.startTimer(delayMs, () => {
      transport.close(CLOSE_TIMEOUT, "the room did not answer in time");
    });
  }

  function opened(current: Attempt): void {
    current.isOpen = true;
    current.cancelDeadline();
    current.cancelDeadline = startDeadline(current.transport, HANDSHAKE_MS_MAX);
    current.transport.send("control", current.handshake.hello);
  }

  /** On lanes of their own frames may overtake the acknowledgement; of datagrams what counts is told again. */
  function receive(current: Attempt, lane: Lane, frame: Uint8Array): void {
    if (current.isOnline || lane === "control") {
      take(current, lane, frame);
      for (const held of current.isOnline ? current.held.take() : []) {
        // What was taken before may have ended it.
        if (attempt === current) take(current, held.lane, held.frame);
      }
    } else if (lane !== "datagram") current.held.put(lane, frame);
  }

  function take(current: Attempt, lane: Lane, frame: Uint8Array): void {
    const framed = decodeFromRoom(frame);
    const message = current.isOnline ? parts.unwrap(framed) : framed;
    current.heartbeat?.handleHeard();
    if (message.type === "Ping") {
      const pong = { type: "Pong", number: message.number, sentMs: message.sentMs, answeredMs: environment.nowMs() } as const;
      // On the ping's own lane: it says that what came before it there has come.
      current.transport.send(lane, encodeMessage(pong));
    } else if (message.type === "Pong") {
      current.heartbeat?.handlePong(message);
      parts.measured();
    } else if (current.isOnline) parts.received(message);
    else if (message.type === "SessionChallenge") prove(current, current.handshake.prove(message, frame));
    else if (message.type === "SessionAcknowledge") join(current, message);
    else throw new RoomFaultError(`${message.type} came before the session stood`);
  }

  function prove(current: Attempt, proof: Promise<Uint8Array>): void {
    proof.then(
      (frame) => {
        current.transport.send("control", frame);
      },
      (error: unknown) => {
        if (attempt === current) fail(error);
      },
    );
  }

  function join(current: Attempt, acknowledge: SessionAcknowledge): void {
    const room = current.handshake.finish(acknowledge);
    const seconds = acknowledge.heartbeatMs / 1000;
    if (seconds < HEARTBEAT_INTERVAL_SECONDS_MIN || seconds > HEARTBEAT_INTERVAL_SECONDS_MAX) {
      throw new RoomFaultError(`the room acknowledged a heartbeat of ${seconds} s`);
    }
    current.cancelDeadline();
    current.isOnline = true;
    failures = 0;
    current.heartbeat = createHeartbeat({
      environment,
      intervalMs: acknowledge.heartbeatMs,
      send: (ping) => {
        transmit(current, ping);
      },
      dead: () => {
        current.transport.close(PEER_TIMEOUT, "the room missed its heartbeats");
      },
    });
    change(parts.established(acknowledge, room));
  }

  function transmit(current: Attempt, message: FromParticipant): void {
    current.transport.send(laneOf(message), encodeMessage(message));
  }

  /** Breaks off because of the room's fault, and tries again; a fault of our own is thrown on. */
  function fail(error: unknown): void {
    if (attempt === null) return;
    const hasOtherWay = error instanceof WrongRoomError && parts.leaveWrongRoom();
    const isElsewhere = (error instanceof WrongRoomError && !hasOtherWay) || error instanceof RoomChangedError;
    if (isElsewhere) {
      attempt.refusal = { code: error instanceof WrongRoomError ? "wrong-room" : "room-changed", reason: error.message };
    }
    attempt.transport.close(closeCodeOf(error), reasonOf(error));
    if (!(isElsewhere || hasOtherWay || error instanceof WireError || error instanceof RoomFaultError)) throw error;
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

  function check(): void {
    retry();
    attempt?.heartbeat?.probe();
  }

  /** Not every transport ends with its page: others would see this person stand there until heartbeats are missed. */
  function leave(): void {
    attempt?.transport.close(GOING_AWAY, "the page was left");
  }

  function wake(cause: WakeCause): void {
    if (cause !== "visible") {
      parts.networkChanged();
      // It may have begun while there was no network, and wait for answers that will not come.
      if (attempt !== null && !attempt.isOpen) {
        abandon();
        void connect();
        return;
      }
    }
    check();
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
      if (stopListening.length === 0) stopListening = [environment.onWake(wake), environment.onLeave(leave)];
      if (state.phase === "online" || (state.phase === "connecting" && !afresh)) return;
      abandon();
      failures = 0;
      void connect();
    },
    check,
    stop() {
      for (const stop of stopListening) stop();
      stopListening = [];
      abandon();
      change({ phase: "closed" });
    },
  };
}

/** Where a message travels (WIRE-2). */
function laneOf({ type }: FromParticipant): Lane {
  return LANES[MESSAGE_LANES[type]]!;
}

function closeCodeOf(error: unknown): number {
  if (error instanceof WrongRoomError) return WRONG_ROOM;
  return error instanceof RoomFaultError ? error.closeCode : CLOSE_PROTOCOL_ERROR;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
