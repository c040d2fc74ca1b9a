import type { Material } from "@theta/client";
import { BatchedMesh, Color, Matrix4, Vector3, type BufferGeometry } from "three";
import { expect, test } from "vitest";
import { makePrimitive } from "../../app/test/fake/shapes";
import { createEdgeBatch } from "../src/drawing/edge-batch";
import { createRangePool, type Range } from "../src/drawing/range-pool";
import { createSurfaceBatches } from "../src/drawing/surface-batches";
import { createLookMaterial, lookOf, type Finish } from "../src/drawing/look";
import { buildSurface, edgePositions } from "../src/geometry/build";

test("ranges never overlap, and what is freed is taken again, joined with its neighbours", () => {
  const pool = createRangePool(10);
  const [a, b, c] = [pool.take(4), pool.take(3), pool.take(3)] as [Range, Range, Range];
  expect([a.start, b.start, c.start]).toEqual([0, 4, 7]);
  expect(pool.take(1)).toBeNull();
  expect(pool.end).toBe(10);
  pool.free(a);
  pool.free(c);
  expect(pool.end).toBe(7);
  expect(pool.take(5)).toBeNull();
  pool.free(b);
  expect(pool.end).toBe(0);
  expect(pool.take(10)).toEqual({ start: 0, size: 10 });
});

test("a pool that grew has the new part joined to what was free at its end", () => {
  const pool = createRangePool(4);
  expect(pool.take(3)).toEqual({ start: 0, size: 3 });
  pool.grow(8);
  expect(pool.take(5)).toEqual({ start: 3, size: 5 });
  expect([pool.capacity, pool.end]).toEqual([8, 8]);
});

const SEED = 7;

test(`a thousand takes and frees keep every range to itself (seed ${SEED})`, () => {
  let state = SEED;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  const pool = createRangePool(64);
  const taken: Range[] = [];
  for (let step = 0; step < 1000; step++) {
    if (taken.length > 0 && random(2) === 0) pool.free(taken.splice(random(taken.length), 1)[0] as Range);
    const size = 1 + random(9);
    let range = pool.take(size);
    if (!range) {
      pool.grow(pool.capacity + 32);
      range = pool.take(size);
    }
    if (range) taken.push(range);
    const owned = new Set(taken.flatMap(({ start, size: length }) => Array.from({ length }, (_, at) => start + at)));
    expect(owned.size).toBe(taken.reduce((sum, { size: length }) => sum + length, 0));
    expect(Math.max(...owned)).toBeLessThan(pool.end);
  }
});

const edgesOf = (size: number): Float32Array => edgePositions(makePrimitive("cube", size, 1));

test("edges stand where their entity is, and only the moved entity's part is sent again", () => {
  const batch = createEdgeBatch();
  const edges = edgesOf(2);
  batch.show("a", edges, new Matrix4());
  batch.show("b", edges, new Matrix4().makeTranslation(5, 0, 0));
  const positions = batch.lines.geometry.getAttribute("position");
  expect(batch.lines.geometry.drawRange.count).toBe(48);
  expect(positions.getX(24)).toBe((edges[0] as number) + 5);
  (positions as { clearUpdateRanges?: () => void }).clearUpdateRanges?.();
  batch.show("b", edges, new Matrix4().makeTranslation(7, 0, 0));
  expect(positions.getX(24)).toBe((edges[0] as number) + 7);
  expect(positions.getX(0)).toBe(edges[0]);
  expect((positions as unknown as { updateRanges: unknown }).updateRanges).toEqual([{ start: 72, count: 72 }]);
});

test("removed edges leave nothing to be seen, and their place is used again", () => {
  const batch = createEdgeBatch();
  batch.show("a", edgesOf(1), new Matrix4());
  batch.show("b", edgesOf(1), new Matrix4());
  batch.remove("a");
  const positions = batch.lines.geometry.getAttribute("position");
  expect([...positions.array.slice(0, 72)].every((value) => value === 0)).toBe(true);
  batch.show("c", edgesOf(3), new Matrix4());
  expect(batch.lines.geometry.drawRange.count).toBe(48);
  expect(positions.getX(0)).toBe(edgesOf(3)[0]);
});

test("more edges than there was room for keep those that were there", () => {
  const batch = createEdgeBatch();
  for (let at = 0; at < 400; at++) batch.show(`e${at}`, edgesOf(1), new Matrix4().makeTranslation(at, 0, 0));
  const positions = batch.lines.geometry.getAttribute("position");
  expect(batch.lines.geometry.drawRange.count).toBe(9600);
  for (const at of [0, 170, 171, 399]) expect(positions.getX(at * 24)).toBe((edgesOf(1)[0] as number) + at);
});

const PLAIN: Material = { colour: [1, 0, 0], metallic: 0, roughness: 0.6 };
const surfaceOf = (kind: "cube" | "pyramid"): BufferGeometry => buildSurface(makePrimitive(kind, 1, 1)).geometry;
const meshesOf = (batches: ReturnType<typeof createSurfaceBatches>): BatchedMesh[] =>
  batches.group.children.filter((child) => child instanceof BatchedMesh);

test("300 entities are one batch for each look, each with its own place and colour", () => {
  const batches = createSurfaceBatches();
  for (let at = 0; at < 300; at++) {
    const material: Material = { colour: [at / 300, 0, 0], metallic: 0, roughness: at % 2 === 0 ? 0.6 : 0.2 };
    batches.show(`e${at}`, surfaceOf("cube"), material, new Matrix4().makeTranslation(at, 0, 0));
  }
  const meshes = meshesOf(batches);
  expect(meshes.map((mesh) => mesh.instanceCount)).toEqual([150, 150]);
  const matrix = new Matrix4();
  meshes[1]?.getMatrixAt(149, matrix);
  expect(matrix.elements[12]).toBe(299);
  expect((meshes[1]?.getColorAt(149, new Color()) as Color).getHexString("srgb")).toBe("fe0000");
});

test("a surface that grows is moved within its batch, one that fits is written over, and room is used again", () => {
  const batches = createSurfaceBatches();
  batches.show("a", surfaceOf("pyramid"), PLAIN, new Matrix4());
  const [mesh] = meshesOf(batches) as [BatchedMesh];
  for (let round = 0; round < 500; round++) {
    batches.show("a", surfaceOf(round % 2 === 0 ? "cube" : "pyramid"), PLAIN, new Matrix4());
    batches.show(`b${round % 3}`, surfaceOf("cube"), PLAIN, new Matrix4());
    batches.remove(`b${round % 3}`);
  }
  expect(mesh.instanceCount).toBe(1);
  // 36 vertices with room for half as many more, however often it changed.
  expect(mesh.unusedVertexCount).toBeGreaterThan(0);
  expect(mesh.geometry.getAttribute("position").count).toBe(4096);
});

test("another look moves a surface to another batch, and an empty batch goes", () => {
  const batches = createSurfaceBatches();
  const geometry = surfaceOf("cube");
  batches.show("a", geometry, PLAIN, new Matrix4());
  batches.show("a", geometry, { ...PLAIN, metallic: 1 }, new Matrix4());
  expect(meshesOf(batches)).toHaveLength(1);
  batches.remove("a");
  batches.remove("a");
  expect(meshesOf(batches)).toHaveLength(0);
});

test("a mirrored placement has its triangles turned about, so that they still face outwards", () => {
  const batches = createSurfaceBatches();
  const geometry = surfaceOf("cube");
  const mirror = new Matrix4().makeScale(-1, 1, 1);
  batches.show("a", geometry, PLAIN, mirror);
  const [mesh] = meshesOf(batches) as [BatchedMesh];
  const drawn = mesh.geometry.getAttribute("position");
  const normals = mesh.geometry.getAttribute("normal");
  const [a, b, c] = [0, 1, 2].map((at) => new Vector3().fromBufferAttribute(drawn, at).applyMatrix4(mirror)) as [Vector3, Vector3, Vector3];
  const wound = b.sub(a).cross(c.sub(a)).normalize();
  const normal = new Vector3().fromBufferAttribute(normals, 0).applyMatrix4(mirror);
  expect(wound.dot(normal)).toBeCloseTo(1, 6);
  expect(drawn.getX(1)).toBe(geometry.getAttribute("position").getX(2));
});

function paintedCube(): BufferGeometry {
  const cube = makePrimitive("cube", 1, 1);
  const colours = { domain: "face", name: "colour", width: 3, values: new Float64Array(18).fill(1) } as const;
  const counts = { domain: "face", name: "painted", width: 1, values: Uint8Array.of(0, 0, 0, 1, 0, 0) } as const;
  return buildSurface({ ...cube, attributes: [colours, counts] }).geometry;
}

test("what has painted faces is drawn apart from what has none, and comes back when they are gone", () => {
  const batches = createSurfaceBatches();
  batches.show("a", surfaceOf("cube"), PLAIN, new Matrix4());
  batches.show("b", paintedCube(), PLAIN, new Matrix4());
  expect(meshesOf(batches)).toHaveLength(2);
  const paint = meshesOf(batches)[1]!.geometry.getAttribute("paint");
  expect([...paint.array.slice(18 * 4, 18 * 4 + 4)]).toEqual([1, 1, 1, 1]);
  expect([...paint.array.slice(0, 4)]).toEqual([0, 0, 0, 0]);
  batches.show("b", surfaceOf("cube"), PLAIN, new Matrix4());
  expect(meshesOf(batches)).toHaveLength(1);
  batches.show("b", paintedCube(), PLAIN, new Matrix4().makeScale(-1, 1, 1));
  expect(meshesOf(batches)).toHaveLength(2);
});

test("a surface glows, lets light through, or is left out where it is thin; each look is drawn apart", () => {
  const surface = { emissive: [0, 1, 0], opacity: 0.5, alphaCutoff: 0.25, alphaMode: "blend", doubleSided: false } as const;
  const glass: Finish = { ...PLAIN, surface };
  const material = createLookMaterial(glass, false);
  expect(material).toMatchObject({ transparent: true, opacity: 0.5, depthWrite: false, alphaTest: 0, side: 0 });
  expect(material.emissive.getHexString("srgb")).toBe("00ff00");
  expect(createLookMaterial({ ...PLAIN, surface: { ...surface, alphaMode: "mask" } }, false)).toMatchObject({ transparent: false, opacity: 0.5, alphaTest: 0.25 });
  const opaque: Finish = { ...PLAIN, surface: { ...surface, alphaMode: "opaque", doubleSided: true } };
  expect(createLookMaterial(opaque, false)).toMatchObject({ transparent: false, opacity: 1, depthWrite: true, side: 2 });
  const looks = [PLAIN, glass, opaque, { ...glass, surface: { ...surface, opacity: 0.4 } }].map((finish) => lookOf(finish, false));
  expect(new Set([...looks, lookOf(PLAIN, true)]).size).toBe(5);
  expect(lookOf({ ...PLAIN, surface: null }, false)).toBe(lookOf(PLAIN, false));
});

test("the painted surface's program takes its colours from the paint", () => {
  const material = createLookMaterial(PLAIN, true);
  const shader = { vertexShader: "#include <common>\n#include <begin_vertex>", fragmentShader: "#include <common>\n#include <color_fragment>" };
  material.onBeforeCompile(shader as never, null as never);
  expect(shader.vertexShader).toContain("vPaint = paint;");
  expect(shader.fragmentShader).toContain("mix(diffuseColor.rgb, vPaint.rgb, vPaint.a)");
  expect(material.customProgramCacheKey()).not.toBe(createLookMaterial(PLAIN, false).customProgramCacheKey());
});
