/** Reads a model beside the page's own thread. */

import { ImportError, type ImportLimits, type Model } from "./model";
import { readModel } from "./read-model";

export interface ReadRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fileName: string;
  readonly limits: ImportLimits;
}

export type ReadAnswer =
  | { readonly type: "progress"; readonly share: number }
  | { readonly type: "done"; readonly model: Model }
  | { readonly type: "failed"; readonly title: string; readonly advice: string };

const post = (answer: ReadAnswer, transfer: Transferable[] = []): void => {
  (self as unknown as { postMessage(message: ReadAnswer, transfer: Transferable[]): void }).postMessage(answer, transfer);
};

/** Finer steps of the bar are not seen, and a file of a million nodes would drown the page in them. */
const PROGRESS_STEP = 0.01;

self.onmessage = ({ data }: MessageEvent<ReadRequest>): void => {
  let told = 0;
  try {
    const model = readModel(data.bytes, data.fileName, data.limits, (share) => {
      if (share - told < PROGRESS_STEP) return;
      told = share;
      post({ type: "progress", share });
    });
    post({ type: "done", model }, model.assets.map(({ buffer }) => buffer as ArrayBuffer));
  } catch (error) {
    // Out of memory, most likely: a RangeError of the engine's, with words of its own.
    const advice = error instanceof ImportError ? error.advice : "It may be too large for this browser. Make it simpler first.";
    post({ type: "failed", title: error instanceof ImportError ? error.message : "That file could not be read", advice });
  }
};
