/** Where and how large a model stands in the room, and in which packets it gets there. */

import type { AssetId, Operation, Vector3 } from "@theta/client";
import { COMMAND_BURST_MAX, IMPORTED_FACES_PER_TOKEN, SCALE_FACTOR_MAX, SCALE_FACTOR_MIN } from "@theta/wire";
import type { Model } from "./model";

/** What is larger or smaller than this was probably not meant in metres. */
export const METRES_MAX = 100;
export const METRES_MIN = 0.01;
/** What it is made on request then. */
export const FITTED_METRES = 1;

/** A model's longest side. */
export function sizeOf({ low, high }: Model): number {
  return Math.max(...high.map((value, axis) => value - low[axis]!));
}

export function isOddSize(metres: number): boolean {
  return metres > METRES_MAX || metres < METRES_MIN;
}

/** The factor that makes a model `FITTED_METRES` long, as far as the room takes one. */
export function fittingScale(metres: number): number {
  const wanted = metres > 0 ? FITTED_METRES / metres : 1;
  return Math.min(SCALE_FACTOR_MAX, Math.max(SCALE_FACTOR_MIN, wanted));
}

/** The commands that put a model down: its lowest point on the floor, its middle over `at`. */
export function placingOperations(model: Model, assets: readonly AssetId[], at: Vector3, scale: number): Operation[] {
  const { low, high } = model;
  const base: Vector3 = [(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2];
  return model.parts.map(({ name, colour, translation, rotation, asset }) => ({
    type: "import_mesh",
    asset: assets[asset]!,
    name,
    colour,
    rotation,
    scale: [scale, scale, scale],
    translation: translation.map((value, axis) => (value - base[axis]!) * scale + at[axis]!) as unknown as Vector3,
  }));
}

/** The operations in runs that the room takes as one packet each: an import costs by its faces (CMD-15). */
export function packetsOf(model: Model, operations: readonly Operation[]): Operation[][] {
  const packets: Operation[][] = [];
  let tokens = Infinity;
  operations.forEach((operation, index) => {
    const price = 1 + Math.floor(model.parts[index]!.faceCount / IMPORTED_FACES_PER_TOKEN);
    if (tokens + price > COMMAND_BURST_MAX) {
      packets.push([]);
      tokens = 0;
    }
    packets.at(-1)!.push(operation);
    tokens += price;
  });
  return packets;
}
