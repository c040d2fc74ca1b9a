// @vitest-environment happy-dom
import { Group, Mesh, Object3D, PlaneGeometry, Vector3 } from "three";
import { beforeEach, expect, test } from "vitest";
import { contrastOf, lintXr, type XrRule } from "../src/lint";
import { createPanel, type Panel } from "../src/ui/panel";
import type { XrElement } from "../src/ui/types";

const GOOD: XrElement = {
  ...{ kind: "target", label: "Go", widthM: 0.05, heightM: 0.05, emM: 0.02, distanceM: 1 },
  ...{ foreground: "#ffffff", background: "#1f2633" },
};
let root: Group;

beforeEach(() => {
  root = new Group();
});

/** An element that is as large as it says, unless `size` says otherwise. */
function place(told: Partial<XrElement> | null, size: readonly [number, number] = [told?.widthM ?? 0.05, told?.heightM ?? 0.05]): Mesh {
  const node = new Mesh(new PlaneGeometry(...size));
  node.name = `xr-${told?.kind ?? "target"}`;
  if (told) node.userData.xr = told;
  root.add(node);
  return node;
}

function rules(panels: readonly Panel[] = [], eye = new Vector3(0, 0, 1), scale = 1): XrRule[] {
  return lintXr({ root, panels, eye, scale }).faults.map(({ rule }) => rule);
}

test("what is told of rightly, large and legible enough passes, and is counted", () => {
  place(GOOD);
  place({ ...GOOD, kind: "text" });
  place({ ...GOOD, kind: "panel", widthM: 0.3, heightM: 0.2, emM: 0 });
  expect(lintXr({ root, panels: [], eye: new Vector3(0, 0, 1), scale: 1 })).toEqual({ faults: [], checked: { panel: 1, target: 1, text: 1 } });
});

test.each<[string, Partial<XrElement>, XrRule]>([
  ["letters under 20 mm/m", { emM: 0.0199 }, "em"],
  ["letters that are too small from so far", { distanceM: 1.01, widthM: 0.06, heightM: 0.06 }, "em"],
  ["a text without letters", { kind: "text", emM: 0 }, "em"],
  ["a target narrower than 48 mm/m", { widthM: 0.0479 }, "target"],
  ["a target lower than 48 mm/m", { heightM: 0.0479 }, "target"],
  ["grey on grey", { foreground: "#8d929b", background: "#343a46" }, "contrast"],
  ["a graphic that is hard to see", { emM: 0, foreground: "#4a5164" }, "contrast"],
])("%s is a fault", (_, change, rule) => {
  place({ ...GOOD, ...change });
  expect(rules()).toEqual([rule]);
});

test("seen from farther than meant, the real distance counts; from nearer, the one it is meant for", () => {
  place({ ...GOOD, emM: 0.0245 });
  expect(rules([], new Vector3(0, 0, 1.04))).toEqual([]);
  expect(rules([], new Vector3(0, 0, 1.3))).toEqual(["em", "target"]);
  expect(rules([], new Vector3(0, 0, 0.2))).toEqual([]);
});

test("geometry that differs from what is said of it is a fault, at whichever size the person is", () => {
  place(GOOD, [0.06, 0.05]);
  expect(rules()).toEqual(["geometry"]);
  root.scale.setScalar(3);
  expect(rules()).toEqual(["geometry"]);
  root.clear();
  place(GOOD);
  expect(rules([], new Vector3(0, 0, 3), 3)).toEqual([]);
  expect(rules([], new Vector3(0, 0, 1), 1)).toEqual(["geometry"]);
  root.clear();
  const empty = new Object3D();
  empty.userData.xr = GOOD;
  root.add(empty);
  expect(rules([], new Vector3(0, 0, 3), 3)).toContain("geometry");
});

test("an element without data, or with data that makes no sense, is a fault", () => {
  place(null);
  place({ ...GOOD, foreground: "white" });
  place({ ...GOOD, emM: Number.NaN });
  place({ kind: "target", label: "Go" });
  const text = place({ ...GOOD, kind: "text" });
  text.name = "xr-target";
  expect(rules()).toEqual(["data", "data", "data", "data", "data"]);
});

test("what a panel lets press must say that it is a target", () => {
  const node = place({ ...GOOD, kind: "text" });
  node.name = "";
  const panel = { targets: [{ node }] } as unknown as Panel;
  expect(rules([panel])).toEqual(["data"]);
  delete node.userData.xr;
  expect(rules([panel])).toEqual(["data"]);
});

test("a name tag needs no label of its own", () => {
  place({ ...GOOD, kind: "text", emM: 0.01, label: undefined }).name = "";
  const { faults, checked } = lintXr({ root, panels: [], eye: new Vector3(0, 0, 1), scale: 1 });
  expect(checked.text).toBe(1);
  expect(faults).toEqual([{ element: expect.stringMatching(/^text "/u) as string, rule: "em", words: "letters of 10.0 mm/m" }]);
});

test("what can't be seen is left alone", () => {
  const group = new Group();
  root.add(group);
  group.add(place(null));
  group.visible = false;
  expect(rules()).toEqual([]);
});

test("a panel that is drawn larger than it says is a fault", () => {
  const panel = createPanel({ name: "Test", widthM: 0.3, heightM: 0.2, distanceM: 0.5, pixelsPerMetre: 100, background: "#1f2633" });
  root.add(panel.group);
  expect(rules([panel])).toEqual([]);
  panel.group.scale.setScalar(1.1);
  expect(rules([panel])).toEqual(["geometry"]);
});

test("contrast is WCAG's", () => {
  expect(contrastOf("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrastOf("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
  expect(contrastOf("#ffffff", "#777777")).toBeCloseTo(4.48, 2);
});
