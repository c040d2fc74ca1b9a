/**
 * Agreeing on one peer connection when both sides may offer at any time (SIG-10 … SIG-12). A page is always a guest, and
 * so the polite side: its attempts have even numbers, and it takes the host's offer when two cross. Beyond that it is the
 * table of theta/signaling/negotiation.py.
 */

import {
  NEGOTIATION_ATTEMPTS_AHEAD_MAX,
  NEGOTIATION_SECONDS_MAX,
  SIGNAL_CANDIDATES_MAX,
  SIGNAL_REASON_CHARACTERS_MAX,
  type SignalAbandon,
  type SignalAnswer,
  type SignalCandidate,
  type SignalOffer,
} from "@theta/wire";
import { ProtocolFault, SignalingFailed, TooManyCandidates, type TransportFailure } from "../failures";
import type { Timers } from "../timers";

/** What is passed on between a guest and its host. */
export type SignalRelayed = SignalOffer | SignalAnswer | SignalCandidate | SignalAbandon;

type State = "idle" | "offering" | "answering" | "connecting" | "connected";

export interface NegotiationParts {
  /** The host's number. */
  readonly peer: number;
  readonly timers: Timers;
  send(message: SignalRelayed): void;
  /** Make a peer connection for this attempt and give its offer to `handleDescription`. */
  makeOffer(attempt: number): void;
  /** The same, with the host's offer, and its answer. */
  makeAnswer(attempt: number, sdp: string): void;
  takeAnswer(attempt: number, sdp: string): void;
  /** A candidate of the host's; an empty one says there are no more. */
  addCandidate(attempt: number, candidate: string, mid: string): void;
  /** Close this attempt's peer connection: another attempt has overtaken it. */
  abandon(attempt: number): void;
  /** The same, for good: `start` begins another. */
  failed(attempt: number, failure: TransportFailure): void;
}

export interface Negotiation {
  readonly state: State;
  readonly attempt: number;
  /** Messages about attempts that were overtaken, which were let be. */
  readonly staleMessages: number;
  /** Begins an attempt, unless one is under way. */
  start(): void;
  /** The offer or answer that was asked for. */
  handleDescription(attempt: number, sdp: string): void;
  /** A candidate of one's own: it goes after the description, up to SIGNAL_CANDIDATES_MAX in all. */
  handleCandidate(attempt: number, candidate: string, mid: string): void;
  /** The attempt's peer connection stands, and is no longer the negotiation's. */
  handleConnected(attempt: number): void;
  /** It failed; the host is told. */
  handleFailed(attempt: number, failure: TransportFailure): void;
  /** What the host says. Throws `ProtocolFault` or `TooManyCandidates`; nothing is taken then. */
  handleMessage(message: SignalRelayed): void;
  /** The host has left the server; what stands goes on without it. */
  handlePeerLeft(): void;
  stop(): void;
}

export function createNegotiation(parts: NegotiationParts): Negotiation {
  const { peer, timers } = parts;
  let state: State = "idle";
  let attempt = 0;
  let staleMessages = 0;
  let isDescribed = false;
  let isOtherDescribed = false;
  let hasOtherEnded = false;
  let held: SignalCandidate[] = [];
  let ownCandidates = 0;
  let otherCandidates = { attempt: 0, count: 0 };
  let cancelDeadline: () => void = () => undefined;

  const isUnderWay = (): boolean => state !== "idle" && state !== "connected";
  const offers = (): boolean => attempt > 0 && attempt % 2 === 0;

  function begin(number: number, next: State): void {
    cancelDeadline();
    attempt = number;
    state = next;
    isDescribed = isOtherDescribed = hasOtherEnded = false;
    held = [];
    ownCandidates = 0;
    cancelDeadline = timers.startTimer(NEGOTIATION_SECONDS_MAX * 1000, () => {
      const waitedFor = isDescribed && isOtherDescribed ? "a connection" : "an answer";
      giveUp(new SignalingFailed(`waited ${NEGOTIATION_SECONDS_MAX} s for ${waitedFor}`));
    });
  }

  function give(message: SignalCandidate): void {
    if (message.candidate !== "") {
      if (ownCandidates >= SIGNAL_CANDIDATES_MAX) return;
      ownCandidates += 1;
    }
    parts.send(message);
  }

  function giveUp(failure: TransportFailure): void {
    // An attempt of one's own that was never offered is nothing to the other side.
    if (isDescribed || !offers()) {
      parts.send({ type: "SignalAbandon", peer, attempt, reason: failure.message.slice(0, SIGNAL_REASON_CHARACTERS_MAX) });
    }
    fail(failure);
  }

  function fail(failure: TransportFailure): void {
    cancelDeadline();
    state = "idle";
    held = [];
    parts.failed(attempt, failure);
  }

  /** What a message brings; of an attempt that is newer than the last it begins at nothing. */
  function count(message: SignalRelayed, candidates: number): void {
    const before = otherCandidates.attempt === message.attempt ? otherCandidates.count : 0;
    if (before + candidates > SIGNAL_CANDIDATES_MAX) {
      throw new TooManyCandidates(`${before + candidates} candidates in an attempt; at most ${SIGNAL_CANDIDATES_MAX} are taken`);
    }
    otherCandidates = { attempt: message.attempt, count: before + candidates };
  }

  function handleOffer(message: SignalOffer): void {
    if (message.attempt % 2 === 0) throw new ProtocolFault(`an offer numbered ${message.attempt}, which is for this side to use`);
    if (message.attempt > attempt + NEGOTIATION_ATTEMPTS_AHEAD_MAX) {
      throw new ProtocolFault(`attempt ${message.attempt} is too far ahead of ${attempt}`);
    }
    if (message.attempt <= attempt) {
      staleMessages += 1;
      return;
    }
    checkDescription(message.sdp);
    count(message, candidatesIn(message.sdp));
    if (isUnderWay()) parts.abandon(attempt);
    begin(message.attempt, "answering");
    isOtherDescribed = true;
    parts.makeAnswer(message.attempt, message.sdp);
  }

  function handleAnswer(message: SignalAnswer): void {
    if (!offers() || !isDescribed || isOtherDescribed) throw new ProtocolFault(`attempt ${message.attempt} waits for no answer`);
    checkDescription(message.sdp);
    count(message, candidatesIn(message.sdp));
    isOtherDescribed = true;
    state = "connecting";
    parts.takeAnswer(message.attempt, message.sdp);
  }

  function handleOtherCandidate(message: SignalCandidate): void {
    if (!isOtherDescribed) throw new ProtocolFault("a candidate came before its description");
    if (hasOtherEnded) {
      staleMessages += 1;
      return;
    }
    count(message, message.candidate === "" ? 0 : 1);
    hasOtherEnded = message.candidate === "";
    parts.addCandidate(message.attempt, message.candidate, message.mid);
  }

  return {
    get state() {
      return state;
    },
    get attempt() {
      return attempt;
    },
    get staleMessages() {
      return staleMessages;
    },
    start() {
      if (isUnderWay()) return;
      begin(2 * (Math.floor(attempt / 2) + 1), "offering");
      parts.makeOffer(attempt);
    },
    handleDescription(of, sdp) {
      if (of !== attempt || !isUnderWay() || isDescribed) return;
      isDescribed = true;
      ownCandidates = candidatesIn(sdp);
      parts.send({ type: offers() ? "SignalOffer" : "SignalAnswer", peer, attempt, sdp });
      if (!offers()) state = "connecting";
      const waiting = held;
      held = [];
      for (const candidate of waiting) give(candidate);
    },
    handleCandidate(of, candidate, mid) {
      if (of !== attempt || state === "idle") return;
      const message: SignalCandidate = { type: "SignalCandidate", peer, attempt, candidate, mid };
      if (isDescribed) give(message);
      else if (held.length <= SIGNAL_CANDIDATES_MAX) held.push(message);
    },
    handleConnected(of) {
      if (of !== attempt || !isUnderWay()) return;
      state = "connected";
      cancelDeadline();
    },
    handleFailed(of, failure) {
      if (of === attempt && state !== "idle") giveUp(failure);
    },
    handleMessage(message) {
      if (message.type === "SignalOffer") handleOffer(message);
      else if (message.attempt > attempt) throw new ProtocolFault(`attempt ${message.attempt} was never offered`);
      else if (message.attempt < attempt || state === "idle") staleMessages += 1;
      else if (message.type === "SignalAnswer") handleAnswer(message);
      else if (message.type === "SignalCandidate") handleOtherCandidate(message);
      else fail(new SignalingFailed(`the other side gave up: ${message.reason}`));
    },
    handlePeerLeft() {
      if (isUnderWay()) fail(new SignalingFailed("the room's host has left the signalling server"));
    },
    stop() {
      cancelDeadline();
      state = "idle";
    },
  };
}

/** How many candidates a session description has, at least as many as any reader of it finds. */
function candidatesIn(sdp: string): number {
  return sdp.toLowerCase().split("candidate:").length - 1;
}

/** Throws `ProtocolFault` for what is about anything else than one set of data channels (TRN-33). */
function checkDescription(sdp: string): void {
  const media = sdp.split(/\r\n|\r|\n/u).filter((line) => line.startsWith("m="));
  if (media.length !== 1 || !/^m=application .* UDP\/DTLS\/SCTP webrtc-datachannel$/u.test(media[0] ?? "")) {
    throw new ProtocolFault("a session description has to be about data channels and nothing else");
  }
}
