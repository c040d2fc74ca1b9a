/** Everything about who did what and when that is not one's own next undo: conflicts, branches, the past, who may what. */

import {
  type ConflictNotice,
  type Corrected,
  elementId,
  type FromParticipant,
  type FromRoom,
  type HistoryPage,
  type InviteMade,
  type PolicyAnswer,
  toHex,
  type WhoAnswer,
} from "@theta/wire";
import { createBranches } from "./branches";
import type { DocumentSync } from "./document-sync";
import type { Environment } from "./environment";
import { RefusedError } from "./errors";
import { idBytes } from "./field-checks";
import { encodeCreateBranch, encodeGoverning, encodeMerge } from "./governing";
import type { BranchesView, Conflict, Invite, Maker, PastPage, Policies } from "./history-types";
import type { LogFollower } from "./log-follower";
import { createLookingBack } from "./looking-back";
import { type EncodedOperation, encodeSetEffective } from "./operations";
import type { NamedOperation } from "./outbox";
import { createOwnGestures } from "./own-gestures";
import type { Requests } from "./requests";
import type { CommandName, Correction, Performed, RoomClient, RoomClientEvents } from "./types";

/** How long a new branch may take to be in the room's list after it is on the disk. */
const LISTED_MS_MAX = 5_000;

export interface RoomHistoryParts {
  readonly environment: Environment;
  readonly follower: LogFollower;
  readonly sync: DocumentSync;
  /** Questions to the room, numbered with all others of the session. */
  readonly requests: Requests;
  /** This page's. */
  actor(): bigint;
  send(message: FromParticipant): boolean;
  submit(operations: readonly EncodedOperation[]): Promise<Performed>;
  emit<Name extends "conflict" | "branches">(event: Name, value: RoomClientEvents[Name]): void;
}

export type HistoryMethods = Pick<
  RoomClient,
  | "takeBack"
  | "restore"
  | "repeat"
  | "labelOf"
  | "recordOf"
  | "isLater"
  | "whoMade"
  | "past"
  | "lookAt"
  | "switchBranch"
  | "createBranch"
  | "mergeBranch"
  | "incoming"
  | "govern"
  | "policies"
  | "makeInvite"
>;

export interface RoomHistory {
  readonly branches: BranchesView;
  readonly methods: HistoryMethods;
  /** False when it is none of its messages. Throws `WireError` or `RoomFaultError`. */
  handle(message: FromRoom): boolean;
  /** The document of `sync.branch` came whole. */
  handleDocument(): void;
  correctionOf(corrected: Corrected): Correction;
  /** These are under way. */
  remember(commands: readonly NamedOperation[]): void;
  /** A session stands, or stands again. */
  enter(): void;
  leave(): void;
  /** It is another room. */
  reset(): void;
}

export function createRoomHistory(parts: RoomHistoryParts): RoomHistory {
  const { follower, sync, requests } = parts;
  const send = (message: FromParticipant): boolean => parts.send(message);
  const submit = (operations: readonly EncodedOperation[]): Promise<Performed> => parts.submit(operations);
  /** Rejects when the room admitted it and it came to nothing. */
  const govern = async (operation: EncodedOperation): Promise<Performed> => {
    const performed = await submit([operation]);
    for (const { outcome, reason } of performed.corrections) {
      if (outcome === "no-op") throw new RefusedError("NoEffect", reason);
    }
    return performed;
  };
  const own = createOwnGestures(() => parts.actor());
  const looking = createLookingBack(sync, send);
  let listeners: (() => void)[] = [];
  const branches = createBranches(send, () => {
    parts.emit("branches", branches.view);
    for (const listener of [...listeners]) listener();
  });

  /** Resolves with whether the room lists the branch, in good time. */
  function listed(branch: string): Promise<boolean> {
    const isThere = (): boolean => branches.view.all.some(({ id }) => id === branch);
    if (isThere()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel();
        listeners = listeners.filter((one) => one !== listen);
        resolve(isThere());
      };
      const listen = (): void => {
        if (isThere()) settle();
      };
      const cancel = parts.environment.startTimer(LISTED_MS_MAX, settle);
      listeners.push(listen);
    });
  }

  const methods: HistoryMethods = {
    takeBack: (gestures, cascade) => submit([encodeSetEffective(gestures, false, cascade)]),
    restore: (gestures) => submit([encodeSetEffective(gestures, true)]),
    repeat(gesture) {
      const operations = own.operationsOf(gesture);
      return operations.length === 0 ? null : submit(operations);
    },
    labelOf: (gesture) => own.labelOf(gesture),
    recordOf: (gesture) => follower.placeOf(gesture)?.seq ?? null,
    isLater(one, other) {
      const [a, b] = [follower.placeOf(one), follower.placeOf(other)];
      if (a === null || b === null) return null;
      if (a.lamport !== b.lamport) return a.lamport > b.lamport;
      return one.actor === other.actor ? one.number > other.number : one.actor > other.actor;
    },
    // Async, so that a bad id rejects as everything else does.
    async whoMade(entity, kind, element) {
      const [entityBytes, elementBytes] = [idBytes("entity", entity), idBytes("element", element)];
      const question = { entity: entityBytes, kind, element: elementBytes };
      return makerOf(await requests.ask<WhoAnswer>((request) => ({ type: "WhoRequest", request, ...question })));
    },
    async past(before, count) {
      return pageOf(await requests.ask<HistoryPage>((request) => ({ type: "HistoryRequest", request, beforeSeq: before, count })));
    },
    lookAt: (seq) => looking.lookAt(seq),
    switchBranch(branch) {
      looking.reset();
      return branches.switchTo(branch);
    },
    async createBranch(name, fork = follower.seq) {
      const { names } = await govern(encodeCreateBranch(name, toHex(sync.branch), fork));
      const [made] = names as [CommandName];
      const id = toHex(elementId(made.actor, made.number, "branch"));
      if (!(await listed(id))) throw new RefusedError("NoEffect", "the room has a branch of that name already");
      return id;
    },
    async mergeBranch(source, options = {}) {
      return govern(encodeMerge(source, follower.seq, options));
    },
    async incoming(source, before, count) {
      const question = { source: idBytes("source", source), beforeSeq: before, count };
      return pageOf(await requests.ask<HistoryPage>((request) => ({ type: "MergePreviewRequest", request, ...question })));
    },
    async policies() {
      return policiesOf(await requests.ask<PolicyAnswer>((request) => ({ type: "PolicyRequest", request })));
    },
    async govern(operation) {
      return govern(encodeGoverning(operation));
    },
    async makeInvite(role, seconds) {
      return inviteOf(await requests.ask<InviteMade>((request) => ({ type: "InviteRequest", request, role, seconds })));
    },
  };

  return {
    get branches() {
      return branches.view;
    },
    methods,
    handle(message) {
      switch (message.type) {
        case "ConflictNotice":
          parts.emit("conflict", conflictOf(message));
          return true;
        case "BranchList":
          branches.handleList(message);
          return true;
        case "WhoAnswer":
        case "HistoryPage":
        case "PolicyAnswer":
        case "InviteMade":
          requests.answer(message.request, message);
          return true;
        case "MomentPart":
          looking.handlePart(message);
          return true;
        case "RequestRefused":
          if (message.request === 0) branches.handleRefused(message.code, message.reason);
          else if (!looking.handleRefused(message.request, message.code, message.reason)) requests.handleRefused(message);
          return true;
        default:
          return false;
      }
    },
    handleDocument() {
      branches.handleDocument(sync.branch);
    },
    correctionOf({ actor, number, gesture, outcome, reason, against }) {
      return { name: { actor, number }, outcome, reason, gesture: { actor, number: gesture }, against };
    },
    remember: (commands) => {
      own.remember(commands);
    },
    enter() {
      branches.enter();
    },
    leave() {
      requests.leave();
      looking.leave();
      branches.leave();
    },
    reset() {
      looking.reset();
      branches.reset();
    },
  };
}

function conflictOf({ entity, elements, strategy, mine, mineLabel, theirs, theirName, theirLabel, outcome }: ConflictNotice): Conflict {
  const places = { entity: toHex(entity), elements: elements.map(toHex) };
  return { ...places, strategy, mine, myLabel: mineLabel, theirs, theirName, theirLabel, outcome };
}

function makerOf({ found, actor, author, authorName, colour, label, seq, atMs }: WhoAnswer): Maker | null {
  return found ? { actor, author: toHex(author), name: authorName, colour, label, seq, atMs: Number(atMs) } : null;
}

function pageOf({ entries, more }: HistoryPage): PastPage {
  const steps = entries.map(({ seq, actor, number, author, authorName, colour, label, entity, outcome, atMs }) => {
    const who = { gesture: { actor, number }, author: toHex(author), authorName, colour };
    return { seq, ...who, label, entity: entity.length > 0 ? toHex(entity) : null, outcome, atMs: Number(atMs) };
  });
  return { steps, more };
}

function policiesOf({ strategy, cascade, rules }: PolicyAnswer): Policies {
  const all = rules.map(({ command, role, ...rule }) => ({ command, role, strategy: rule.strategy === "" ? null : rule.strategy }));
  // Only of types without conflicts a strategy may be empty.
  return { strategy: strategy === "" ? "last-writer-wins" : strategy, cascade, rules: all };
}

function inviteOf({ role, token, expiresMs }: InviteMade): Invite {
  return { role, token, expiresMs: expiresMs === 0n ? null : Number(expiresMs) };
}
