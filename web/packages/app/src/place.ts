import type { RoomClient } from "@theta/client";
import type { RigState, ThetaScene } from "@theta/scene";
import { Vector3 } from "three";
import type { Memory } from "./storage";

/** Puts a newcomer where they and the others see each other, and whoever comes back in this window where they were. */
export function takePlace(client: RoomClient, scene: ThetaScene, memory: Memory): void {
  let settled = false;
  const settle = (): void => {
    const { connection, document: view, people } = client;
    const isHere = connection.phase === "online" && view.status !== "loading" && people.some((person) => person.self);
    if (settled || !isHere) return;
    settled = true;
    const before = parsePlace(memory.place);
    if (before) scene.rig.stand(before);
    else scene.stand(people.length - 1, connection.actor);
    scene.invalidate();
  };
  client.on("status", settle);
  client.on("people", settle);
  settle();
  window.addEventListener("pagehide", () => {
    if (settled) memory.rememberPlace(formatPlace(scene.rig.place));
  });
}

/** Where a camera is, as text: its target, yaw, pitch and distance. */
export function formatPlace({ target, yaw, pitch, distance }: RigState): string {
  return JSON.stringify([...target.toArray(), yaw, pitch, distance]);
}

/** What `formatPlace` wrote; null when it is anything else. */
export function parsePlace(text: string): RigState | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(parsed) || parsed.length !== 6 || !parsed.every(Number.isFinite)) return null;
  const [x, y, z, yaw, pitch, distance] = parsed as [number, number, number, number, number, number];
  return { target: new Vector3(x, y, z), yaw, pitch, distance };
}
