import { expect, test } from "vitest";
import { BINDINGS, commandFor, FLIGHT_KEYS, flightOf, keyLabel, type KeyPress } from "../src/keymap";

function press(key: string, held: Partial<KeyPress> = {}): KeyPress {
  return { key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held };
}

test.each([
  ["1", {}, "mode-object"],
  ["Z", { ctrlKey: true, shiftKey: true }, "redo"],
  ["z", { ctrlKey: true }, "undo"],
  ["z", { metaKey: true }, "undo"],
  ["y", { ctrlKey: true }, "redo"],
  ["?", { shiftKey: true }, "help"],
  ["Delete", {}, "delete"],
  ["X", { shiftKey: true }, "tool-extrude"],
  ["l", {}, "grow-part"],
  ["L", { shiftKey: true }, "grow-loop"],
  ["Delete", { shiftKey: true }, "do-dissolve"],
  ["+", { shiftKey: true }, "add-menu"],
  ["a", { metaKey: true }, "grow-all"],
] as const)("%s with %o asks for %s", (key, held, command) => {
  expect(commandFor(press(key, held))).toBe(command);
});

test.each([
  ["c", { ctrlKey: true }],
  ["1", { altKey: true }],
  ["f", { metaKey: true }],
  ["Tab", {}],
  ["z", { altKey: true }],
  ["c", { ctrlKey: true, shiftKey: true }],
] as const)("%s with %o is left to the browser", (key, held) => {
  expect(commandFor(press(key, held))).toBeNull();
});

test("no key means two things, and none is needed for flying", () => {
  const keys = BINDINGS.flatMap((binding) => binding.keys);
  expect(new Set(keys).size).toBe(keys.length);
  const flying = [...FLIGHT_KEYS].map((code) => code.slice(-1).toLowerCase());
  expect(keys.filter((key) => flying.includes(key))).toEqual([]);
});

test("held keys fly; opposite ones cancel out", () => {
  expect(flightOf(new Set(["KeyW", "KeyD", "ShiftLeft"]))).toEqual({ right: 1, up: 0, forward: 1, fast: true });
  expect(flightOf(new Set(["KeyW", "KeyS", "KeyQ"]))).toEqual({ right: 0, up: -1, forward: 0, fast: false });
});

test("keys are written as on a keyboard", () => {
  expect(["ctrl+shift+z", "escape", "f2", "["].map(keyLabel)).toEqual(["Ctrl ⇧Z", "Esc", "F2", "["]);
});
