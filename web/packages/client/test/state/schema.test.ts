import { type ComponentDescriptors, nameId } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { RoomFaultError } from "../../src/errors";
import { createSessionComponents, ENTITY, manifestHash } from "../../src/state/schema";
import { replication, messageOf } from "./vectors";

const TOLD = messageOf("ComponentDescriptors", replication.descriptors);

function idOf(name: string): string {
  return nameId(name).toString(16).padStart(16, "0");
}

function message(first: number, descriptors: readonly string[], all = descriptors): ComponentDescriptors {
  return { type: "ComponentDescriptors", first, descriptors, manifest: manifestHash(all) };
}

/** A descriptor with a column, changed. */
function descriptorWith(change: object, field: object = {}): string {
  const column = { name: "value", kind: "column", dtype: "<f4", width: 1, ...field };
  return JSON.stringify({ name: "test.Thing", id: idOf("test.Thing"), plane: "state", fields: [column], ...change });
}

describe("a session's components", () => {
  it("REP-6: are told in pieces, and again; numbers are kept", () => {
    const session = createSessionComponents();
    const texts = TOLD.descriptors;
    session.handleDescriptors(message(1, texts.slice(0, 2)));
    const [, first] = session.layouts;
    session.handleDescriptors(message(2, texts.slice(1), texts));
    expect(session.layouts[1]).toBe(first);
    session.handleDescriptors(message(1, texts.slice(0, 1), texts));
    expect(session.layouts.map(({ name }) => name)).toEqual(replication.layouts.map(({ name }) => name));
    expect(session.numberOf("theta.vectors.Tool")).toBe(4);
    expect([session.numberOf("theta.vectors.Nothing"), session.numberOf("theta.Entity")]).toEqual([null, null]);
    expect(session.layouts[ENTITY]!.words).toBe(2);
    expect(session.layouts[1]!.position).toBe("metres");
  });

  it.each([
    { title: "a gap", told: message(3, TOLD.descriptors) },
    { title: "number 0", told: message(0, TOLD.descriptors) },
    { title: "another component under a number", told: message(1, [descriptorWith({})], [descriptorWith({})]) },
    { title: "too many", told: message(2, new Array<string>(1023).fill(descriptorWith({}))) },
  ])("REP-6: $title is refused, and nothing is taken", ({ told }) => {
    const session = createSessionComponents();
    session.handleDescriptors(message(1, TOLD.descriptors.slice(0, 1)));
    const { layouts, manifest } = session;
    expect(() => session.handleDescriptors(told)).toThrow(RoomFaultError);
    expect([session.layouts, session.manifest]).toEqual([layouts, manifest]);
  });

  const column = (codec: object, more: object = {}) => descriptorWith({}, { codec, ...more });
  const fixed = { name: "fixed-point", step: 0.1, low: 0, high: 1 };
  it.each([
    ["no JSON", "{"],
    ["no mapping", "[]"],
    ["another id than its name's", descriptorWith({ id: idOf("test.Other") })],
    ["a name that is not ASCII", descriptorWith({ name: "tést" })],
    ["the document's plane", descriptorWith({ plane: "document" })],
    ["a scope that there is not", descriptorWith({ scope: "everybody" })],
    ["a position that is no name", descriptorWith({ position: 1 })],
    ["version 0", descriptorWith({ version: 0 })],
    ["something that nobody knows", descriptorWith({ colour: "red" })],
    ["no fields", descriptorWith({ fields: [] })],
    ["two fields of one name", descriptorWith({ fields: [1, 2].map(() => ({ name: "a", kind: "column", dtype: "<f4" })) })],
    ["a field's name that is none", descriptorWith({}, { name: "a b" })],
    ["a kind that there is not", descriptorWith({}, { kind: "list" })],
    ["a dtype that there is not", descriptorWith({}, { dtype: "<f2" })],
    ["a width of 257", descriptorWith({}, { width: 257 })],
    ["a width of 1.5", descriptorWith({}, { width: 1.5 })],
    ["a column with something more", descriptorWith({}, { length: 3 })],
    ["a text with a codec", descriptorWith({ fields: [{ name: "a", kind: "text", characters_max: 3, codec: fixed }] })],
    ["a blob of no bytes", descriptorWith({ fields: [{ name: "a", kind: "blob", length: 0 }] })],
    ["bytes without a length", descriptorWith({ fields: [{ name: "a", kind: "bytes" }] })],
    ["a codec that there is not", column({ name: "huffman" })],
    ["fixed point without a step", column({ name: "fixed-point", low: 0, high: 1 })],
    ["fixed point with a step of 0", column({ ...fixed, step: 0 })],
    ["fixed point with low over high", column({ ...fixed, low: 2 })],
    ["fixed point of over 2^31 steps", column({ ...fixed, high: 1e9 })],
    ["fixed point of integers", column(fixed, { dtype: "<i4" })],
    ["smallest three of three", column({ name: "smallest-three", bits: 10 }, { width: 3 })],
    ["smallest three in 17 bits", column({ name: "smallest-three", bits: 17 }, { width: 4 })],
    ["bits of floats", column({ name: "bits", count: 1 })],
    ["bits by three", column({ name: "bits", count: 3 }, { dtype: "<u1" })],
    ["an entity in four bytes", column({ name: "entity" }, { dtype: "<u4" })],
    ["17 groups", descriptorWith({ fields: Array.from({ length: 17 }, (_, at) => ({ name: `f${at}`, kind: "column", dtype: "<u1" })) })],
  ])("REP-6: a descriptor that has %s is refused", (_, text) => {
    const session = createSessionComponents();
    expect(() => session.handleDescriptors(message(1, [descriptorWith({}), text]))).toThrow(/^ComponentDescriptors: /);
    expect(session.layouts.length).toBe(1);
  });

  it("REP-6: what a codec does not say has a default, and 16 groups are fine", () => {
    const session = createSessionComponents();
    const fields = [
      { name: "turned", kind: "column", dtype: "<f4", width: 4, codec: { name: "smallest-three" } },
      { name: "flags", kind: "column", dtype: "<u1", codec: { name: "bits" } },
      { name: "of", kind: "column", dtype: "<u8", width: 1, codec: { name: "entity" } },
      ...Array.from({ length: 12 }, (_, at) => ({ name: `f${at}`, kind: "bytes", length_max: 9 })),
    ];
    session.handleDescriptors(message(1, [descriptorWith({ fields, version: 2, scope: "editor" })]));
    const layout = session.layouts[1]!;
    expect([layout.groupCount, layout.codeBytes, layout.version, layout.scope]).toEqual([16, 4, 2, "editor"]);
    expect(layout.numbers.map(({ isEntity }) => isEntity)).toEqual([false, false, true]);
    expect(layout.naturalBytes).toEqual([1, 2, 1, 8]);
  });

  it("REP-7: another manifest hash is a mismatch, and nothing is taken", () => {
    const session = createSessionComponents();
    let found: unknown;
    try {
      session.handleDescriptors({ ...TOLD, manifest: new Uint8Array(16) });
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(RoomFaultError);
    expect((found as RoomFaultError).closeCode).toBe(4426);
    expect(session.layouts.length).toBe(1);
    session.handleDescriptors(TOLD);
    expect(session.manifest).toEqual(TOLD.manifest);
  });
});
