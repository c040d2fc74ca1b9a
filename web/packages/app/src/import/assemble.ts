/** The parts of a file as the room takes them: placed, welded, within the limits, each different mesh once. */

import type { Vector3 } from "@theta/client";
import { joined, pieces, tooManyParts, turnedRound } from "./divide";
import { placementOf, rotated, identity, type Placement } from "./matrix";
import { ImportError, type ImportLimits, type Model, type ModelPart, type Polygons, type Progress, type RawModel, type RawPart } from "./model";
import { welded } from "./weld";

const ASSET_VERSION = 1;
/** Of what has no colour of its own: the room's own for new things. */
const DEFAULT_COLOUR: Vector3 = [0.72, 0.74, 0.78];
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** @throws ImportError when nothing of it can be brought in, or it is too much. */
export function assembled(raw: RawModel, fileName: string, limits: ImportLimits, progress: Progress = () => undefined): Model {
  const notes = [...raw.notes];
  const bounds = createBounds();
  const assets = createAssets(limits);
  const parts: ModelPart[] = [];
  let dropped = 0;
  const wanted = joined(raw.parts.filter(({ offsets }) => offsets.length > 1), limits, notes);
  wanted.forEach((part, index) => {
    progress(index / wanted.length);
    const divided = pieces(part, limits);
    if (divided.length > 1) notes.push(`“${nameOf(part.name, fileName, limits)}” was cut into ${divided.length}, since one object may have ${limits.assetFaces.toLocaleString("en")} faces.`);
    divided.forEach((piece, at) => {
      const made = placed(part, piece, limits);
      dropped += made.dropped;
      if (made.polygons.offsets.length < 2) return;
      const { polygons, translation, placement } = made;
      bounds.add(polygons.positions, translation, placement);
      const name = nameOf(divided.length > 1 ? `${part.name || fileStem(fileName)} ${at + 1}` : part.name, fileName, limits);
      const { rotation } = placement;
      parts.push({ name, colour: part.colour ?? DEFAULT_COLOUR, translation, rotation, asset: assets.add(polygons), faceCount: polygons.offsets.length - 1 });
    });
  });
  progress(1);
  if (parts.length === 0) throw new ImportError("There are no faces in it", "Only surfaces can be brought in: check what was exported.");
  if (parts.length > limits.parts) throw tooManyParts(parts.length, limits.parts);
  if (dropped > 0) notes.push(`${dropped} faces without area were left out.`);
  return { parts, assets: assets.all, ...bounds.found, notes };
}

/** A piece in a space of its own, in metres, with its origin in the middle; and where that is. */
function placed(part: RawPart, piece: Polygons, limits: ImportLimits) {
  const placement = placementOf(part.matrix ?? identity());
  const corners = placement.mirrors ? turnedRound(piece) : piece.corners;
  const { dropped, ...own } = welded({ ...piece, corners }, limits.faceCorners);
  const positions = stretched(own.positions, placement.stretch);
  const { low, high } = extentOf(positions);
  const middle = low.map((value, axis) => (value + high[axis]!) / 2) as unknown as Vector3;
  for (let at = 0; at < positions.length; at++) positions[at] = positions[at]! - middle[at % 3]! + 0;
  const offset = rotated(placement.rotation, middle);
  const translation = placement.translation.map((value, axis) => value + offset[axis]! + 0) as unknown as Vector3;
  const reach = [...low, ...high, ...translation].every((value) => Math.abs(value) <= limits.coordinateMetres);
  if (!reach && own.offsets.length > 1) {
    throw new ImportError(
      "Its coordinates are too large",
      `They must be numbers within ±${limits.coordinateMetres.toLocaleString("en")} metres. Apply its scale and move it to the origin, then export it again.`,
    );
  }
  return { polygons: { ...own, positions }, translation, placement, dropped };
}

function stretched(positions: Float64Array, m: Float64Array): Float64Array {
  const done = new Float64Array(positions.length);
  for (let at = 0; at < positions.length; at += 3) {
    const [x, y, z] = [positions[at]!, positions[at + 1]!, positions[at + 2]!];
    for (let row = 0; row < 3; row++) done[at + row] = m[row]! * x + m[row + 3]! * y + m[row + 6]! * z + 0;
  }
  return done;
}

function extentOf(positions: Float64Array): { low: Vector3; high: Vector3 } {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let at = 0; at < positions.length; at++) {
    const axis = at % 3;
    // Written so that NaN shows in the result instead of being passed over.
    if (!(positions[at]! >= low[axis]!)) low[axis] = positions[at]!;
    if (!(positions[at]! <= high[axis]!)) high[axis] = positions[at]!;
    if (Number.isNaN(positions[at])) return { low: [NaN, NaN, NaN], high: [NaN, NaN, NaN] };
  }
  return { low: low as unknown as Vector3, high: high as unknown as Vector3 };
}

/** Grows with every part: the whole model's bounds in the file's space. */
function createBounds() {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  return {
    add(positions: Float64Array, translation: Vector3, { rotation }: Placement): void {
      for (let at = 0; at < positions.length; at += 3) {
        const turned = rotated(rotation, [positions[at]!, positions[at + 1]!, positions[at + 2]!]);
        for (let axis = 0; axis < 3; axis++) {
          const value = turned[axis]! + translation[axis]!;
          if (value < low[axis]!) low[axis] = value;
          if (value > high[axis]!) high[axis] = value;
        }
      }
    },
    get found() {
      return { low: low as unknown as Vector3, high: high as unknown as Vector3 };
    },
  };
}

/** The encoded meshes, those with equal bytes once. */
function createAssets(limits: ImportLimits) {
  const all: Uint8Array[] = [];
  const byContent = new Map<number, number[]>();
  let total = 0;
  return {
    all,
    add(polygons: Polygons): number {
      const bytes = encodedAsset(polygons);
      const key = fingerprint(bytes);
      const candidates = byContent.get(key) ?? [];
      const known = candidates.find((index) => isEqual(all[index]!, bytes));
      if (known !== undefined) return known;
      total += bytes.length;
      if (bytes.length > limits.assetBytes) throw tooLarge(bytes.length, limits.assetBytes);
      if (total > limits.assetsBytes) throw tooLarge(total, limits.assetsBytes);
      byContent.set(key, [...candidates, all.push(bytes) - 1]);
      return all.length - 1;
    },
  };
}

function tooLarge(bytes: number, bytesMax: number): ImportError {
  const inWords = (count: number): string => `${(count / 2 ** 20).toFixed(1)} MiB`;
  return new ImportError(`Its shapes take ${inWords(bytes)}, and ${inWords(bytesMax)} is the most`, "Make it simpler first, or export a part of it.");
}

/** AST-1: a MessagePack array of the version, positions as float64, offsets and corners as uint32, all little-endian. */
export function encodedAsset({ positions, offsets, corners }: Polygons): Uint8Array {
  const columns = [positions, offsets, corners].map((column) => new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  const headers = columns.map(({ length }) => binaryHeader(length));
  const bytes = new Uint8Array(2 + columns.reduce((sum, { length }, at) => sum + length + headers[at]!.length, 0));
  bytes.set([0x94, ASSET_VERSION]);
  let at = 2;
  for (const piece of columns.flatMap((column, index) => [headers[index]!, column])) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function binaryHeader(length: number): Uint8Array {
  if (length < 2 ** 8) return Uint8Array.of(0xc4, length);
  if (length < 2 ** 16) return Uint8Array.of(0xc5, length >> 8, length & 255);
  return Uint8Array.of(0xc6, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255);
}

/** FNV-1a over 32-bit words' worth of bytes: tells meshes apart quickly; `isEqual` has the last word. */
function fingerprint(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function nameOf(name: string, fileName: string, { nameCharacters }: ImportLimits): string {
  const clean = (text: string): string => [...text.replace(UNPRINTABLE, " ").replace(/\s+/gu, " ").trim()].slice(0, nameCharacters).join("");
  return clean(name) || clean(fileStem(fileName)) || "Import";
}

function fileStem(fileName: string): string {
  return fileName.replace(/\.[^.]*$/, "");
}
