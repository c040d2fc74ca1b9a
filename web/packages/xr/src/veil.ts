import { DIRECTION_VERTEX_SHADER } from "@theta/scene";
import { BackSide, MathUtils, Mesh, ShaderMaterial, SphereGeometry, type Object3D } from "three";

/** Radians from the middle of the view to where the narrowed view ends. */
const NARROW_RADIANS = 0.5;
const WIDE_RADIANS = 1.9;
const NARROW_SECONDS = 0.18;
/** Out and in again: 130 ms together. */
const FADE_OUT_SECONDS = 0.05;
const FADE_IN_SECONDS = 0.08;

export interface Veil {
  /** Closes the rim of the view while someone moves. */
  narrow(moving: boolean): void;
  /** Darkens the view for a moment, and does `move` while nothing is seen; at once when motion is unwelcome. */
  blink(move: () => void): void;
  advance(seconds: number): void;
  /** The view is clear at once; a jump under way is forgotten. */
  clear(): void;
  dispose(): void;
}

/** What keeps motion comfortable: a rim that closes while one moves smoothly, and a blink for a jump. */
export function createVeil(camera: Object3D, still: () => boolean): Veil {
  const { mesh, uniforms } = createShell();
  // It stays about the desktop's camera, too, whose mouse must reach the room.
  mesh.pointerEvents = "none";
  camera.add(mesh);
  let narrowed = 0;
  let wanted = 0;
  let pending: (() => void) | null = null;
  let dark = 0;

  return {
    narrow(moving) {
      wanted = moving ? 1 : 0;
    },
    blink(move) {
      if (still()) {
        move();
        return;
      }
      // A second jump within a blink must not be lost.
      pending?.();
      pending = move;
    },
    advance(seconds) {
      narrowed = MathUtils.clamp(narrowed + Math.sign(wanted - narrowed) * (seconds / NARROW_SECONDS), 0, 1);
      dark = MathUtils.clamp(dark + (pending ? seconds / FADE_OUT_SECONDS : -seconds / FADE_IN_SECONDS), 0, 1);
      if (pending && dark === 1) {
        pending();
        pending = null;
      }
      mesh.visible = narrowed > 0 || dark > 0;
      uniforms.edge.value = MathUtils.lerp(WIDE_RADIANS, NARROW_RADIANS, narrowed);
      uniforms.dark.value = dark;
    },
    clear() {
      narrowed = wanted = dark = 0;
      pending = null;
      mesh.visible = false;
    },
    dispose() {
      camera.remove(mesh);
      mesh.geometry.dispose();
      mesh.material.dispose();
    },
  };
}

function createShell() {
  const uniforms = { edge: { value: WIDE_RADIANS }, dark: { value: 0 } };
  const material = new ShaderMaterial({
    side: BackSide,
    transparent: true,
    depthTest: false,
    depthWrite: false,
    uniforms,
    vertexShader: DIRECTION_VERTEX_SHADER,
    fragmentShader: `
      uniform float edge;
      uniform float dark;
      varying vec3 direction;
      void main() {
        float angle = acos(clamp(-normalize(direction).z, -1.0, 1.0));
        gl_FragColor = vec4(vec3(0.02), max(smoothstep(edge - 0.18, edge, angle), dark));
      }`,
  });
  const mesh = new Mesh(new SphereGeometry(1, 24, 16), material);
  mesh.renderOrder = 1000;
  mesh.frustumCulled = false;
  mesh.visible = false;
  return { mesh, uniforms };
}
