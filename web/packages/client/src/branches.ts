/** The branches of the room, and which one this page is on. */

import { type BranchList, equalBytes, fromHex, type FromParticipant, MAIN_BRANCH, toHex } from "@theta/wire";
import { NotConnectedError, RefusedError } from "./errors";
import { type BranchesView, type BranchId, MAIN } from "./history-types";

export interface Branches {
  readonly view: BranchesView;
  handleList(list: BranchList): void;
  /** The document of a branch is here. */
  handleDocument(branch: Uint8Array): void;
  /** The room does not switch. */
  handleRefused(code: string, reason: string): void;
  switchTo(branch: BranchId): Promise<void>;
  /** A session stands, or stands again: it begins on the main branch (WIRE-30), whatever it was on before. */
  enter(): void;
  leave(): void;
  reset(): void;
}

interface Switching {
  readonly branch: BranchId;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

export function createBranches(send: (message: FromParticipant) => boolean, changed: () => void): Branches {
  let view: BranchesView = { all: [], current: MAIN };
  let switching: Switching | null = null;
  let current: Uint8Array = MAIN_BRANCH;
  /** Asked for again after a reconnect. */
  let wanted: BranchId = MAIN;

  function show(next: BranchesView): void {
    view = next;
    changed();
  }

  function fail(error: Error): void {
    const { failed } = switching ?? {};
    switching = null;
    wanted = toHex(current);
    failed?.(error);
  }

  return {
    get view() {
      return view;
    },
    handleList({ branches }) {
      const all = branches.map(({ id, name, parent, fork, authorName, atMs }) => {
        return { id: toHex(id), name, parent: toHex(parent), fork, authorName, atMs: Number(atMs) };
      });
      show({ all, current: view.current });
    },
    handleDocument(branch) {
      const id = toHex(branch);
      if (!equalBytes(branch, current)) {
        current = branch.slice();
        show({ all: view.all, current: id });
      }
      if (switching?.branch !== id) return;
      const { done } = switching;
      switching = null;
      done();
    },
    handleRefused(code, reason) {
      fail(new RefusedError(code, reason));
    },
    switchTo(branch) {
      fail(new NotConnectedError("another branch was asked for"));
      if (branch === toHex(current)) return Promise.resolve();
      return new Promise((done, failed) => {
        switching = { branch, done, failed };
        wanted = branch;
        if (!send({ type: "SwitchBranch", branch: fromHex(branch) })) fail(new NotConnectedError("the room is away"));
      });
    },
    enter() {
      if (wanted !== MAIN) send({ type: "SwitchBranch", branch: fromHex(wanted) });
    },
    leave() {
      const { failed } = switching ?? {};
      switching = null;
      failed?.(new NotConnectedError("the connection broke off"));
    },
    reset() {
      fail(new NotConnectedError("the room was left"));
      current = MAIN_BRANCH;
      wanted = MAIN;
      show({ all: [], current: MAIN });
    },
  };
}
