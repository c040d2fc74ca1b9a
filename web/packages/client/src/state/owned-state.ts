/** What a page sends of the entities that it owns (REP-66). */

import { OWNED_BODY_BYTES_MAX, OWNED_REPEAT_SECONDS, OWNED_ROWS_MAX, type OwnedState } from "@theta/wire";
import { InvalidOperationError } from "../errors";
import type { SessionComponents } from "./schema";
import type { Written } from "./updates";
import { encodeEntities, type Placed, placed } from "./writing-entities";

export interface OwnedStateSender {
  /** When to say again what is owned, changed or not, in monotonic milliseconds; `null` where nothing was. */
  readonly timeoutMs: number | null;
  /**
   * The messages that tell of owned entities, as many as it takes for each to be a datagram. A message's sequence is also
   * the number of the input that it is (REP-72).
   *
   * `tick` is the page's own count; `ownerships` are those by which it owns the entities, each of which is in it once. One
   * without values says only that it is still held. Throws `InvalidOperationError` when one's values fit in no message;
   * then nothing is to be sent.
   */
  messages(
    nowMs: number,
    tick: number,
    entities: BigUint64Array,
    ownerships: Uint32Array,
    written: readonly Written[],
  ): OwnedState[];
}

export function createOwnedStateSender(session: Pick<SessionComponents, "layouts">): OwnedStateSender {
  let sequence = 0;
  let timeoutMs: number | null = null;

  const bodyOf = (entities: BigUint64Array, columns: readonly Placed[]): Uint8Array =>
    encodeEntities(session.layouts, entities, columns);

  return {
    get timeoutMs() {
      return timeoutMs;
    },
    messages(nowMs, tick, entities, ownerships, written) {
      const columns = placed(written);
      const found: Omit<OwnedState, "sequence">[] = [];
      for (let start = 0; start < entities.length; ) {
        let count = Math.min(OWNED_ROWS_MAX, entities.length - start);
        let body = bodyOf(entities.slice(start, start + count), columns);
        while (body.length > OWNED_BODY_BYTES_MAX) {
          if (count === 1) throw new InvalidOperationError("values", `at most ${OWNED_BODY_BYTES_MAX} bytes for an entity`);
          count = Math.floor(count / 2);
          body = bodyOf(entities.slice(start, start + count), columns);
        }
        const numbers = new Uint8Array(ownerships.slice(start, start + count).buffer);
        found.push({ type: "OwnedState", tick, ownerships: numbers, body });
        start += count;
      }
      timeoutMs = found.length === 0 ? null : nowMs + 1000 * OWNED_REPEAT_SECONDS;
      return found.map((message) => ({ ...message, sequence: (sequence = (sequence + 1) >>> 0) }));
    },
  };
}
