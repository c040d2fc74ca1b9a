/** The vectors that pytest reads as well: spec/vectors, made by tools/generate_vectors.py. */

import compression from "../../../../spec/vectors/compression.json";
import document from "../../../../spec/vectors/document.json";
import identity from "../../../../spec/vectors/identity.json";
import log from "../../../../spec/vectors/log.json";
import packet from "../../../../spec/vectors/packet.json";
import signaling from "../../../../spec/vectors/signaling.json";
import { toHex } from "@theta/wire";

export { compression, document, identity, log, packet, signaling };

/** A message or a part as the vectors write it: snake case, bytes as hexadecimal, 64-bit integers as decimal text. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [snakeCase(name), plain(field)]));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
