/**
 * A page's side of what the room tells of its state (REP-6 to REP-24), as `theta.node.state_follower` is a
 * participant's in Python: messages in; updates, acknowledgements, received chunks and hashes out.
 */

import {
  type CellHashes,
  type CellsLeft,
  type ComponentDescriptors,
  type Decompressor,
  STATE_ACK_FRAMES,
  STATE_ENTITIES_MAX,
  STATE_HASHES_PER_MESSAGE_MAX,
  type StateAck,
  type StateChunk,
  type StateChunksReceived,
  type StateFrame,
  type StateSection,
} from "@theta/wire";
import { RoomFaultError } from "../errors";
import { createHashRound } from "./cell-hashes";
import { createStateReceiver, type SectionCounts } from "./receiving";
import { createSessionComponents, type SessionComponents } from "./schema";
import { createSnapshotReceiver } from "./snapshots";
import type { StateUpdate } from "./updates";

/** How often the room is told what some of the cells are here. */
const HASHES_MS = 2_000;
/** Frames of a tick come together: they are answered together, and before the answer can tell of no more of them. */
const ACK_DELAY_MS = 5;
const UNANSWERED_MAX = STATE_ACK_FRAMES / 8;
/** Those that have ended and those that come may be here at the same time, for as long as an entity takes to change cells. */
const ENTITIES_MAX = 2 * STATE_ENTITIES_MAX;

export type StateMessage = ComponentDescriptors | StateFrame | StateSection | StateChunk | CellsLeft;
export type StateAnswer = StateAck | StateChunksReceived | CellHashes;

export interface StateFollower {
  readonly session: SessionComponents;
  readonly counts: SectionCounts;
  /** Messages that came before the components that they are made of. */
  readonly early: number;
  readonly entityCount: number;
  /** Whether the room has told of its components. */
  readonly isTold: boolean;
  /** Whether the room tells of an entity. */
  has(entity: bigint): boolean;
  /** Whether all that was here at joining has come. */
  readonly isComplete: boolean;
  /** When to call `handleTimeout`, in monotonic milliseconds; `null` for never. */
  readonly timeoutMs: number | null;
  /** Throws `RoomFaultError` or `WireError` for what a room must not say; nothing of it was taken. */
  handleMessage(nowMs: number, message: StateMessage): void;
  handleTimeout(nowMs: number): void;
  /** The connection was lost and there is another: says what is here, for the room to go on from. */
  handleResumed(): void;
  /** What changed, in order; to be drained after each call. */
  pollUpdate(): StateUpdate | null;
  /** What to answer; to be drained after each call. */
  pollAnswer(): StateAnswer | null;
}

/** `decompressor` is `null` when the session has no compression. */
export function createStateFollower(
  decompressor: () => Pick<Decompressor, "decompress"> | null,
  entitiesMax = ENTITIES_MAX,
): StateFollower {
  const session = createSessionComponents();
  const receiver = createStateReceiver(session);
  const snapshot = createSnapshotReceiver(session, receiver, decompressor);
  const round = createHashRound(session, receiver);
  const answers: StateAnswer[] = [];
  let isTold = false;
  let early = 0;
  let hashesMs: number | null = null;
  let ackMs: number | null = null;
  let unanswered = 0;

  function acknowledge(): void {
    const ack = receiver.pollAck();
    if (ack !== null) answers.push(ack);
    ackMs = null;
    unanswered = 0;
  }

  function handleFrame(nowMs: number, message: StateFrame | StateSection): void {
    receiver.handleFrame(nowMs, message);
    ackMs ??= nowMs + ACK_DELAY_MS;
    unanswered += 1;
    if (unanswered >= UNANSWERED_MAX) acknowledge();
  }

  return {
    session,
    get counts() {
      return receiver.counts;
    },
    get early() {
      return early;
    },
    get entityCount() {
      return receiver.entityCount;
    },
    get isTold() {
      return isTold;
    },
    has: (entity) => receiver.has(entity),
    get isComplete() {
      return snapshot.isComplete;
    },
    get timeoutMs() {
      const times = [receiver.timeoutMs, hashesMs, ackMs].filter((each) => each !== null);
      return times.length === 0 ? null : Math.min(...times);
    },
    handleMessage(nowMs, message) {
      if (message.type === "ComponentDescriptors") {
        session.handleDescriptors(message);
        isTold = true;
      } else if (message.type === "CellsLeft") receiver.handleCellsLeft(nowMs, message);
      // A datagram may overtake the components; the room will say it again.
      else if (!isTold) early += 1;
      else if (message.type === "StateChunk") {
        snapshot.handleChunk(nowMs, message);
        const received = snapshot.pollReceived();
        if (received !== null) answers.push(received);
      } else handleFrame(nowMs, message);
      if (receiver.entityCount > entitiesMax) throw new RoomFaultError(`over ${entitiesMax} entities`);
      if (hashesMs === null && receiver.entityCount > 0) hashesMs = nowMs + HASHES_MS;
    },
    handleTimeout(nowMs) {
      receiver.handleTimeout(nowMs);
      if (ackMs !== null && nowMs >= ackMs) acknowledge();
      if (hashesMs !== null && nowMs >= hashesMs) {
        hashesMs = nowMs + HASHES_MS;
        const message = round.hashes();
        if (message.hashes.length > 0) answers.push(message);
      }
    },
    handleResumed() {
      const received = snapshot.resume();
      if (received !== null) answers.push(received);
      for (let told = 0; told < receiver.cells.length; told += STATE_HASHES_PER_MESSAGE_MAX) answers.push(round.hashes());
    },
    pollUpdate: () => receiver.pollUpdate(),
    pollAnswer: () => answers.shift() ?? null,
  };
}
