/** What the room says, in words for people. */

const STEP_WORDS: Readonly<Record<string, string>> = {
  "create primitive": "adding an object",
  "import mesh": "bringing in a model",
  transform: "moving",
  "move vertices": "moving points",
  "extrude face": "extruding",
  paint: "painting",
  rename: "renaming",
  delete: "deleting",
  "set effective": "a step",
};

/** What a step of the history did, to stand behind "Undo" or "Redo". */
export function stepWords(label: string): string {
  return STEP_WORDS[label] ?? label;
}

/** Why something was not done, without the name of the error's class before it. */
export function reasonWords(reason: string): string {
  const [, name, words] = /^([A-Z][A-Za-z]*): (.*)$/su.exec(reason) ?? [];
  return name === "UnknownElement" ? "it is not there any more" : (words ?? reason);
}
