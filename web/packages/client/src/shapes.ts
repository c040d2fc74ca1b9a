/** The shapes that an object can begin as, and what each takes besides its size (MESH-65). */

import { SHAPE_LEVELS_MAX, SHAPE_RINGS_MAX, SHAPE_SEGMENTS_MAX, SHAPE_TUBE_RATIO_MAX, SHAPE_TUBE_RATIO_MIN } from "@theta/wire";

export interface ShapeParameter {
  readonly low: number;
  readonly high: number;
  readonly default: number;
}

export type ShapeParameterName = "segments" | "rings" | "levels" | "tube";

const around = (usual: number, low = 3): ShapeParameter => ({ low, high: SHAPE_SEGMENTS_MAX, default: usual });
const rings = (usual: number, low: number): ShapeParameter => ({ low, high: SHAPE_RINGS_MAX, default: usual });

export const SHAPE_PARAMETERS = {
  cube: {},
  pyramid: {},
  cone: { segments: around(32) },
  cylinder: { segments: around(32) },
  sphere: { segments: around(32), rings: rings(16, 2) },
  icosphere: { levels: { low: 0, high: SHAPE_LEVELS_MAX, default: 2 } },
  torus: {
    segments: around(48),
    rings: rings(12, 3),
    tube: { low: SHAPE_TUBE_RATIO_MIN, high: SHAPE_TUBE_RATIO_MAX, default: 0.25 },
  },
  plane: {},
  grid: { segments: around(10, 1), rings: rings(10, 1) },
  ngon: { segments: around(32) },
} as const satisfies Record<string, Partial<Record<ShapeParameterName, ShapeParameter>>>;

export type PrimitiveKind = keyof typeof SHAPE_PARAMETERS;

/** What a kind takes, by name. */
export function parametersOf(kind: PrimitiveKind): Partial<Record<ShapeParameterName, ShapeParameter>> {
  return SHAPE_PARAMETERS[kind];
}
