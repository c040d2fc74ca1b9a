/** Reads a model in a worker, so that the page goes on drawing. */

import { ImportError, type ImportLimits, type Model, type Progress } from "./model";
import type { ReadAnswer, ReadRequest } from "./worker";

export type ReadModel = (bytes: Uint8Array<ArrayBuffer>, fileName: string, limits: ImportLimits, progress: Progress, signal: AbortSignal) => Promise<Model>;

export const readInWorker: ReadModel = (bytes, fileName, limits, progress, signal) => {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "theta import" });
  const request: ReadRequest = { bytes, fileName, limits };
  const answer = new Promise<Model>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<ReadAnswer>) => {
      if (data.type === "progress") progress(data.share);
      else if (data.type === "done") resolve(data.model);
      else reject(new ImportError(data.title, data.advice));
    };
    worker.onerror = () => reject(new ImportError("That file could not be read", "The browser stopped reading it; it may be too large."));
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    worker.postMessage(request, [bytes.buffer]);
  });
  return answer.finally(() => worker.terminate());
};
