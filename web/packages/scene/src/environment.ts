import {
  BackSide,
  Box3,
  Color,
  DirectionalLight,
  Group,
  HemisphereLight,
  Mesh,
  PlaneGeometry,
  ShaderMaterial,
  ShadowMaterial,
  SphereGeometry,
  Sphere,
  Vector3,
} from "three";
import type { SceneTheme } from "./theme";
import type { View } from "./view";

/** For a sphere about the eye: hands each fragment its `direction`, in the sphere's own space. */
export const DIRECTION_VERTEX_SHADER = `
  varying vec3 direction;
  void main() {
    direction = position;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }`;

const SKY_METRES = 400;
const FLOOR_METRES = 70;
const SHADOW_METRES_MIN = 2.5;
const SHADOW_METRES_MAX = 40;
/** Room for the shadow's soft rim. */
const SHADOW_RIM_METRES = 0.25;
/** The floor and what falls on it are further back than surfaces that lie on the floor, which are set back themselves. */
export const UNDER_SURFACES = { polygonOffset: true, polygonOffsetFactor: 3, polygonOffsetUnits: 16 } as const;
const KEY_DIRECTION = new Vector3(-0.5, 1, 0.62).normalize();

export interface Environment {
  readonly group: Group;
  /** Puts the sky around the eye and fades the floor around `target`, both as large as the viewer's scale asks. */
  follow(view: View, target: Vector3): void;
  /** Fits the shadow to what there is to cast one. */
  fitShadow(bounds: Box3): void;
  setTheme(theme: SceneTheme): void;
  dispose(): void;
}

/** Sky, floor with a grid that fades, a key light with a soft shadow, and light from all around. */
export function createEnvironment(theme: SceneTheme): Environment {
  const group = new Group();
  group.pointerEvents = "none";

  const uniforms = createUniforms();
  const sky = new Mesh(new SphereGeometry(SKY_METRES, 24, 12), skyMaterial(uniforms));
  sky.renderOrder = -10;
  sky.frustumCulled = false;

  // No vertex of it is near the eye: one right below it would have a view depth of zero, which not every driver survives.
  const square = new PlaneGeometry(FLOOR_METRES * 2, FLOOR_METRES * 2).rotateX(-Math.PI / 2);
  const floor = new Mesh(square, floorMaterial(uniforms));
  floor.renderOrder = -9;
  const shade = new Mesh(new PlaneGeometry(1, 1).rotateX(-Math.PI / 2), shadeMaterial());
  shade.renderOrder = -8;
  shade.receiveShadow = true;

  const ambient = new HemisphereLight();
  const key = keyLight();
  // Without a little light from behind, faces turned away from the key would all look alike.
  const fill = new DirectionalLight(0xffffff, 0.5);
  fill.position.set(5, 2.5, -2);
  group.add(sky, floor, shade, ambient, key, key.target, fill);

  const setTheme = (next: SceneTheme): void => {
    uniforms.top.value.set(next.skyTop);
    uniforms.horizon.value.set(next.horizon);
    uniforms.base.value.set(next.floor);
    uniforms.line.value.set(next.grid);
    uniforms.strength.value = next.gridStrength;
    ambient.color.set(next.skyLight);
    ambient.groundColor.set(next.groundLight);
    ambient.intensity = next.ambientStrength;
    key.intensity = next.keyStrength;
    shade.material.opacity = next.shadowStrength;
  };
  setTheme(theme);

  return {
    group,
    setTheme,
    follow({ eye, scale }, target) {
      sky.position.copy(eye);
      sky.scale.setScalar(scale);
      // Whoever is small sees the same floor as before and more of the haze; whoever is large needs more floor.
      const reach = Math.max(scale, 1);
      floor.position.set(target.x, 0, target.z);
      floor.scale.setScalar(reach);
      uniforms.reach.value = reach;
      uniforms.centre.value.copy(floor.position);
    },
    fitShadow(bounds) {
      const ball = bounds.isEmpty() ? new Sphere(new Vector3(), 1) : bounds.getBoundingSphere(new Sphere());
      const reach = Math.min(Math.max(ball.radius * 1.35, SHADOW_METRES_MIN), SHADOW_METRES_MAX);
      // Only where a shadow can fall: looking it up for the whole floor would be most of a frame's work.
      const { min, max } = shadowOnFloor(bounds);
      shade.visible = !bounds.isEmpty();
      shade.position.set((min.x + max.x) / 2, 0, (min.z + max.z) / 2);
      shade.scale.set(max.x - min.x, 1, max.z - min.z);
      key.target.position.copy(ball.center);
      key.position.copy(ball.center).addScaledVector(KEY_DIRECTION, reach * 2);
      const { camera } = key.shadow;
      camera.left = camera.bottom = -reach;
      camera.right = camera.top = reach;
      camera.far = reach * 4.5;
      camera.updateProjectionMatrix();
      key.shadow.normalBias = reach * 0.007;
    },
    dispose() {
      for (const mesh of [sky, floor, shade]) {
        mesh.geometry.dispose();
        mesh.material.dispose();
      }
      key.dispose();
    },
  };
}

/** The rectangle of the floor that a box's shadow can touch. */
export function shadowOnFloor(bounds: Box3): Box3 {
  const touched = new Box3();
  for (const x of [bounds.min.x, bounds.max.x]) {
    for (const y of [bounds.min.y, bounds.max.y]) {
      for (const z of [bounds.min.z, bounds.max.z]) {
        touched.expandByPoint(new Vector3(x, y, z).addScaledVector(KEY_DIRECTION, -y / KEY_DIRECTION.y));
      }
    }
  }
  return touched.expandByScalar(SHADOW_RIM_METRES);
}

function keyLight(): DirectionalLight {
  const key = new DirectionalLight(0xfff6ea);
  key.castShadow = true;
  key.shadow.mapSize.set(2048, 2048);
  key.shadow.radius = 5;
  key.shadow.bias = -0.0002;
  key.shadow.camera.near = 0.1;
  return key;
}

type Uniforms = ReturnType<typeof createUniforms>;

/** Shared by sky and floor, so that they meet in one horizon. */
function createUniforms() {
  return {
    top: { value: new Color() },
    horizon: { value: new Color() },
    base: { value: new Color() },
    line: { value: new Color() },
    strength: { value: 0 },
    centre: { value: new Vector3() },
    /** How many times as far as at first the floor is seen. */
    reach: { value: 1 },
  };
}

function skyMaterial({ top, horizon }: Uniforms): ShaderMaterial {
  return new ShaderMaterial({
    side: BackSide,
    depthWrite: false,
    depthTest: false,
    uniforms: { top, horizon },
    vertexShader: DIRECTION_VERTEX_SHADER,
    fragmentShader: `
      uniform vec3 top;
      uniform vec3 horizon;
      varying vec3 direction;
      void main() {
        float height = normalize(direction).y;
        vec3 colour = mix(horizon, top, smoothstep(0.0, 0.36, height));
        // A speck of noise hides the bands of an 8-bit gradient.
        float speck = fract(sin(dot(gl_FragCoord.xy, vec2(12.9898, 78.233))) * 43758.5453) - 0.5;
        gl_FragColor = vec4(colour + speck / 300.0, 1.0);
        #include <colorspace_fragment>
      }`,
  });
}

function floorMaterial({ base, line, horizon, strength, centre, reach }: Uniforms): ShaderMaterial {
  return new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    ...UNDER_SURFACES,
    uniforms: { base, line, horizon, strength, centre, reach },
    vertexShader: `
      varying vec3 world;
      void main() {
        vec4 placed = modelMatrix * vec4(position, 1.0);
        world = placed.xyz;
        gl_Position = projectionMatrix * viewMatrix * placed;
      }`,
    fragmentShader: `
      uniform vec3 base;
      uniform vec3 line;
      uniform vec3 horizon;
      uniform float strength;
      uniform vec3 centre;
      uniform float reach;
      varying vec3 world;

      float grid(vec2 at, float width) {
        vec2 step = fwidth(at);
        vec2 near = abs(fract(at - 0.5) - 0.5) / max(step, vec2(1e-6));
        float on = 1.0 - min(min(near.x, near.y) / width, 1.0);
        // Lines closer together than a few pixels would only shimmer.
        return on * (1.0 - smoothstep(0.12, 0.45, max(step.x, step.y)));
      }

      void main() {
        float away = length(world.xz - centre.xz) / reach;
        float metre = grid(world.xz, 1.25);
        float quarter = grid(world.xz * 4.0, 1.0);
        float near = 1.0 - smoothstep(3.0, 26.0, away);
        float lines = max(metre, quarter * 0.35 * (1.0 - smoothstep(2.0, 9.0, away))) * near * strength;
        vec3 ground = mix(base, horizon, smoothstep(2.0, 34.0, away));
        gl_FragColor = vec4(mix(ground, line, lines), 1.0 - smoothstep(30.0, 66.0, away));
        #include <colorspace_fragment>
      }`,
  });
}

function shadeMaterial(): ShadowMaterial {
  return new ShadowMaterial({ color: 0x16213a, depthWrite: false, ...UNDER_SURFACES });
}
