/** New entities as a page asks for them (REP-84): a pose and a shape each. */

import {
  COORDINATE_METRES_MAX,
  STATE_SPAWN_BYTES_MAX,
  STATE_SPAWNED_PER_MESSAGE_MAX,
} from "@theta/wire";
import { InvalidOperationError } from "../errors";
import { checkRotation, within } from "../field-checks";
import { STATE_SHAPES, type StateBody } from "../state-types";
import type { SessionComponents } from "./schema";
import { type PoseComponent, type ShapeComponent, writtenOf } from "./standard";
import { encodeEntities, placed } from "./writing-entities";

const SIZE_METRES_MAX = 65.535;
/** In place of ids: the place in the request from 1 on, with this generation. */
const STAND_IN = 1n << 32n;

/** The bytes of `SpawnEntities`. Throws `InvalidOperationError` when something is out of its limits. */
export function encodeBodies(
  session: Pick<SessionComponents, "layouts">,
  pose: PoseComponent,
  shape: ShapeComponent,
  bodies: readonly StateBody[],
): Uint8Array {
  if (bodies.length < 1 || bodies.length > STATE_SPAWNED_PER_MESSAGE_MAX) {
    throw new InvalidOperationError("bodies", `1 to ${STATE_SPAWNED_PER_MESSAGE_MAX}`);
  }
  bodies.forEach(checkBody);
  const entities = BigUint64Array.from(bodies, (_, at) => STAND_IN | BigInt(at + 1));
  const poses = writtenOf(pose, entities, {
    translation: Float32Array.from(bodies.flatMap((body) => body.position)),
    rotation: Float32Array.from(bodies.flatMap((body) => body.rotation ?? [0, 0, 0, 1])),
  });
  const shapes = writtenOf(shape, entities, {
    kind: Uint8Array.from(bodies, (body) => STATE_SHAPES.indexOf(body.shape)),
    size: Float32Array.from(bodies.flatMap((body) => body.size)),
    colour: Uint8Array.from(bodies.flatMap((body) => body.colour.map((value) => Math.round(255 * value)))),
  });
  const data = encodeEntities(session.layouts, entities, placed([poses, shapes]));
  if (data.length > STATE_SPAWN_BYTES_MAX) throw new InvalidOperationError("bodies", `at most ${STATE_SPAWN_BYTES_MAX} bytes`);
  return data;
}

function checkBody({ shape, size, colour, position, rotation }: StateBody): void {
  if (!STATE_SHAPES.includes(shape)) throw new InvalidOperationError("shape", `one of ${STATE_SHAPES.join(", ")}`);
  within("size", size, 0, SIZE_METRES_MAX);
  within("colour", colour, 0, 1);
  within("position", position, -COORDINATE_METRES_MAX, COORDINATE_METRES_MAX);
  if (rotation !== undefined) checkRotation(rotation);
}
