import {
  CylinderGeometry,
  DoubleSide,
  InstancedMesh,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  Quaternion,
  Ray,
  RingGeometry,
  Vector3,
  type Group,
} from "three";
import { ARC_POINTS, createArc, traceArc, type Arc } from "./arc";
import type { Placed } from "./placed";
import type { Player } from "./player";

const GOOD = 0x2f6bff;
const BAD = 0xd63b4b;
const THREAD_METRES = 0.006;
const RING_METRES = 0.3;

/** What a ray meets in the world, up to `far` metres away. */
export type Meets = (ray: Ray, far: number) => { readonly point: Vector3; readonly normal: Vector3 } | null;

export interface Teleport {
  /** Where it would lead is shown now. */
  readonly aiming: boolean;
  /** Shows where a throw along `aim` would lead. */
  aim(aim: Placed): void;
  /** Takes the arc away; where the feet would be in the world, or null when nobody can stand there. */
  release(): Vector3 | null;
  dispose(): void;
}

/** An aimed arc with a ring where it lands, on the floor and on whatever is level. */
export function createTeleport(player: Player, gear: Group, meets: Meets): Teleport {
  const { group } = player;
  const arc = createArc();
  const { thread, ring } = createMarks(gear);
  const ray = new Ray();
  const direction = new Vector3();
  const normal = new Vector3();
  const local = { point: new Vector3(), normal };
  let aiming = false;

  const probe = (from: Vector3, to: Vector3): typeof local | null => {
    group.localToWorld(ray.origin.copy(from));
    group.localToWorld(ray.direction.copy(to)).sub(ray.origin);
    const far = ray.direction.length();
    ray.direction.divideScalar(far);
    const hit = meets(ray, far);
    if (!hit) return null;
    // The player stands upright: what is level in the world is level here.
    normal.copy(hit.normal);
    group.worldToLocal(local.point.copy(hit.point));
    return local;
  };

  return {
    get aiming() {
      return aiming;
    },
    aim({ position, rotation }) {
      aiming = true;
      direction.set(0, 0, -1).applyQuaternion(rotation);
      traceArc(arc, position, direction, -group.position.y / player.scale, probe);
      draw(arc, thread, ring);
    },
    release() {
      if (!aiming) return null;
      aiming = thread.visible = ring.visible = false;
      return arc.valid ? group.localToWorld(arc.end.clone()) : null;
    },
    dispose() {
      for (const mark of [thread, ring]) {
        gear.remove(mark);
        mark.geometry.dispose();
        mark.material.dispose();
      }
      thread.dispose();
    },
  };
}

function createMarks(group: Group) {
  const look = { transparent: true, depthWrite: false, toneMapped: false };
  const piece = new CylinderGeometry(THREAD_METRES, THREAD_METRES, 1, 6, 1, true).translate(0, 0.5, 0).rotateX(Math.PI / 2);
  const thread = new InstancedMesh(piece, new MeshBasicMaterial(look), ARC_POINTS - 1);
  const rim = new RingGeometry(RING_METRES * 0.78, RING_METRES, 40).rotateX(-Math.PI / 2);
  // Drawn over the floor it lies on.
  const ring = new Mesh(rim, new MeshBasicMaterial({ ...look, side: DoubleSide, depthTest: false, opacity: 0.9 }));
  thread.frustumCulled = ring.frustumCulled = false;
  thread.visible = ring.visible = false;
  thread.renderOrder = 38;
  ring.renderOrder = 37;
  group.add(thread, ring);
  return { thread, ring };
}

function draw(arc: Arc, thread: InstancedMesh<CylinderGeometry, MeshBasicMaterial>, ring: Mesh<RingGeometry, MeshBasicMaterial>): void {
  thread.count = arc.count - 1;
  for (let at = 0; at < thread.count; at++) {
    const from = arc.points[at] as Vector3;
    along.copy(arc.points[at + 1] as Vector3).sub(from);
    size.set(1, 1, along.length());
    thread.setMatrixAt(at, matrix.compose(from, turn.setFromUnitVectors(FORWARD, along.normalize()), size));
  }
  thread.instanceMatrix.needsUpdate = true;
  thread.visible = true;
  thread.material.color.set(arc.valid ? GOOD : BAD);
  ring.visible = arc.valid;
  ring.material.color.set(GOOD);
  ring.position.copy(arc.end);
}

const FORWARD = new Vector3(0, 0, 1);
const along = new Vector3();
const size = new Vector3();
const turn = new Quaternion();
const matrix = new Matrix4();
