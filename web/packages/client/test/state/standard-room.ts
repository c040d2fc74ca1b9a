/** What a room with the standard components says, made by the page's own writers. */

import {
  blake2b128,
  CELL_ENTITIES_MAX,
  type ComponentDescriptors,
  concat,
  type Pose,
  type Quaternion,
  type StateChunk,
  type StateFrame,
  type Vector3,
} from "@theta/wire";
import { STATE_SHAPES, type StateShape } from "../../src/state-types";
import { REMOVED } from "../../src/state/reading-sections";
import { createSessionComponents, ENTITY, manifestHash } from "../../src/state/schema";
import { findPose, findShape, writtenOf } from "../../src/state/standard";
import { placed } from "../../src/state/writing-entities";
import { encodeHead, encodePart, encodeSection, varint } from "../../src/state/writing-sections";
import { FULL } from "../../src/state/reading-sections";

/** As Python writes them: `theta.replication.standard`. */
export const STANDARD_DESCRIPTORS = [
  '{"fields":[{"codec":{"high":1000000.0,"low":-1000000.0,"name":"fixed-point","step":0.004},"dtype":"<f4","kind":"column","name":"translation","width":3},{"codec":{"bits":11,"name":"smallest-three"},"dtype":"<f4","kind":"column","name":"rotation","width":4}],"id":"f1df9a6ff875cf34","name":"theta.Pose","plane":"state","position":"translation"}',
  '{"fields":[{"dtype":"<u1","kind":"column","name":"kind","width":1},{"codec":{"high":65.535,"low":0.0,"name":"fixed-point","step":0.001},"dtype":"<f4","kind":"column","name":"size","width":3},{"dtype":"<u1","kind":"column","name":"colour","width":3}],"id":"e793553d37bfd3fb","name":"theta.Shape","plane":"state"}',
] as const;
export const STANDARD_MANIFEST = "0b7eb89f22e5bbb5d6134162f1038db8";

export const NO_TURN: Quaternion = [0, 0, 0, 1];

export function standardDescriptors(descriptors: readonly string[] = STANDARD_DESCRIPTORS): ComponentDescriptors {
  return { type: "ComponentDescriptors", first: 1, descriptors: [...descriptors], manifest: manifestHash(descriptors) };
}

export function createStandardSession(descriptors?: readonly string[]) {
  const session = createSessionComponents();
  session.handleDescriptors(standardDescriptors(descriptors));
  return session;
}

export interface Thing {
  readonly entity: bigint;
  /** Left out: it has no pose, or no shape. */
  readonly position?: Vector3;
  readonly rotation?: Quaternion;
  readonly shape?: StateShape;
  readonly size?: Vector3;
  readonly colour?: readonly [number, number, number];
}

/** An id: of generation 1. */
export function entity(index: number, generation = 1): bigint {
  return (BigInt(generation) << 32n) | BigInt(index);
}

/** A red box of 10 cm. */
export function box(index: number, position: Vector3 = [index, 0, 0]): Thing {
  return { entity: entity(index), position, rotation: NO_TURN, shape: "box", size: [0.1, 0.1, 0.1], colour: [255, 0, 0] };
}

const session = createStandardSession();
const pose = findPose(session)!;
const shape = findShape(session)!;

/** A section that tells everything of a cell: 16 things at most. */
export function sectionOf(cell: number, things: readonly Thing[]): Uint8Array {
  const posed = things.filter((thing) => thing.position !== undefined);
  const shaped = things.filter((thing) => thing.shape !== undefined);
  const ids = (some: readonly Thing[]) => BigUint64Array.from(some, (thing) => thing.entity);
  const columns = placed([
    writtenOf(pose, ids(posed), {
      translation: Float32Array.from(posed.flatMap((thing) => thing.position!)),
      rotation: Float32Array.from(posed.flatMap((thing) => thing.rotation ?? NO_TURN)),
    }),
    writtenOf(shape, ids(shaped), {
      kind: Uint8Array.from(shaped, (thing) => STATE_SHAPES.indexOf(thing.shape!)),
      size: Float32Array.from(shaped.flatMap((thing) => thing.size ?? [1, 1, 1])),
      colour: Uint8Array.from(shaped.flatMap((thing) => thing.colour ?? [9, 9, 9])),
    }),
  ]);
  const members = new BigUint64Array(CELL_ENTITIES_MAX);
  members.set(ids(things));
  const all = 2 ** things.length - 1;
  const parts = [encodePart(session.layouts[ENTITY]!, ENTITY, FULL, all, new Int32Array(members.buffer), [])];
  for (const { number, words, places } of columns) {
    const layout = session.layouts[number]!;
    const lanes = new Int32Array(CELL_ENTITIES_MAX * layout.words);
    let rows = 0;
    things.forEach((thing, index) => {
      const row = places.get(thing.entity);
      if (row === undefined) return;
      rows |= 1 << index;
      lanes.set(words.subarray(row * layout.words, (row + 1) * layout.words), index * layout.words);
    });
    if (rows !== 0) parts.push(encodePart(layout, number, FULL, rows, lanes, []));
  }
  return encodeSection(cell, 0, parts);
}

/** A section in which somebody at an index ends. */
export function endOf(cell: number, index: number, age = 1): Uint8Array {
  return encodeSection(cell, age, [concat(encodeHead(ENTITY, REMOVED, 1 << index), varint(0))]);
}

export function frameOf(tick: number, body: Uint8Array, input = 0, sequence = tick): StateFrame {
  return { type: "StateFrame", sequence, tick, input, coded: false, body };
}

export function chunkOf(tick: number, data: Uint8Array, more: Partial<StateChunk> = {}): StateChunk {
  const digest = blake2b128("theta-chunk", data);
  const place = { number: 0, count: 1, part: 0, parts: 1 };
  return { type: "StateChunk", snapshot: 1, tick, ...place, manifest: session.manifest, digest, size: data.length, data, ...more };
}

/** What is shown of an entity in a sample. */
export function poseIn(
  sample: { readonly count: number; readonly entities: BigUint64Array; readonly positions: Float32Array; readonly rotations: Float32Array },
  id: bigint,
): Pose | null {
  const row = sample.entities.subarray(0, sample.count).indexOf(id);
  if (row < 0) return null;
  const [x, y, z] = sample.positions.subarray(3 * row);
  const [a, b, c, d] = sample.rotations.subarray(4 * row);
  return { position: [x!, y!, z!], rotation: [a!, b!, c!, d!] };
}
