/** Matrices of 16 numbers, column by column, as glTF has them. */

import type { Quaternion, Vector3 } from "@theta/client";

export type Matrix = Float64Array;

/** Columns whose directions differ by less than this from right angles turn and stretch, and don't shear. */
const RIGHT_ANGLE_COSINE_MAX = 1e-6;

export function identity(): Matrix {
  return Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
}

export function composed(translation: Vector3, rotation: Quaternion, scale: Vector3): Matrix {
  const length = Math.hypot(...rotation);
  const [x, y, z, w] = length > 0 ? rotation.map((part) => part / length) as unknown as Quaternion : [0, 0, 0, 1];
  const [u, v, s] = scale;
  return Float64Array.of(
    (1 - 2 * (y * y + z * z)) * u, 2 * (x * y + w * z) * u, 2 * (x * z - w * y) * u, 0,
    2 * (x * y - w * z) * v, (1 - 2 * (x * x + z * z)) * v, 2 * (y * z + w * x) * v, 0,
    2 * (x * z + w * y) * s, 2 * (y * z - w * x) * s, (1 - 2 * (x * x + y * y)) * s, 0,
    ...translation, 1,
  );
}

/** `outer` after `inner`, both affine. */
export function multiplied(outer: Matrix, inner: Matrix): Matrix {
  const product = new Float64Array(16);
  for (let column = 0; column < 4; column++) {
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let at = 0; at < 4; at++) sum += outer[at * 4 + row]! * inner[column * 4 + at]!;
      product[column * 4 + row] = sum;
    }
  }
  return product;
}

export interface Placement {
  readonly translation: Vector3;
  readonly rotation: Quaternion;
  /** 9 numbers, column by column: what is left to do to the points before they are turned and moved. */
  readonly stretch: Float64Array;
  /** The stretch mirrors: faces must be turned round to keep their outside outside. */
  readonly mirrors: boolean;
}

/** A matrix as a stretch, then a turn, then a move. One that shears is all stretch and no turn. */
export function placementOf(matrix: Matrix): Placement {
  const columns = [0, 4, 8].map((at): Vector3 => [matrix[at]!, matrix[at + 1]!, matrix[at + 2]!]);
  const [x, y, z] = columns as [Vector3, Vector3, Vector3];
  const translation: Vector3 = [matrix[12]!, matrix[13]!, matrix[14]!];
  const mirrors = dot(cross(x, y), z) < 0;
  const lengths = columns.map((column) => Math.hypot(...column)) as unknown as Vector3;
  const shears = [[x, y], [y, z], [z, x]].some(([one, other]) => {
    const product = Math.hypot(...one!) * Math.hypot(...other!);
    return !(Math.abs(dot(one!, other!)) <= product * RIGHT_ANGLE_COSINE_MAX);
  });
  if (shears || lengths.some((length) => length === 0)) {
    return { translation, rotation: [0, 0, 0, 1], stretch: Float64Array.of(...x, ...y, ...z), mirrors };
  }
  const [u, v, w] = lengths;
  const sign = mirrors ? -1 : 1;
  const rotation = quaternionOf(x.map((part) => (part * sign) / u), y.map((part) => part / v), z.map((part) => part / w));
  return { translation, rotation, stretch: Float64Array.of(u * sign, 0, 0, 0, v, 0, 0, 0, w), mirrors };
}

/** A point turned by a unit quaternion. */
export function rotated([x, y, z, w]: Quaternion, point: Vector3): Vector3 {
  const axis: Vector3 = [x, y, z];
  const [a, b, c] = cross(axis, point).map((part) => 2 * part) as unknown as Vector3;
  const [d, e, f] = cross(axis, [a, b, c]);
  return [point[0] + w * a + d, point[1] + w * b + e, point[2] + w * c + f];
}

/** Of a rotation's three columns: the largest part is found first, so that no root is taken of next to nothing. */
function quaternionOf(x: readonly number[], y: readonly number[], z: readonly number[]): Quaternion {
  const [m00, m10, m20] = x as unknown as Vector3;
  const [m01, m11, m21] = y as unknown as Vector3;
  const [m02, m12, m22] = z as unknown as Vector3;
  const squares = [1 + m00 - m11 - m22, 1 - m00 + m11 - m22, 1 - m00 - m11 + m22, 1 + m00 + m11 + m22];
  const largest = squares.indexOf(Math.max(...squares));
  const s = 2 * Math.sqrt(squares[largest]!);
  const parts: Quaternion = [
    [s / 4, (m01 + m10) / s, (m02 + m20) / s, (m21 - m12) / s] as const,
    [(m01 + m10) / s, s / 4, (m12 + m21) / s, (m02 - m20) / s] as const,
    [(m02 + m20) / s, (m12 + m21) / s, s / 4, (m10 - m01) / s] as const,
    [(m21 - m12) / s, (m02 - m20) / s, (m10 - m01) / s, s / 4] as const,
  ][largest]!;
  const length = Math.hypot(...parts);
  return parts.map((part) => part / length) as unknown as Quaternion;
}

function cross([a, b, c]: Vector3, [d, e, f]: Vector3): Vector3 {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

function dot([a, b, c]: Vector3, [d, e, f]: Vector3): number {
  return a * d + b * e + c * f;
}
