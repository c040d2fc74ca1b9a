/** What the room says, in words for people. */

import { type Outcome, type Person, RefusedError, type StateLoss, type Strategy } from "@theta/client";

/** What becomes of two changes of the same thing at once. */
export const STRATEGY_WORDS: Readonly<Record<Strategy, string>> = {
  "last-writer-wins": "The later one counts",
  merge: "Both count, where they can",
  reject: "The later one is refused",
};

/** What became of a step, to stand behind what it was. */
export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  applied: "",
  merged: "",
  "no-op": ", which changed nothing",
  rejected: ", which was refused",
  suspended: ", undone since",
};

const STEP_WORDS: Readonly<Record<string, string>> = {
  "create primitive": "adding an object",
  "import mesh": "bringing in a model",
  transform: "moving",
  paint: "painting",
  "set surface": "changing the surface",
  rename: "renaming",
  delete: "deleting",
  "set effective": "a step",
  "create vertex": "adding a vertex",
  "move vertices": "moving points",
  "dissolve vertex": "dissolving",
  weld: "welding",
  "weld by distance": "welding",
  "split edge": "splitting an edge",
  "dissolve edge": "dissolving",
  "flip edge": "turning an edge",
  "collapse edge": "collapsing an edge",
  "bevel edge": "bevelling",
  "loop cut": "a loop cut",
  "extrude edges": "extruding",
  "fill hole": "filling a hole",
  bridge: "bridging",
  "set crease": "creasing",
  "add face": "making a face",
  "split face": "connecting",
  poke: "poking",
  "triangulate faces": "triangulating",
  "extrude face": "extruding",
  "inset face": "insetting",
  "extrude region": "extruding",
  "flip normals": "flipping",
  "paint faces": "painting faces",
  "delete elements": "deleting",
  "set attribute": "setting values",
  separate: "separating",
  subdivide: "subdividing",
  mirror: "mirroring",
  "compact mesh": "compacting",
  undo: "undo",
  redo: "redo",
  "merge branch": "a merge",
};

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const CLOCK_EXACT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY_AND_CLOCK = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** When something was: "14:32" today, with the day else; with seconds when it is about moments. */
export function whenWords(atMs: number, nowMs = Date.now(), isExact = false): string {
  const isToday = new Date(atMs).toDateString() === new Date(nowMs).toDateString();
  if (!isToday) return DAY_AND_CLOCK.format(atMs);
  return (isExact ? CLOCK_EXACT : CLOCK).format(atMs);
}

/** Of what the room says in a sentence of its own, for example "make Ben viewer". */
const GERUNDS: Readonly<Record<string, string>> = {
  make: "making",
  kick: "sending away",
  revoke: "revoking",
  restore: "restoring",
  set: "setting",
  let: "letting",
  allow: "allowing",
  forbid: "forbidding",
  create: "making",
};

/** What a step of the history did, to stand behind "Undo" or "Redo". */
export function stepWords(label: string): string {
  const [, first, more] = /^(.*)( and \d+ more)$/u.exec(label) ?? [];
  if (first !== undefined) return `${stepWords(first)}${more}`;
  const [verb = "", ...rest] = label.split(" ");
  const gerund = GERUNDS[verb];
  return STEP_WORDS[label] ?? (gerund === undefined ? label : [gerund, ...rest].join(" "));
}

/** A type of command by its name: "Move vertices". */
export function commandWords(name: string): string {
  if (name === "theta.set_effective") return "Undo and redo";
  const words = name.replace(/^theta\./u, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Why something was not done, without the name of the error's class before it, and without ids. */
export function reasonWords(reason: string): string {
  const [, name, words] = /^([A-Z][A-Za-z]*): (.*)$/su.exec(reason) ?? [];
  if (name === "UnknownElement") return "it is not there any more";
  const plain = (words ?? reason).replace(/(?:the )?\b(vertex|edge|face|object|entity) [0-9a-f]{32}(?:-[0-9a-f]{32})?\b:?/gu, "the $1");
  return plain.replace(/\b[0-9a-f]{32}\b/gu, "…").replace(/\b\d+\.\d{6,}\b/gu, (number) => String(Number(Number(number).toPrecision(4))));
}

/** Why something that was tried failed. */
export function failureWords(error: unknown): string {
  return reasonWords(error instanceof RefusedError ? error.reason : error instanceof Error ? error.message : String(error));
}

/** "Ana", "Ana and Bo", "Ana, Bo and Cy". */
export function list(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "Someone") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

/** Why what was in one's hand is not any more. */
export function lossWords({ owner, reason }: StateLoss, people: readonly Person[]): { title: string; detail: string } {
  const other = people.find(({ actor, self }) => actor === owner && !self);
  if (other) return { title: `${other.name} has it now`, detail: "Only one hand holds a thing." };
  if (reason === "not-allowed") return { title: "You may not take that", detail: "" };
  if (reason === "unknown-entity") return { title: "It is gone", detail: "" };
  if (reason === "too-many") return { title: "Too much at once", detail: "Wait a moment, and take it again." };
  return { title: "It slipped out of your hand", detail: "The room decided otherwise." };
}
