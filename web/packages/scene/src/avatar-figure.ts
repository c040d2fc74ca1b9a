import {
  BatchedMesh,
  BufferAttribute,
  CapsuleGeometry,
  Color,
  CylinderGeometry,
  LatheGeometry,
  Matrix4,
  MeshStandardMaterial,
  Quaternion,
  SphereGeometry,
  Vector2,
  Vector3,
  type BufferGeometry,
} from "three";
import { mergeGeometries } from "three/addons/utils/BufferGeometryUtils.js";
import type { Placed } from "./presence-motion";

export const HEAD_METRES = 0.17;
const AHEAD = new Vector3(0, 0, -1);
const UP = new Vector3(0, 1, 0);
const FIGURES = 8;
const PARTS = 4;

/** What of somebody is to be seen, and where. */
export interface FigurePose {
  readonly head: Placed | null;
  readonly left: Placed | null;
  readonly right: Placed | null;
}

export interface Figure {
  pose(pose: FigurePose): void;
  dispose(): void;
}

export interface Figures {
  readonly mesh: BatchedMesh;
  /** A person in their colour (0xRRGGBB): a head that turns as they look, a body below it, and hands. */
  add(colour: number): Figure;
  dispose(): void;
}

/** Everybody's bodies, in one draw call. */
export function createFigures(): Figures {
  const shapes = [headShape(), bodyShape(), handShape()] as const;
  const sum = (count: (shape: BufferGeometry) => number): number => shapes.reduce((total, shape) => total + count(shape), 0);
  const mesh = new BatchedMesh(
    FIGURES * PARTS,
    sum((shape) => shape.getAttribute("position").count),
    sum((shape) => shape.getIndex()?.count ?? 0),
    createSkin(),
  );
  mesh.frustumCulled = false;
  mesh.visible = false;
  const [head, body, hand] = shapes.map((shape) => mesh.addGeometry(shape)) as [number, number, number];
  for (const shape of shapes) shape.dispose();
  const matrix = new Matrix4();
  const size = new Vector3(1, 1, 1);
  const ahead = new Vector3();

  const add = (part: number, colour: Color): number => {
    if (mesh.instanceCount >= mesh.maxInstanceCount) mesh.setInstanceCount(mesh.maxInstanceCount * 2);
    const instance = mesh.addInstance(part);
    mesh.setVisibleAt(instance, false);
    mesh.setColorAt(instance, colour);
    return instance;
  };
  const place = (instance: number, placed: Placed | null): void => {
    mesh.setVisibleAt(instance, placed !== null);
    if (placed) mesh.setMatrixAt(instance, matrix.compose(placed.position, placed.rotation, size));
  };
  return {
    mesh,
    add(colour) {
      mesh.visible = true;
      const skin = new Color(colour);
      const instances = [add(head, skin), add(body, skin), add(hand, skin), add(hand, skin)] as const;
      const upright = new Quaternion();
      return {
        pose(pose) {
          if (pose.head) {
            ahead.copy(AHEAD).applyQuaternion(pose.head.rotation);
            // Looking straight up or down, one's body stays as it was.
            if (Math.hypot(ahead.x, ahead.z) > 1e-3) upright.setFromAxisAngle(UP, Math.atan2(-ahead.x, -ahead.z));
          }
          place(instances[0], pose.head);
          place(instances[1], pose.head && { position: pose.head.position, rotation: upright });
          place(instances[2], pose.left);
          place(instances[3], pose.right);
        },
        dispose() {
          for (const instance of instances) mesh.deleteInstance(instance);
          mesh.visible = mesh.instanceCount > 0;
        },
      };
    },
    dispose() {
      mesh.dispose();
      (mesh.material as MeshStandardMaterial).dispose();
    },
  };
}

/** How a part of a shape looks. */
interface Finish {
  /** Its own, unless it takes the person's. */
  readonly colour: number | null;
  /** How much of its colour it gives off by itself. */
  readonly glow: number;
  readonly roughness: number;
}

/** Whoever stands against the light keeps their colour. */
const SKIN: Finish = { colour: null, glow: 0.22, roughness: 0.5 };
const GLASS: Finish = { colour: 0x141a26, glow: 0, roughness: 0.2 };
const LIGHT: Finish = { colour: 0xf4f8ff, glow: 1, roughness: 1 };

function finished(shape: BufferGeometry, { colour, glow, roughness }: Finish): BufferGeometry {
  const { count } = shape.getAttribute("position");
  const own = new Color(colour ?? 0xffffff);
  const repeat = (values: readonly number[]): BufferAttribute =>
    new BufferAttribute(Float32Array.from({ length: count * 3 }, (_, at) => values[at % 3] as number), 3);
  shape.deleteAttribute("uv");
  shape.setAttribute("color", repeat(own.toArray()));
  shape.setAttribute("finish", repeat([colour === null ? 1 : 0, glow, roughness]));
  return shape;
}

function merged(parts: BufferGeometry[]): BufferGeometry {
  const shape = mergeGeometries(parts);
  for (const part of parts) part.dispose();
  shape.computeBoundingSphere();
  return shape;
}

function headShape(): BufferGeometry {
  const visorTop = Math.PI / 2 - 0.36;
  const skull = new SphereGeometry(HEAD_METRES, 28, 18);
  // A band of a slightly larger sphere, around where the eyes are (-z).
  const visor = new SphereGeometry(HEAD_METRES + 0.005, 20, 6, 1.5 * Math.PI - 0.95, 1.9, visorTop, 0.66);
  for (const part of [skull, visor]) part.scale(0.94, 1.04, 0.98);
  return merged([finished(skull, SKIN), finished(visor, GLASS), finished(eyeAt(-0.052), LIGHT), finished(eyeAt(0.052), LIGHT)]);
}

function eyeAt(x: number): BufferGeometry {
  const eye = new CapsuleGeometry(0.015, 0.026, 3, 8).scale(1, 1, 0.35);
  return eye.translate(x, 0.006, -Math.sqrt(HEAD_METRES ** 2 - x ** 2) * 0.995);
}

function bodyShape(): BufferGeometry {
  const profile = [
    [0, -0.63],
    [0.08, -0.615],
    [0.145, -0.56],
    [0.188, -0.47],
    [0.2, -0.38],
    [0.18, -0.3],
    [0.125, -0.24],
    [0.06, -0.214],
    [0, -0.21],
  ] as const;
  return merged([finished(new LatheGeometry(profile.map(([x, y]) => new Vector2(x, y)), 32), SKIN)]);
}

/** A mitten around what a controller is held by: along -z, the thumb above; it does for either hand. */
function handShape(): BufferGeometry {
  const fist = new SphereGeometry(0.045, 14, 8).scale(0.74, 0.95, 1.2);
  const thumb = new CapsuleGeometry(0.0125, 0.034, 2, 8).rotateX(-1.1).translate(0, 0.04, -0.022);
  const cuff = new CylinderGeometry(0.03, 0.034, 0.032, 14).rotateX(Math.PI / 2).translate(0, 0, 0.06);
  return merged([finished(fist, SKIN), finished(thumb, SKIN), finished(cuff, GLASS)]);
}

/** The standard material with each vertex's finish; a person's colour goes where it takes it. */
function createSkin(): MeshStandardMaterial {
  const skin = new MeshStandardMaterial({ vertexColors: true });
  skin.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader
      .replace("void main() {", "attribute vec3 finish;\nvarying vec3 vFinish;\nvoid main() {\nvFinish = finish;")
      .replace(
        "#include <color_vertex>",
        "vec3 person = getBatchingColor( getIndirectIndex( gl_DrawID ) ).rgb;\nvColor = vec4( mix( color, person, finish.x ), 1.0 );",
      );
    shader.fragmentShader = shader.fragmentShader
      .replace("void main() {", "varying vec3 vFinish;\nvoid main() {")
      .replace("#include <roughnessmap_fragment>", "float roughnessFactor = vFinish.z;")
      .replace("#include <emissivemap_fragment>", "totalEmissiveRadiance += vColor.rgb * vFinish.y;");
  };
  return skin;
}
