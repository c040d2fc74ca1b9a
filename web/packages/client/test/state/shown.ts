/** What somebody who follows a receiver's updates shows; each step is checked to be one that can be done. */

import { expect } from "vitest";
import type { StateReceiver } from "../../src/state/receiving";
import type { SessionComponents } from "../../src/state/schema";
import type { StateUpdate } from "../../src/state/updates";

export function createShown(session: Pick<SessionComponents, "layouts">) {
  const shown = new Map<bigint, Map<number, string>>();
  /** How often each appeared and disappeared. */
  const appeared = new Map<bigint, number>();
  const disappeared = new Map<bigint, number>();

  function count(times: Map<bigint, number>, entity: bigint): void {
    times.set(entity, (times.get(entity) ?? 0) + 1);
  }

  function handle({ spawned, removed, written, despawned }: StateUpdate): void {
    for (const entity of spawned) {
      expect(shown.has(entity)).toBe(false);
      shown.set(entity, new Map());
      count(appeared, entity);
    }
    for (const { number, entities } of removed) {
      for (const entity of entities) expect(shown.get(entity)!.delete(number)).toBe(true);
    }
    for (const { number, rows, entities, words, objects } of written) {
      const stride = session.layouts[number]!.words;
      for (let row = 0; row < rows; row += 1) {
        const texts = objects.map((values) => new TextDecoder().decode(values[row]));
        shown.get(entities[row]!)!.set(number, [...words.subarray(row * stride, row * stride + stride), ...texts].join(" "));
      }
    }
    const changed = [...removed, ...written].flatMap(({ entities }) => [...entities]);
    const others = new Set([...spawned, ...changed]);
    for (const entity of despawned) {
      expect(others.has(entity)).toBe(false);
      expect(shown.delete(entity)).toBe(true);
      count(disappeared, entity);
    }
  }

  return {
    shown: shown as ReadonlyMap<bigint, ReadonlyMap<number, string>>,
    appeared: appeared as ReadonlyMap<bigint, number>,
    disappeared: disappeared as ReadonlyMap<bigint, number>,
    /** Takes what the receiver has to tell; returns how many updates that were. */
    drain(receiver: Pick<StateReceiver, "pollUpdate">): number {
      let updates = 0;
      for (let update = receiver.pollUpdate(); update !== null; update = receiver.pollUpdate()) {
        handle(update);
        updates += 1;
      }
      return updates;
    },
  };
}
