/**
 * What a strict verifier demands of a key and of a signature before it looks at what was signed (RFC 8032).
 *
 * Browsers differ in what they let through; with these checks before WebCrypto's own, all refuse the same: encodings that
 * are not canonical, points that are not on the curve or not of the prime subgroup, and S at or above its order.
 */

import { toHex } from "@theta/wire";

const P = 2n ** 255n - 19n;
/** The order of the prime subgroup. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = modulo(-121665n * inverse(121666n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** X, Y, Z and T = XY/Z of a point. */
type Point = readonly [bigint, bigint, bigint, bigint];

const NEUTRAL: Point = [0n, 1n, 1n, 0n];

/** Whether 32 bytes are the one encoding of a point of the prime subgroup other than its neutral one. Takes a few ms. */
export function isKeyPoint(key: Uint8Array): boolean {
  const point = key.length === KEY_BYTES ? decode(key) : null;
  return point !== null && !isNeutral(point) && isNeutral(times(point, L));
}

/**
 * Whether 64 bytes have the form of a signature: S below the subgroup's order, and R the one encoding of a point that is
 * not of small order. An R with a part of small order is told by the verification itself, for a key that `isKeyPoint`.
 */
export function isSignatureForm(signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  const r = signature.subarray(0, KEY_BYTES);
  return integer(signature.subarray(KEY_BYTES)) < L && yOf(r) < P && !smallOrder().has(toHex(r));
}

let smallOrderKnown: ReadonlySet<string> | null = null;

/** The encodings of the eight points whose order divides 8, and of two of them those with a sign that zero can't have. */
function smallOrder(): ReadonlySet<string> {
  smallOrderKnown ??= smallOrderEncodings();
  return smallOrderKnown;
}

function smallOrderEncodings(): ReadonlySet<string> {
  const found = new Set<string>();
  // L times any point is one of small order; multiples of one of order 8 are all of them.
  for (let y = 2n; found.size < 8; y += 1n) {
    const point = decode(bytesOf(y));
    if (point === null) continue;
    const seed = times(point, L);
    found.clear();
    for (let factor = 0n; factor < 8n; factor += 1n) found.add(toHex(encode(times(seed, factor))));
  }
  for (const y of [1n, P - 1n]) found.add(toHex(bytesOf(y | (1n << 255n))));
  return found;
}

function modulo(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, modulo(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function inverse(value: bigint): bigint {
  return power(value, P - 2n);
}

/** Little-endian. */
function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: KEY_BYTES }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

function yOf(encoded: Uint8Array): bigint {
  return integer(encoded) & ((1n << 255n) - 1n);
}

/** Null when it is none, or not the canonical encoding (RFC 8032, 5.1.3). */
function decode(encoded: Uint8Array): Point | null {
  const y = yOf(encoded);
  if (y >= P) return null;
  const sign = BigInt(encoded[KEY_BYTES - 1]! >> 7);
  const [u, v] = [modulo(y * y - 1n), modulo(D * y * y + 1n)];
  let x = modulo(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  const check = modulo(v * x * x);
  if (check === modulo(-u)) x = modulo(x * ROOT_OF_MINUS_ONE);
  else if (check !== u) return null;
  if (x === 0n && sign === 1n) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, modulo(x * y)];
}

function encode([x, y, z]: Point): Uint8Array {
  const scale = inverse(z);
  return bytesOf(modulo(y * scale) | ((modulo(x * scale) & 1n) << 255n));
}

function plus([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = modulo((y1 - x1) * (y2 - x2));
  const b = modulo((y1 + x1) * (y2 + x2));
  const c = modulo(2n * t1 * D * t2);
  const d = modulo(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modulo(e * f), modulo(g * h), modulo(f * g), modulo(e * h)];
}

function times(point: Point, factor: bigint): Point {
  let [result, doubled] = [NEUTRAL, point];
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = plus(result, doubled);
    doubled = plus(doubled, doubled);
  }
  return result;
}

function isNeutral([x, y, z]: Point): boolean {
  return x === 0n && y === z;
}
