/**
 * Packets from `perform` to their acknowledgement: named, signed, sent in order, sent again when that is needed.
 *
 * A packet keeps its nonce and bytes within a session. When the room didn't resume the session, it is stamped and
 * signed anew for the next one, with the same command names, so that it counts once whatever the room had of it. The same
 * happens to one that came too late, below the room's frontier (`Stale`).
 */

import {
  encodePart,
  entityId,
  packetBody,
  packetDigest,
  type PacketAcknowledged,
  type PacketRefused,
  PACKET_BYTES_MAX,
  PACKET_COMMANDS_MAX,
  PACKETS_IN_FLIGHT_MAX,
  type SigningDomain,
  type SubmitPacket,
  toHex,
} from "@theta/wire";
import type { Environment } from "./environment";
import { InvalidOperationError, NotConnectedError, OutboxFullError, RefusedError } from "./errors";
import type { Identity } from "./identity";
import type { LogFollower } from "./log-follower";
import type { EncodedOperation } from "./operations";
import type { Correction, Performed } from "./types";

/** A refusal that names no time is waited for this long. */
const RETRY_MS_MIN = 50;
/** A packet for which the connection was closed this often is given up. */
const FAULTS_MAX = 2;
/** A packet that is too late so often is given up. */
const RESTAMPS_MAX = 10;
/** Between the second stamp and the third, and so on: the records that it lacks may be on their way. */
const RESTAMP_MS = 250;

export interface NamedOperation extends EncodedOperation {
  readonly number: bigint;
  readonly gesture: bigint;
}

interface Entry {
  readonly commands: readonly NamedOperation[];
  readonly branch: Uint8Array;
  readonly corrections: Correction[];
  packet: SubmitPacket | null;
  isSent: boolean;
  faults: number;
  restamps: number;
  /** The record that holds it, once the room has said so. */
  seq: bigint | null;
  readonly resolve: (performed: Performed) => void;
  readonly reject: (error: Error) => void;
}

export interface OutboxParts {
  readonly environment: Environment;
  readonly follower: LogFollower;
  /** The room's clock, milliseconds since 1970. */
  roomTimeMs(): number;
  send(packet: SubmitPacket): void;
  /** These commands are under way, by these names. */
  named(commands: readonly NamedOperation[]): void;
  /** The document is here, so that `seen` can be said. */
  canStamp(): boolean;
  changed(): void;
}

export interface OutboxSession {
  readonly identity: Identity;
  readonly domain: Omit<SigningDomain, "branch">;
  readonly nextNonce: bigint;
  readonly resumed: boolean;
}

export interface Outbox {
  /** Packets that the room has not acknowledged. */
  readonly pending: number;
  /** The first command's number of what is submitted next. */
  readonly nextNumber: bigint;
  submit(operations: readonly EncodedOperation[], gesture: bigint, branch: Uint8Array): Promise<Performed>;
  /** A session stands: everything unacknowledged is sent, in order. */
  enter(session: OutboxSession): void;
  /** The connection is gone; `isFault` when the room closed it because of a packet. */
  leave(isFault: boolean, code: number, reason: string): void;
  /** Sends what can be sent now. */
  pump(): void;
  handleAcknowledged(message: PacketAcknowledged): void;
  handleRefused(message: PacketRefused): void;
  handleCorrected(correction: Correction): void;
  /** The document stands at a later record. */
  handleApplied(): void;
  /** Nothing more will be sent. */
  close(): void;
}

export function createOutbox(parts: OutboxParts): Outbox {
  const { environment, follower } = parts;
  /** In order of their numbers; those with a `seq` wait for the document only. */
  let entries: Entry[] = [];
  let session: OutboxSession | null = null;
  let actor = 0n;
  let nextNonce = 1n;
  let nextNumber = 1n;
  let isSigning = false;
  let hasMore = false;
  let cancelRetry: (() => void) | null = null;
  /** On this connection the room has named a packet that it won't have: it is to blame if the room closes. */
  let hasRefused = false;
  /**
   * The session was taken up again, and the room has not answered to any of what it had not acknowledged: if the first of
   * it is too late, all of it may be, and has to be stamped anew in order.
   */
  let isProbing = false;

  function settle(entry: Entry): void {
    entries = entries.filter((other) => other !== entry);
    parts.changed();
  }

  function unacknowledged(): Entry[] {
    return entries.filter((entry) => entry.seq === null);
  }

  function stopWaiting(): void {
    cancelRetry?.();
    cancelRetry = null;
  }

  function stamp(entry: Entry): Uint8Array {
    return encodePart(packetBody, {
      timestampMs: BigInt(Math.floor(parts.roomTimeMs())),
      commands: entry.commands.map((command) => ({ ...command, lamport: follower.tick() })),
    });
  }

  async function sign(entry: Entry, within: OutboxSession): Promise<SubmitPacket> {
    const [nonce, seen, chain, body] = [nextNonce, follower.seq, follower.chain, stamp(entry)];
    nextNonce += 1n;
    const { branch } = entry;
    const signature = await within.identity.sign(packetDigest({ ...within.domain, branch }, nonce, seen, chain, body));
    return { type: "SubmitPacket", nonce, seen, chain, branch, signature, body };
  }

  /** Sends one entry; false when nothing can be sent now. */
  async function step(): Promise<boolean> {
    const entry = unacknowledged().find((candidate) => !candidate.isSent);
    const within = session;
    if (entry === undefined || within === null || cancelRetry !== null) return false;
    if (isProbing && unacknowledged().some(({ isSent }) => isSent)) return false;
    if (entry.packet === null) {
      if (!parts.canStamp()) return false;
      const packet = await sign(entry, within);
      // The session may have ended meanwhile; the packet would be of no use in another.
      if (session !== within) return true;
      entry.packet = packet;
    }
    entry.isSent = true;
    parts.send(entry.packet);
    return true;
  }

  async function run(): Promise<void> {
    hasMore = true;
    if (isSigning) return;
    isSigning = true;
    try {
      // What was submitted while a step found nothing to do is not forgotten.
      while (hasMore) {
        hasMore = false;
        while (await step());
      }
    } finally {
      isSigning = false;
    }
  }

  function pump(): void {
    run().catch((error: unknown) => {
      // WebCrypto refused to sign: nothing of this page can be sent any more.
      const reason = error instanceof Error ? error.message : String(error);
      for (const entry of unacknowledged()) entry.reject(new NotConnectedError(`cannot sign: ${reason}`));
      entries = entries.filter((entry) => entry.seq !== null);
      parts.changed();
    });
  }

  function find(nonce: bigint): Entry | undefined {
    return unacknowledged().find((entry) => entry.packet?.nonce === nonce);
  }

  /** The room answered: what waits for that goes on. */
  function answered(): void {
    if (!isProbing) return;
    isProbing = false;
    pump();
  }

  /**
   * It came too late: it is stamped and signed anew, and so is what was signed and not sent yet. What was sent after it
   * the room refuses as well, so that numbers still rise (WIRE-38).
   */
  function restamp(entry: Entry): boolean {
    entry.restamps += 1;
    if (entry.restamps > RESTAMPS_MAX) return false;
    entry.isSent = false;
    for (const later of unacknowledged()) if (!later.isSent) later.packet = null;
    if (entry.restamps > 1) waitToRetry(RESTAMP_MS);
    else pump();
    return true;
  }

  // A later `Blocked` names no time of its own and must not put off the wait that is under way.
  function waitToRetry(milliseconds: number): void {
    cancelRetry ??= environment.startTimer(Math.max(RETRY_MS_MIN, milliseconds), () => {
      cancelRetry = null;
      pump();
    });
  }

  function resolveApplied(): void {
    for (const entry of entries) {
      if (entry.seq === null || entry.seq > follower.seq) continue;
      settle(entry);
      entry.resolve(performed(entry, actor, entry.seq));
    }
  }

  return {
    get pending() {
      return unacknowledged().length;
    },
    get nextNumber() {
      return nextNumber;
    },
    submit(operations, gesture, branch) {
      if (unacknowledged().length >= PACKETS_IN_FLIGHT_MAX) {
        return Promise.reject(new OutboxFullError(`${PACKETS_IN_FLIGHT_MAX} packets wait for the room already`));
      }
      if (operations.length < 1 || operations.length > PACKET_COMMANDS_MAX) {
        return Promise.reject(new InvalidOperationError("operations", `1 to ${PACKET_COMMANDS_MAX} of them`));
      }
      const size = operations.reduce((sum, operation) => sum + operation.payload.length + 64, 64);
      if (size > PACKET_BYTES_MAX) {
        return Promise.reject(new InvalidOperationError("operations", `at most ${PACKET_BYTES_MAX} bytes together`));
      }
      const commands = operations.map((operation, index) => ({ ...operation, number: nextNumber + BigInt(index), gesture }));
      nextNumber += BigInt(commands.length);
      parts.named(commands);
      return new Promise((resolve, reject) => {
        const fresh = { packet: null, isSent: false, faults: 0, restamps: 0, seq: null };
        entries.push({ commands, branch, corrections: [], ...fresh, resolve, reject });
        parts.changed();
        pump();
      });
    },
    enter(entered) {
      stopWaiting();
      hasRefused = false;
      session = entered;
      actor = entered.domain.actor;
      if (!entered.resumed) nextNonce = 0n;
      if (entered.nextNonce > nextNonce) nextNonce = entered.nextNonce;
      for (const entry of unacknowledged()) {
        entry.isSent = false;
        if (!entered.resumed) entry.packet = null;
      }
      isProbing = unacknowledged().some(({ packet }) => packet !== null);
      pump();
    },
    leave(isFault, code, reason) {
      stopWaiting();
      session = null;
      const suspect = isFault && !hasRefused ? unacknowledged().find((entry) => entry.isSent) : undefined;
      for (const entry of unacknowledged()) entry.isSent = false;
      if (suspect === undefined) return;
      suspect.faults += 1;
      if (suspect.faults < FAULTS_MAX) return;
      settle(suspect);
      suspect.reject(new RefusedError(`closed ${code}`, reason));
    },
    pump,
    handleAcknowledged({ nonce, seq }) {
      const entry = find(nonce);
      if (entry === undefined) return;
      entry.seq = seq;
      parts.changed();
      resolveApplied();
      answered();
    },
    handleRefused({ nonce, code, reason, retryable, retryAfterMs }) {
      const entry = find(nonce);
      if (entry === undefined) return;
      if (code === "Stale" && restamp(entry)) return;
      if (!retryable) {
        hasRefused = true;
        settle(entry);
        entry.reject(new RefusedError(code, reason));
        answered();
        return;
      }
      entry.isSent = false;
      waitToRetry(retryAfterMs);
    },
    handleCorrected(correction) {
      const { number } = correction.name;
      if (correction.name.actor !== actor) return;
      entries.find((entry) => entry.commands.some((command) => command.number === number))?.corrections.push(correction);
    },
    handleApplied: resolveApplied,
    close() {
      stopWaiting();
      session = null;
      for (const entry of entries) entry.reject(new NotConnectedError("the room was left"));
      entries = [];
      parts.changed();
    },
  };
}

function performed(entry: Entry, actor: bigint, seq: bigint): Performed {
  return {
    names: entry.commands.map(({ number }) => ({ actor, number })),
    created: entry.commands.filter(({ creates }) => creates).map(({ number }) => toHex(entityId(actor, number))),
    seq,
    corrections: [...entry.corrections],
  };
}
