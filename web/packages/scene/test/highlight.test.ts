// @vitest-environment happy-dom
import type { DocumentEntity } from "@theta/client";
import type { Mesh } from "three";
import { expect, test } from "vitest";
import { makePrimitive } from "../../app/test/fake/shapes";
import { createEntityLayer } from "../src/entities";
import { elementAt } from "../src/geometry/measure";
import { withExtrudedFace } from "../src/geometry/preview";
import { createHighlight } from "../src/highlight";
import { LIGHT_THEME } from "../src/theme";

const ID = "a1".repeat(16);

function cube(x: number): DocumentEntity {
  const transform = { translation: [x, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] } as const;
  return { id: ID, name: "Cube", transform, mesh: makePrimitive("cube", 0.5, 1), material: null, surface: null, owner: null };
}

test("an outline follows what moves without being made anew, and is made anew when the shape or the selection is another", () => {
  const layer = createEntityLayer(LIGHT_THEME);
  const before = cube(0);
  layer.sync(new Map([[ID, before]]), { changed: [ID], removed: [] });
  const view = layer.views.get(ID)!;
  const highlight = createHighlight({ colour: 0xff0000, width: 2, fill: 0.2, opacity: 1 });
  const shapes = (): unknown[] => highlight.group.children.map((part) => (part as Mesh).geometry);
  highlight.show(view, { kind: "object", entity: ID });
  const first = shapes();

  layer.sync(new Map([[ID, { ...before, transform: cube(3).transform }]]), { changed: [ID], removed: [] });
  highlight.show(view, { kind: "object", entity: ID });
  expect(shapes()).toEqual(first);
  expect(shapes().every((shape, at) => shape === first[at])).toBe(true);
  expect(highlight.group.matrix.elements[12]).toBe(3);

  highlight.show(undefined, null);
  expect(highlight.group.visible).toBe(false);
  highlight.show(view, { kind: "face", entity: ID, element: elementAt(view.mesh!, "face", 0) });
  expect(highlight.group.visible).toBe(true);
  const face = shapes();
  expect(face.some((shape, at) => shape === first[at])).toBe(true);
  expect(face.every((shape, at) => shape === first[at])).toBe(false);

  layer.preview(ID, { mesh: withExtrudedFace(view.mesh!, 0, 0.4) });
  highlight.show(view, { kind: "face", entity: ID, element: elementAt(before.mesh!, "face", 0) });
  expect(shapes().every((shape, at) => shape === face[at])).toBe(false);

  const gone = { kind: "face", entity: ID, element: "ff".repeat(16) } as const;
  for (let again = 0; again < 2; again++) {
    highlight.show(view, gone);
    expect(highlight.group.visible).toBe(false);
  }
});
