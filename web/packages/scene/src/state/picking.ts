import { STATE_SHAPES, type StateEntity, type StateSample } from "@theta/client";
import { Object3D, Vector3, type Intersection, type Ray, type Raycaster } from "three";
import { hitRow } from "./hit";
import { createShapeGeometry, FINE, trianglesOf } from "./shape-geometry";

/** How far beside something small one may point and still mean it: the tangent of a quarter of a degree. */
const SLACK = 0.004;
/** What is larger than this is scenery, not something for a hand: who drags on it means the view. */
const HAND_METRES_MAX = 4;
const NONE = -1;

/** An entity of the state plane that a ray meets, and that is not too large for a hand. */
export interface StatePick {
  readonly state: StateEntity;
  readonly point: Vector3;
  readonly distance: number;
}

export interface StatePicking {
  /** For pointers: an intersection's `instanceId` is the row. */
  readonly pickable: Object3D;
  pickAlong(ray: Ray, far: number): StatePick | null;
}

/** What a ray means of the rows of the last sample: the first shape that it meets, or else one that it passes closely. */
export function createStatePicking(sampled: () => StateSample | null): StatePicking {
  const triangles = STATE_SHAPES.map((shape) => {
    const geometry = createShapeGeometry(shape, FINE);
    const corners = trianglesOf(geometry);
    geometry.dispose();
    return corners;
  });
  /** Of the last ray: which row it means, and how far away that is. */
  let row = NONE;
  let distance = 0;

  const find = (sample: StateSample, ray: Ray, far: number): void => {
    row = NONE;
    distance = far;
    let besideRow = NONE;
    let besideAway = 0;
    let beside = SLACK;
    const { count, positions, sizes, kinds } = sample;
    const { origin, direction } = ray;
    for (let at = 0, place = 0; at < count; at++, place += 3) {
      const x = positions[place]! - origin.x;
      const y = positions[place + 1]! - origin.y;
      const z = positions[place + 2]! - origin.z;
      const along = x * direction.x + y * direction.y + z * direction.z;
      const [a, b, c] = [sizes[place]!, sizes[place + 1]!, sizes[place + 2]!];
      const radius = Math.sqrt(a * a + b * b + c * c) / 2;
      if (along < -radius || along - radius > distance) continue;
      const off = Math.sqrt(Math.max(x * x + y * y + z * z - along * along, 0));
      if (off > radius + SLACK * along) continue;
      const away = off > radius ? Infinity : hitRow(sample, at, triangles[kinds[at]!] ?? triangles[0]!, ray);
      if (away < distance) {
        distance = away;
        row = at;
      } else if (along > 0 && along < far && off / along < beside) {
        beside = off / along;
        besideRow = at;
        besideAway = along;
      }
    }
    const isForHand = (at: number): boolean => Math.max(...sizes.subarray(at * 3, at * 3 + 3)) <= HAND_METRES_MAX;
    // What is hit counts before what is passed, unless it is only what that stands before.
    if (besideRow >= 0 && (row < 0 || (besideAway < distance && !isForHand(row)))) {
      row = besideRow;
      distance = besideAway;
    }
    if (row >= 0 && !isForHand(row)) row = NONE;
  };
  const pick = (ray: Ray, far: number): StatePick | null => {
    const sample = sampled();
    if (!sample) return null;
    find(sample, ray, far);
    return row < 0 ? null : { state: sample.entities[row]!, distance, point: ray.at(distance, new Vector3()) };
  };

  const pickable = new Object3D();
  pickable.raycast = ({ ray, near, far }: Raycaster, hits: Intersection[]): void => {
    const found = pick(ray, far);
    if (found && found.distance >= near) hits.push({ object: pickable, instanceId: row, distance, point: found.point });
  };
  return { pickable, pickAlong: pick };
}
