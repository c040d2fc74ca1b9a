import type { ElementId } from "@theta/client";
import type { Camera, Vector3 } from "three";
import type { EntityView } from "./entities";
import { elementAt, faceLoop, vertexPosition } from "./geometry/measure";

/** The face that a hit triangle is a part of; null when the mesh has changed meanwhile. */
export function pickFace(view: EntityView, triangle: number): ElementId | null {
  const face = view.faceOfTriangle[triangle];
  return face === undefined || !view.mesh ? null : elementAt(view.mesh, "face", face);
}

/** Of the hit face's vertices, the one that looks nearest to the hit on the screen. */
export function pickVertex(view: EntityView, triangle: number, point: Vector3, camera: Camera): ElementId | null {
  const face = view.faceOfTriangle[triangle];
  if (face === undefined || !view.mesh) return null;
  const at = point.clone().project(camera);
  let nearest: number | null = null;
  let least = Infinity;
  for (const vertex of faceLoop(view.mesh, face)) {
    const there = vertexPosition(view.mesh, vertex).applyMatrix4(view.root.matrixWorld).project(camera);
    const distance = Math.hypot(there.x - at.x, there.y - at.y);
    if (distance < least) {
      least = distance;
      nearest = vertex;
    }
  }
  return nearest === null ? null : elementAt(view.mesh, "vertex", nearest);
}
