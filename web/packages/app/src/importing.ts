import { RefusedError, type RoomClient } from "@theta/client";
import type { ThetaScene } from "@theta/scene";
import { Box3 } from "three";
import { h } from "./dom";
import { createDropTarget } from "./drop";
import type { bringIn as BringIn, Imported } from "./import";
import { ImportError } from "./import/model";
import type { ReadModel } from "./import/reader";
import type { Notices } from "./notices";
import { createImportCard, createSizeQuestion, lengthWords } from "./panels/import-card";
import { WATCHING, type RoleWatch } from "./role";
import { reasonWords } from "./words";

/** The part of the page that is loaded when somebody first imports something. */
export interface Importer {
  readonly bringIn: typeof BringIn;
}

export interface ImportingPorts {
  readonly client: RoomClient;
  readonly scene: () => ThetaScene;
  readonly notices: Notices;
  readonly role: RoleWatch;
  /** What tests replace: reading without a worker. */
  readonly read?: ReadModel;
  /** What tests replace: fetching the part of the page that imports. */
  readonly load?: () => Promise<Importer>;
}

export interface Importing {
  /** The card, the question, the drop overlay and the file field, to be put on the page. */
  readonly elements: readonly HTMLElement[];
  /** Opens the browser's file picker. */
  choose(): void;
  /** Brings files in, one after the other. */
  take(files: readonly File[]): Promise<void>;
}

/** Everything about bringing models into the room. */
export function createImporting(ports: ImportingPorts): Importing {
  const { client, scene, notices, role } = ports;
  const card = createImportCard();
  const question = createSizeQuestion();
  const picker = h("input", {
    testId: "import-file",
    attributes: { type: "file", accept: ".glb,.obj,model/gltf-binary", multiple: "", tabindex: "-1", "aria-hidden": "true" },
  });
  picker.hidden = true;
  let isBusy = false;
  const fetchImporter = ports.load ?? (() => import("./import"));
  const load = async (): Promise<Importer> => {
    try {
      return await fetchImporter();
    } catch {
      throw new ImportError("The page could not load what reads models", "Is the room still there? If it is, reload the page and try again.");
    }
  };

  /** Why nothing can be brought in now; null when it can. */
  const obstacle = (): string | null => {
    if (role.watching) return WATCHING;
    if (client.connection.phase !== "online") return "The room is away; try again when it is back.";
    return isBusy ? "One import at a time: wait until the other is done." : null;
  };

  async function one(file: File): Promise<void> {
    const abort = new AbortController();
    card.begin(file.name, () => abort.abort(new DOMException("called off", "AbortError")));
    try {
      const { bringIn } = await load();
      const imported = await bringIn(
        file,
        {
          upload: (bytes, options) => client.uploadAsset(bytes, options),
          perform: (operations, gesture) => client.perform(operations, gesture),
          beginGesture: () => client.beginGesture(),
          place: (metres) => scene().freePlace(metres).toArray(),
          askSize: (metres) => question.ask(metres),
          progress: (stage, share) => card.show(stage, share),
          ...(ports.read ? { read: ports.read } : {}),
        },
        abort.signal,
      );
      if (imported !== null) welcome(file.name, imported);
    } catch (error) {
      if (abort.signal.aborted) return;
      const isFile = error instanceof ImportError;
      const title = isFile ? error.message : error instanceof RefusedError ? "The room said no" : "It was not brought in";
      const words = isFile ? error.advice : reasonWords(error instanceof Error ? error.message : String(error));
      notices.show(title, { kind: "error", detail: `${file.name}: ${words}`, topic: `import ${file.name}`, lasting: true });
    } finally {
      card.end();
    }
  }

  function welcome(fileName: string, { entities, faceCount, metres, notes }: Imported): void {
    const here = entities.filter((id) => client.document.entities.has(id));
    const { selection, entities: layer, rig } = scene();
    const [first] = here;
    if (first !== undefined) {
      selection.setMode("object");
      selection.select(here.length === 1 ? { kind: "object", entity: first } : null);
    }
    // What is too large to be seen whole from here is looked at from further away.
    if (metres > rig.distance / 2) {
      const bounds = new Box3();
      for (const id of here) {
        const view = layer.views.get(id);
        if (view) bounds.union(new Box3().setFromObject(view.root));
      }
      if (!bounds.isEmpty()) rig.frame(bounds);
    }
    scene().invalidate();
    const objects = entities.length === 1 ? "1 object" : `${entities.length} objects`;
    const faces = faceCount === 1 ? "1 face" : `${faceCount.toLocaleString("en")} faces`;
    const summary = `${objects}, ${faces}, ${lengthWords(metres)} across. Undo takes it back in one step.`;
    notices.show(`${fileName} is in the room`, { detail: [summary, ...notes].join(" "), topic: `import ${fileName}` });
  }

  const take = async (files: readonly File[]): Promise<void> => {
    const reason = obstacle();
    if (reason !== null) {
      notices.show("Nothing was brought in", { kind: "warning", detail: reason, topic: "import" });
      return;
    }
    isBusy = true;
    try {
      for (const file of files) await one(file);
    } finally {
      isBusy = false;
    }
  };
  picker.addEventListener("change", () => {
    const files = [...(picker.files ?? [])];
    // So that choosing the same file again is a change again.
    picker.value = "";
    if (files.length > 0) void take(files);
  });
  const drop = createDropTarget({
    words: () => ({ text: obstacle() ?? "Drop a GLB or OBJ to bring it in", no: obstacle() !== null }),
    take: (files) => void take(files),
  });
  return { elements: [card.element, question.element, drop, picker], choose: () => picker.click(), take };
}
