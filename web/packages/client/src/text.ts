/** Text as the room takes it: Python's `str.isprintable`, so neither control nor format characters, nor line ends. */

import { NAME_CHARACTERS_MAX } from "@theta/wire";

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** How many characters the room counts: code points. */
export function characterCount(text: string): number {
  return [...text].length;
}

/** What somebody typed as a name of theirs that every room takes; "Guest" when nothing is left of it. */
export function cleanName(typed: string): string {
  const printable = [...typed].map((character) => (isPrintable(character) ? character : " ")).join("");
  const name = [...printable.trim()].slice(0, NAME_CHARACTERS_MAX).join("").trim();
  return name === "" ? "Guest" : name;
}
