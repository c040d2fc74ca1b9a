/** Questions to the room that it answers by their number. */

import type { FromParticipant, RequestRefused } from "@theta/wire";
import { NotConnectedError, RefusedError, RoomFaultError } from "./errors";

interface Open {
  readonly answer: (value: never) => void;
  readonly refuse: (error: Error) => void;
}

export interface Requests {
  /** Asks; the promise is settled by `answer` with the same number, or rejected. */
  ask<Answer>(question: (request: number) => FromParticipant): Promise<Answer>;
  /** Throws `RoomFaultError` for an answer to nothing that was asked. */
  answer(request: number, value: unknown): void;
  handleRefused(refused: RequestRefused): void;
  /** What is open will not be answered any more. */
  leave(): void;
}

export function createRequests(send: (message: FromParticipant) => boolean): Requests {
  const open = new Map<number, Open>();
  let last = 0;

  function take(request: number): Open {
    const found = open.get(request);
    if (found === undefined) throw new RoomFaultError(`request ${request} was not asked, or is answered`);
    open.delete(request);
    return found;
  }

  return {
    ask(question) {
      last = (last % 0xffff_ffff) + 1;
      const request = last;
      return new Promise((answer, refuse) => {
        open.set(request, { answer, refuse });
        if (send(question(request))) return;
        open.delete(request);
        refuse(new NotConnectedError("the room is away"));
      });
    },
    answer(request, value) {
      take(request).answer(value as never);
    },
    handleRefused({ request, code, reason }) {
      take(request).refuse(new RefusedError(code, reason));
    },
    leave() {
      for (const { refuse } of open.values()) refuse(new NotConnectedError("the connection broke off"));
      open.clear();
    },
  };
}
