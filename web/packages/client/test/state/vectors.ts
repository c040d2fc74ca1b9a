/** The state plane's vectors, which pytest reads as well: spec/vectors/replication.json and codecs.json. */

import { CELL_ENTITIES_MAX, decodeFromRoom, fromHex, type FromRoom, toHex } from "@theta/wire";
import codecs from "../../../../../spec/vectors/codecs.json";
import replication from "../../../../../spec/vectors/replication.json";
import { cellDigests } from "../../src/state/cell-hashes";
import { type CellState, entityAt, type Rows } from "../../src/state/cells";
import { createStateReceiver } from "../../src/state/receiving";
import { type ComponentLayout, createSessionComponents } from "../../src/state/schema";

export { codecs, replication };

export type FrameVector = (typeof replication.frames)[number];

/** The message that hexadecimal digits spell, of the type that is due. */
export function messageOf<T extends FromRoom["type"]>(type: T, hex: string): Extract<FromRoom, { type: T }> {
  const message = decodeFromRoom(fromHex(hex));
  if (message.type !== type) throw new TypeError(`a ${message.type} instead of ${type}`);
  return message as Extract<FromRoom, { type: T }>;
}

/** A page that has been told of the vectors' components. */
export function createVectorSession() {
  const session = createSessionComponents();
  session.handleDescriptors(messageOf("ComponentDescriptors", replication.descriptors));
  return session;
}

/** A page that has taken all frames. */
export function afterTheLastFrame() {
  const session = createVectorSession();
  const receiver = createStateReceiver(session);
  for (const { frame } of replication.frames) receiver.handleFrame(0, messageOf("StateFrame", frame));
  return { session, receiver };
}

/** A row's lanes as integers. */
export function lanesAt(layout: ComponentLayout, rows: Pick<Rows, "words">, index: number): bigint[] {
  let word = index * layout.words;
  return layout.groups.flatMap((lanes, group) =>
    Array.from({ length: lanes }, () => {
      const low = rows.words[word++]!;
      if (layout.naturalBytes[group] !== 8) return BigInt(low);
      return BigInt.asIntN(64, (BigInt(rows.words[word++]!) << 32n) | BigInt(low >>> 0));
    }),
  );
}

/** A cell as the vectors write it. */
export function plainCell(layouts: readonly ComponentLayout[], state: CellState) {
  const indices = Array.from({ length: CELL_ENTITIES_MAX }, (_, index) => index);
  return {
    tick: state.tick,
    entities: indices.map((index) => String(entityAt(state.members, index))),
    components: Object.fromEntries(
      [...state.components].map(([number, rows]) => [
        String(number),
        {
          present: rows.present,
          lanes: indices.map((index) => lanesAt(layouts[number]!, rows, index).map(String)),
          objects: rows.objects.map((values) => values.map(toHex)),
        },
      ]),
    ),
    digests: Object.fromEntries([...cellDigests(layouts, state)].map(([number, hash]) => [String(number), toHex(hash)])),
  };
}
