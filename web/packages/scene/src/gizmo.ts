import { Group, MathUtils, Object3D, Vector3, type MeshBasicMaterial, type PerspectiveCamera, type Scene } from "three";
import { createDragHandle, createHandleMaterial, HANDLE_TIP, type DragHandle } from "./handles";

const AXES = [
  { direction: new Vector3(1, 0, 0), colour: 0xef4d5e },
  { direction: new Vector3(0, 1, 0), colour: 0x35b56a },
  { direction: new Vector3(0, 0, 1), colour: 0x3d7dff },
] as const;

/** The handle's length as a share of the view's height. */
const HANDLE_SHARE = 0.15;

export type GizmoTarget =
  | { readonly kind: "move"; readonly anchor: Vector3 }
  | { readonly kind: "extrude"; readonly anchor: Vector3; readonly direction: Vector3 };

export interface GizmoListener {
  start(): void;
  /** `offset` in the world, from where the drag began. */
  move(offset: Vector3): void;
  end(offset: Vector3): void;
  cancel(): void;
}

/** Where a handle can be taken hold of, and which way it drags; world space. */
export interface Grip {
  readonly point: Vector3;
  readonly direction: Vector3;
}

export interface Gizmo {
  readonly grips: readonly Grip[];
  readonly dragging: boolean;
  /** Where the handles stand; null takes them away. Not while one is dragged. */
  show(target: GizmoTarget | null, accent: number): void;
  cancel(): void;
  /** Keeps the handles' size on the screen. */
  resize(camera: PerspectiveCamera): void;
  dispose(): void;
}

/** Arrows to move what is selected along the world's axes, or one knob to pull a face out along its normal. */
export function createGizmo(scene: Scene, listener: GizmoListener): Gizmo {
  const proxy = new Object3D();
  const root = new Group();
  scene.add(proxy);
  let handles: (DragHandle & { readonly direction: Vector3 })[] = [];
  let shown = "";
  const materials = AXES.map(createHandleMaterial);

  const follow: GizmoListener = {
    start: () => listener.start(),
    move: (offset) => {
      root.position.copy(proxy.position).add(offset);
      listener.move(offset);
    },
    end: (offset) => listener.end(offset),
    cancel: () => {
      root.position.copy(proxy.position);
      listener.cancel();
    },
  };
  const clear = (): void => {
    scene.remove(root);
    for (const handle of handles) {
      root.remove(handle.group);
      handle.dispose();
    }
    handles = [];
    shown = "";
  };
  const build = (target: GizmoTarget, accent: number): void => {
    const wanted =
      target.kind === "extrude"
        ? [{ direction: target.direction.clone(), colour: accent, shape: "knob" as const }]
        : AXES.map((axis) => ({ ...axis, shape: "arrow" as const }));
    handles = wanted.map(({ direction, ...look }, at) => {
      const handle = createDragHandle(proxy, direction, { ...look, material: materials[at] as MeshBasicMaterial }, follow);
      // Not spread: `dragging` is a getter.
      return Object.assign(handle, { direction });
    });
    for (const { group } of handles) root.add(group);
    scene.add(root);
  };
  const isDragging = (): boolean => handles.some((handle) => handle.dragging);

  return {
    get dragging() {
      return isDragging();
    },
    get grips() {
      return handles.map(({ direction }) => {
        const point = root.position.clone().addScaledVector(direction, root.scale.x * HANDLE_TIP);
        return { point, direction: direction.clone() };
      });
    },
    show(target, accent) {
      if (isDragging()) return;
      const wanted = keyOf(target, accent);
      if (wanted !== shown) {
        clear();
        if (target) build(target, accent);
        shown = wanted;
      }
      if (!target) return;
      proxy.position.copy(target.anchor);
      proxy.updateMatrixWorld();
      root.position.copy(target.anchor);
    },
    cancel() {
      for (const handle of handles) handle.cancel();
    },
    resize(camera) {
      const away = camera.position.distanceTo(root.position);
      root.scale.setScalar(2 * away * Math.tan(MathUtils.degToRad(camera.fov) / 2) * HANDLE_SHARE);
      root.updateMatrixWorld(true);
    },
    dispose() {
      clear();
      for (const material of materials) material.dispose();
      scene.remove(proxy);
    },
  };
}

function keyOf(target: GizmoTarget | null, accent: number): string {
  if (!target) return "";
  return target.kind === "move" ? "move" : `extrude ${target.direction.toArray().join(" ")} ${accent}`;
}
