import type { ElementId, Mesh } from "@theta/client";
import { elementAt } from "../geometry/measure";
import { adjacencyOf } from "./adjacency";

export interface Parts {
  readonly count: number;
  /** Which part each face belongs to; parts in the order of their first faces. */
  readonly partOf: Int32Array;
  /** The faces of each part, as indices. */
  readonly faces: readonly (readonly number[])[];
}

const known = new WeakMap<Mesh, Parts>();
const ids = new WeakMap<readonly number[], readonly ElementId[]>();

/** The connected parts of a mesh. */
export function partsOf(mesh: Mesh): Parts {
  let parts = known.get(mesh);
  if (!parts) {
    parts = build(mesh);
    known.set(mesh, parts);
  }
  return parts;
}

/** The ids of all faces that are connected with one; the same array for the same part. */
export function partIds(mesh: Mesh, face: number): readonly ElementId[] {
  const { partOf, faces } = partsOf(mesh);
  const part = faces[partOf[face] as number] ?? [];
  let found = ids.get(part);
  if (!found) {
    found = part.map((each) => elementAt(mesh, "face", each));
    ids.set(part, found);
  }
  return found;
}

function build(mesh: Mesh): Parts {
  const { twin, faceOf } = adjacencyOf(mesh);
  const partOf = new Int32Array(mesh.faceCount).fill(-1);
  const faces: number[][] = [];
  for (let first = 0; first < mesh.faceCount; first++) {
    if (partOf[first] !== -1) continue;
    const part = [first];
    partOf[first] = faces.length;
    for (let at = 0; at < part.length; at++) {
      const face = part[at] as number;
      for (let corner = mesh.faceOffsets[face] as number; corner < (mesh.faceOffsets[face + 1] as number); corner++) {
        const across = twin[corner] as number;
        const beyond = across < 0 ? -1 : (faceOf[across] as number);
        if (beyond < 0 || partOf[beyond] !== -1) continue;
        partOf[beyond] = faces.length;
        part.push(beyond);
      }
    }
    faces.push(part.sort((one, other) => one - other));
  }
  return { count: faces.length, partOf, faces };
}
