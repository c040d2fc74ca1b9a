/** What can be done to a mesh, each a command (CMD-52 to CMD-56). Lengths are metres in the mesh's own space. */

import type { ElementId, EntityId, Vector3 } from "./types";

type Ids = readonly ElementId[];

/** The fields of each operation, beside `entity`. */
export interface MeshOperationFields {
  create_vertex: { readonly point: Vector3 };
  move_vertices: {
    readonly vertices: Ids;
    /** 3 for each vertex. */
    readonly targets: Float64Array;
    /** How far each was dragged; 3 for each vertex. */
    readonly deltas: Float64Array;
  };
  dissolve_vertex: { readonly vertex: ElementId };
  /** All of them become one, at `point`. */
  weld: { readonly vertices: Ids; readonly point: Vector3 };
  /** Those within `distance` of each other, of all when no vertices are named. */
  weld_by_distance: { readonly vertices: Ids; readonly distance: number };

  /** `t` runs from 0 at the end with the lower vertex id to 1 at the other, here and below. */
  split_edge: { readonly edge: ElementId; readonly t: number };
  dissolve_edge: { readonly edge: ElementId };
  flip_edge: { readonly edge: ElementId };
  collapse_edge: { readonly edge: ElementId; readonly t: number };
  bevel_edge: { readonly edge: ElementId; readonly width: number };
  loop_cut: { readonly edge: ElementId; readonly t: number };
  /** A chain or a whole loop of edges at the boundary. */
  extrude_edges: { readonly edges: Ids; readonly offset: Vector3 };
  fill_hole: { readonly edge: ElementId };
  /** `shift` turns the second loop by so many edges. */
  bridge: { readonly edge: ElementId; readonly other: ElementId; readonly shift: number };
  set_crease: { readonly edges: Ids; readonly sharpness: number };

  /** Anticlockwise seen from outside. */
  add_face: { readonly vertices: Ids };
  split_face: { readonly face: ElementId; readonly start: ElementId; readonly end: ElementId };
  poke: { readonly face: ElementId };
  triangulate_faces: { readonly faces: Ids };
  extrude_face: { readonly face: ElementId; readonly distance: number };
  inset_face: { readonly face: ElementId; readonly distance: number; readonly depth: number };
  extrude_region: { readonly faces: Ids; readonly offset: Vector3 };
  /** Of the whole connected parts that the faces are in. */
  flip_normals: { readonly faces: Ids };
  paint_faces: { readonly faces: Ids; readonly colour: Vector3 };

  delete_elements: { readonly vertices: Ids; readonly edges: Ids; readonly faces: Ids };

  /** `values` are `width` numbers for each element; a corner is named by two ids, its face's and its vertex's. */
  set_attribute: {
    readonly domain: "vertex" | "edge" | "face" | "corner";
    readonly attribute: string;
    readonly kind: "f8" | "i4" | "u1";
    readonly width: number;
    readonly elements: Ids;
    readonly values: Float64Array | Int32Array | Uint8Array;
  };

  subdivide: { readonly scheme: "linear" | "catmull-clark" | "loop" };
  mirror: { readonly axis: "x" | "y" | "z"; readonly offset: number; readonly weldDistance: number };
  compact_mesh: Record<never, never>;
}

export type MeshOperationName = keyof MeshOperationFields;

export type MeshOperation = {
  readonly [Name in MeshOperationName]: { readonly type: Name; readonly entity: EntityId } & MeshOperationFields[Name];
}[MeshOperationName];
