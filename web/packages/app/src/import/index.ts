/** Brings a file into the room. Loaded when somebody first imports something. */

import type { AssetId, EntityId, Gesture, Operation, Performed, UploadOptions, Vector3 } from "@theta/client";
import { IMPORT_LIMITS } from "./limits";
import { fittingScale, isOddSize, packetsOf, placingOperations, sizeOf } from "./placing";
import { kindOf, tooLargeFile, unknownKind } from "./read-model";
import { readInWorker, type ReadModel } from "./reader";

export { ImportError } from "./model";

export type ImportStage = "reading" | "understanding" | "sending" | "placing";

export interface ImportPorts {
  readonly upload: (bytes: Uint8Array, options: UploadOptions) => Promise<AssetId>;
  readonly perform: (operations: readonly Operation[], gesture: Gesture) => Promise<Performed>;
  readonly beginGesture: () => Gesture;
  /** Where on the floor something of this size stands well. */
  readonly place: (metres: number) => Vector3;
  /** What to do about a model that is this long; null: leave it. */
  readonly askSize: (metres: number) => Promise<"keep" | "fit" | null>;
  readonly progress: (stage: ImportStage, share: number) => void;
  readonly read?: ReadModel;
}

export interface Imported {
  readonly entities: readonly EntityId[];
  readonly faceCount: number;
  /** The longest side, in metres, as it stands in the room. */
  readonly metres: number;
  readonly notes: readonly string[];
}

/**
 * Reads, uploads and places one file: one gesture, which is one step for undo. Null when the person chose to leave it.
 *
 * @throws ImportError in words for people; the signal's reason when it was called off; what `upload` and `perform` throw.
 */
export async function bringIn(file: File, ports: ImportPorts, signal: AbortSignal): Promise<Imported | null> {
  if (kindOf(file.name) === null) throw unknownKind(file.name);
  if (file.size > IMPORT_LIMITS.fileBytes) throw tooLargeFile(file.size, IMPORT_LIMITS.fileBytes);
  ports.progress("reading", 0);
  const bytes = new Uint8Array(await file.arrayBuffer());
  signal.throwIfAborted();
  ports.progress("understanding", 0);
  const read = ports.read ?? readInWorker;
  const model = await read(bytes, file.name, IMPORT_LIMITS, (share) => ports.progress("understanding", share), signal);
  const metres = sizeOf(model);
  const choice = isOddSize(metres) ? await ports.askSize(metres) : "keep";
  if (choice === null) return null;
  const scale = choice === "fit" ? fittingScale(metres) : 1;

  const total = model.assets.reduce((sum, { length }) => sum + length, 0);
  const assets: AssetId[] = [];
  let sent = 0;
  for (const asset of model.assets) {
    const onProgress = (share: number): void => ports.progress("sending", (sent + share * asset.length) / total);
    assets.push(await ports.upload(asset, { onProgress, signal }));
    sent += asset.length;
  }
  signal.throwIfAborted();

  // From here on it is in the room's hands: there is no calling off, only undo.
  ports.progress("placing", 0);
  const operations = placingOperations(model, assets, ports.place(metres * scale), scale);
  const packets = packetsOf(model, operations);
  const gesture = ports.beginGesture();
  const entities: EntityId[] = [];
  for (const [index, packet] of packets.entries()) {
    entities.push(...(await ports.perform(packet, gesture)).created);
    ports.progress("placing", (index + 1) / packets.length);
  }
  const faceCount = model.parts.reduce((sum, part) => sum + part.faceCount, 0);
  return { entities, faceCount, metres: metres * scale, notes: model.notes };
}
