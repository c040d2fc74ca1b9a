/** From a file's bytes to a model, in the worker or, in tests, anywhere. */

import { assembled } from "./assemble";
import { readGlb } from "./glb";
import { ImportError, type ImportLimits, type Model, type Progress } from "./model";
import { readObj } from "./obj";

/** How much of the work is reading; the rest is welding. */
const READING_SHARE = 0.5;
const GLB_MAGIC = "glTF";

/** @throws ImportError in words for people. */
export function readModel(bytes: Uint8Array, fileName: string, limits: ImportLimits, progress: Progress = () => undefined): Model {
  if (bytes.length > limits.fileBytes) throw tooLargeFile(bytes.length, limits.fileBytes);
  if (bytes.length === 0) throw new ImportError("That file is empty", "Export it again.");
  const reading: Progress = (share) => progress(share * READING_SHARE);
  const isGlb = new TextDecoder("latin1").decode(bytes.subarray(0, 4)) === GLB_MAGIC;
  const raw = isGlb || kindOf(fileName) === "glb" ? readGlb(bytes, limits, reading) : readObj(bytes, limits.faces, reading);
  return assembled(raw, fileName, limits, (share) => progress(READING_SHARE + share * (1 - READING_SHARE)));
}

/** What a file is by its name; null when it is neither. */
export function kindOf(fileName: string): "glb" | "obj" | null {
  const [ending] = /\.[^.]+$/.exec(fileName.toLowerCase()) ?? [];
  return ending === ".glb" ? "glb" : ending === ".obj" ? "obj" : null;
}

export function tooLargeFile(bytes: number, bytesMax: number): ImportError {
  const inWords = (count: number): string => `${Math.ceil(count / 2 ** 20)} MiB`;
  return new ImportError(
    `That file has ${inWords(bytes)}, and ${inWords(bytesMax)} is the most`,
    "Leave out pictures when you export it, or make it simpler first.",
  );
}

/** Words for a file that is neither. */
export function unknownKind(fileName: string): ImportError {
  const ending = /\.[^.]+$/.exec(fileName)?.[0] ?? "";
  if (ending.toLowerCase() === ".gltf") {
    return new ImportError("A .gltf is only half a model", "The rest is in other files. Export it as GLB, which has everything in one.");
  }
  return new ImportError(`${ending || "A file like that"} can't be brought in`, "GLB and OBJ can: export it as one of them.");
}
