import { fromHex, nameId, toHex } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { bytesOfDtype, createColumn, type NumberColumn } from "../../src/state/columns";
import { readDescriptor } from "../../src/state/descriptors";
import { quantiseRows, restoreField } from "../../src/state/schema";
import { codecs, lanesAt } from "./vectors";

type Case = (typeof codecs.columns)[number];

/** A component of one field. */
function layoutOf(field: { readonly codec: object | null; readonly dtype: string; readonly width: number }) {
  const { codec, dtype, width } = field;
  const fields = [{ name: "values", kind: "column", dtype, width, ...(codec === null ? {} : { codec }) }];
  return readDescriptor(
    JSON.stringify({ name: "test.Vector", id: nameId("test.Vector").toString(16).padStart(16, "0"), plane: "state", fields }),
  );
}

/** A column with these bytes, which may be no numbers. */
function columnOf(each: Case): NumberColumn {
  const bytes = fromHex(each.rows);
  const dtype = layoutOf(each).numbers[0]!.codec.dtype;
  const column = createColumn(dtype, bytes.length / bytesOfDtype(dtype));
  bytesIn(column).set(bytes);
  return column;
}

function bytesIn(column: NumberColumn): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

/** Lanes as the codecs have them: a lane of 8 bytes in two words. */
function wordsOf(each: Case, lanes: readonly (readonly string[])[]): Int32Array {
  const { naturalBytes, groups } = layoutOf(each);
  const natural = groups.flatMap((count, group) => new Array<number>(count).fill(naturalBytes[group]!));
  return Int32Array.from(
    lanes.flatMap((row) =>
      row.flatMap((lane, at) => {
        const low = Number(BigInt.asIntN(32, BigInt(lane)));
        return natural[at] === 8 ? [low, Number(BigInt.asIntN(32, BigInt(lane) >> 32n))] : [low];
      }),
    ),
  );
}

function restored(each: Case, lanes: readonly (readonly string[])[]): string {
  const layout = layoutOf(each);
  return toHex(bytesIn(restoreField(layout, layout.numbers[0]!, wordsOf(each, lanes), lanes.length)));
}

const titled = codecs.columns.map((each) => ({
  ...each,
  title: `${each.width} × ${each.dtype} ${each.codec === null ? "raw" : JSON.stringify(each.codec)}`,
}));

describe.each(titled)("ECS-5: lanes of $title", (each) => {
  it("has Python's groups", () => {
    const { groups, naturalBytes } = layoutOf(each);
    expect([groups, naturalBytes]).toEqual([each.groups, each.natural_bytes]);
  });

  it("are Python's", () => {
    const layout = layoutOf(each);
    const words = quantiseRows(layout, [columnOf(each)], each.lanes.length);
    const found = each.lanes.map((_, row) => lanesAt(layout, { words }, row).map(String));
    expect(found).toEqual(each.lanes);
  });

  it("are restored to Python's bits", () => {
    expect(restored(each, each.lanes)).toBe(each.restored);
  });

  it("are restored to something, whatever they are", () => {
    expect(each.strange_lanes.length).toBeGreaterThan(0);
    expect(restored(each, each.strange_lanes)).toBe(each.strange_restored);
  });
});

it("ECS-8: a rotation of which anything is no number counts as none", () => {
  const layout = layoutOf({ codec: { name: "smallest-three", bits: 10 }, dtype: "<f8", width: 4 });
  for (const rotation of [[NaN, 2, 0, 0], [2, 0, NaN, 0], [0, 0, 0, 0], [1, Infinity, 0, 0]]) {
    expect([...quantiseRows(layout, [Float64Array.from(rotation)], 1)]).toEqual([3, 0, 0, 0]);
  }
});

describe("one codec beside others in a row", () => {
  it("reads its own lanes only", () => {
    const named = (name: string) => ({ name, id: nameId(name).toString(16).padStart(16, "0"), plane: "state" });
    const layout = readDescriptor(
      JSON.stringify({
        ...named("test.Mixed"),
        fields: [
          { name: "count", kind: "column", dtype: "<u8", width: 1 },
          { name: "far", kind: "column", dtype: "<f8", width: 2, codec: { name: "fixed-point", step: 0.5, low: -10, high: 10 } },
          { name: "flags", kind: "column", dtype: "<u1", width: 9, codec: { name: "bits", count: 1 } },
          { name: "turned", kind: "column", dtype: "<f4", width: 4, codec: { name: "smallest-three", bits: 11 } },
        ],
      }),
    );
    expect(layout.words).toBe(2 + 2 + 2 + 4);
    const columns = [
      BigUint64Array.of(2n ** 64n - 2n, 5n),
      Float64Array.of(1.5, -20, 3, 4),
      Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0),
      Float32Array.of(0, 0, 0, 1, 1, 0, 0, 0),
    ];
    const words = quantiseRows(layout, columns, 2);
    const found = layout.numbers.map((field) => restoreField(layout, field, words, 2));
    columns[1] = Float64Array.of(1.5, -10, 3, 4);
    expect(found).toEqual(columns);
  });
});

describe("a field that names an entity", () => {
  it("ECS-10, REP-22: has the room's id, by which entities go here", () => {
    const layout = layoutOf({ codec: { name: "entity" }, dtype: "<u8", width: 1 });
    const ids = BigUint64Array.of(2n ** 63n + 5n, 0n, (3n << 32n) | 7n);
    const words = quantiseRows(layout, [ids], 3);
    const field = layout.numbers[0]!;
    expect(field.isEntity).toBe(true);
    expect(restoreField(layout, field, words, 3)).toEqual(ids);
  });
});
