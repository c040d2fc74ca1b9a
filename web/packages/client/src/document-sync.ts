/** Commits and document parts into the store and the follower; notices when the document is not the room's. */

import {
  type Commit,
  type DocumentPart,
  equalBytes,
  type FromParticipant,
  MAIN_BRANCH,
  toHex,
  type UnitPatch,
} from "@theta/wire";
import { changeBetween, createDocumentStore, type DocumentStore } from "./document-store";
import { RoomFaultError } from "./errors";
import type { LogFollower } from "./log-follower";
import type { DocumentChange, DocumentView } from "./types";

export interface DocumentSyncParts {
  readonly follower: LogFollower;
  send(message: FromParticipant): void;
  changed(change: DocumentChange): void;
  statusChanged(): void;
}

export interface DocumentSync {
  readonly view: DocumentView;
  /** The branch whose document this is. */
  readonly branch: Uint8Array;
  readonly divergences: number;
  /** Both throw `WireError` or `RoomFaultError`. */
  handleCommit(commit: Commit): void;
  handlePart(part: DocumentPart): void;
  /** The document as it is now, to make a moment of. */
  copy(): DocumentStore;
  /** Shows a past moment instead of the document, until null is given. */
  showMoment(moment: { readonly seq: bigint; readonly store: DocumentStore } | null): void;
  /** The connection is gone: parts that came are of no use. */
  leave(): void;
  /** It is another room. */
  reset(): void;
}

export function createDocumentSync(parts: DocumentSyncParts): DocumentSync {
  const { follower } = parts;
  let store: DocumentStore = createDocumentStore();
  let status: DocumentView["status"] = "loading";
  let hash = toHex(store.hash);
  let divergences = 0;
  /** The units of the document parts so far; null between documents. */
  let arriving: UnitPatch[] | null = null;
  let branch: Uint8Array = MAIN_BRANCH;
  let moment: { readonly seq: bigint; readonly store: DocumentStore } | null = null;

  /** Asks once: until the document has come anew, every further commit differs as well. */
  function diverge(): void {
    if (status === "diverged") return;
    status = "diverged";
    divergences += 1;
    parts.send({ type: "ResyncRequest", seq: follower.seq, documentHash: store.hash });
  }

  function publish(change: DocumentChange): void {
    hash = toHex(store.hash);
    // Who looks at the past sees what happened meanwhile when they are back.
    if (moment === null) tell(change);
    parts.statusChanged();
  }

  function tell(change: DocumentChange): void {
    if (change.changed.length > 0 || change.removed.length > 0) parts.changed(change);
  }

  function showMoment(next: typeof moment): void {
    const before = moment?.store ?? store;
    moment = next;
    tell(changeBetween(before.entities, (moment?.store ?? store).entities));
    parts.statusChanged();
  }

  return {
    get view() {
      const { entities } = moment?.store ?? store;
      return { entities, seq: follower.seq, hash, status, moment: moment?.seq ?? null };
    },
    get branch() {
      return branch;
    },
    get divergences() {
      return divergences;
    },
    handleCommit(commit) {
      if (status === "loading") throw new RoomFaultError("a commit came before the document");
      const last = commit.firstSeq + BigInt(commit.records.length) - 1n;
      if (last <= follower.seq) return;
      if (commit.firstSeq > follower.seq + 1n) {
        // Records are missing, so `seen` and the chain cannot be told: only a new document helps.
        diverge();
        parts.statusChanged();
        return;
      }
      // The session is on its way to another branch, whose document comes whole.
      if (!equalBytes(commit.branch, branch)) {
        follower.take(commit.firstSeq, commit.records);
        publish({ changed: [], removed: [] });
        return;
      }
      const change = store.apply(commit.units);
      follower.take(commit.firstSeq, commit.records);
      if (!equalBytes(store.hash, commit.documentHash)) diverge();
      publish(change);
    },
    handlePart(part) {
      if (part.first) arriving = [];
      if (arriving === null) throw new RoomFaultError("a part of the document came without the first");
      arriving.push(...part.units);
      if (!part.last) return;
      const change = store.replace(arriving);
      arriving = null;
      branch = part.branch.slice();
      follower.jump(part.seq, part.chain);
      follower.witness(part.lamport);
      const isRight = equalBytes(store.hash, part.documentHash);
      status = isRight ? "current" : "diverged";
      if (!isRight) divergences += 1;
      publish(change);
      if (!isRight) throw new RoomFaultError("the document's hash is not what its parts add up to");
    },
    copy: () => store.copy(),
    showMoment,
    leave() {
      arriving = null;
    },
    reset() {
      if (moment !== null) showMoment(null);
      branch = MAIN_BRANCH;
      const removed = [...store.entities.keys()];
      store = createDocumentStore();
      status = "loading";
      arriving = null;
      follower.jump(0n, new Uint8Array(32));
      publish({ changed: [], removed });
    },
  };
}
