/** The room as it was: past moments, in parts, put over the document while they are looked at. */

import { equalBytes, type FromParticipant, type MomentPart, type UnitPatch } from "@theta/wire";
import type { DocumentSync } from "./document-sync";
import { NotConnectedError, RefusedError, RoomFaultError } from "./errors";

export interface LookingBack {
  /** Shows the moment at a record, or (null) what is now; false when something else was asked for meanwhile. */
  lookAt(seq: bigint | null): Promise<boolean>;
  /** Throws `WireError` or `RoomFaultError`. */
  handlePart(part: MomentPart): void;
  /** Whether it was a moment that the room refused. */
  handleRefused(request: number, code: string, reason: string): boolean;
  /** The connection is gone; what is shown stays. */
  leave(): void;
  /** It is another branch, or another room: back to now. */
  reset(): void;
}

interface Wanted {
  readonly request: number;
  readonly seq: bigint;
  units: UnitPatch[] | null;
  readonly shown: (isShown: boolean) => void;
  readonly failed: (error: Error) => void;
}

/** Moments' requests have numbers of their own, above those of questions. */
const FIRST_REQUEST = 0x8000_0000;

export function createLookingBack(
  sync: Pick<DocumentSync, "view" | "copy" | "showMoment">,
  send: (message: FromParticipant) => boolean,
): LookingBack {
  let last = FIRST_REQUEST;
  let wanted: Wanted | null = null;

  function forget(): void {
    wanted?.shown(false);
    wanted = null;
  }

  function back(): void {
    forget();
    if (sync.view.moment === null) return;
    sync.showMoment(null);
  }

  return {
    lookAt(seq) {
      last = last === 0xffff_ffff ? FIRST_REQUEST : last + 1;
      const request = last;
      if (seq === null) {
        const isBack = wanted !== null || sync.view.moment !== null;
        back();
        if (isBack) send({ type: "MomentRequest", request, seq: 0n });
        return Promise.resolve(true);
      }
      forget();
      return new Promise((shown, failed) => {
        wanted = { request, seq, units: null, shown, failed };
        if (send({ type: "MomentRequest", request, seq })) return;
        wanted = null;
        failed(new NotConnectedError("the room is away"));
      });
    },
    handlePart({ request, seq, first, last: isLast, units, documentHash }) {
      // Of a moment that is no longer wanted, parts may still be on their way.
      if (wanted?.request !== request) return;
      if (first) wanted.units = [];
      if (wanted.units === null) throw new RoomFaultError("a part of a moment came without the first");
      wanted.units.push(...units);
      if (!isLast) return;
      const store = sync.copy();
      store.replace(wanted.units);
      if (!equalBytes(store.hash, documentHash)) throw new RoomFaultError("the moment's hash is not what its parts add up to");
      const { shown } = wanted;
      wanted = null;
      sync.showMoment({ seq, store });
      shown(true);
    },
    handleRefused(request, code, reason) {
      if (request < FIRST_REQUEST) return false;
      if (wanted?.request === request) {
        const { failed } = wanted;
        wanted = null;
        failed(new RefusedError(code, reason));
      }
      return true;
    },
    leave() {
      const { failed } = wanted ?? {};
      wanted = null;
      failed?.(new NotConnectedError("the connection broke off"));
    },
    reset: back,
  };
}
