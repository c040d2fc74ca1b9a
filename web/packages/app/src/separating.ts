import type { DocumentEntity, RoomClient, SurfaceValues } from "@theta/client";
import { canBeExtracted, elementsOf, extract, freeNameLike, IDENTITY, indicesOf, type ThetaScene } from "@theta/scene";
import { encodeMesh } from "@theta/wire";
import type { Performer } from "./actions";
import type { Notices } from "./notices";

/** Makes an object of its own of the faces selected: they leave theirs and keep their ids. */
export async function separateFaces(
  client: RoomClient,
  { selection }: Pick<ThetaScene, "selection">,
  { run, explain }: Pick<Performer, "run" | "explain">,
  notices: Notices,
): Promise<void> {
  const { selected } = selection.state;
  const entity = selected ? client.document.entities.get(selected.entity) : undefined;
  if (selected?.kind !== "face" || !entity?.mesh) return;
  const elements = elementsOf(selected);
  const faces = indicesOf(entity.mesh, "face", elements);
  if (faces.length === entity.mesh.faceCount || !canBeExtracted(entity.mesh, faces)) {
    notices.show("That can't be separated", {
      kind: "warning",
      topic: "failure",
      detail: "Something must stay, and faces that only meet in a vertex can't go, or stay, together.",
    });
    return;
  }
  try {
    const asset = await client.uploadAsset(encodeMesh(extract(entity.mesh, faces)));
    const { translation, rotation, scale } = entity.transform ?? IDENTITY;
    const taken = [...client.document.entities.values()].map(({ name }) => name);
    const done = await run(
      {
        type: "import_mesh",
        ...{ asset, translation, rotation, scale },
        name: freeNameLike(entity.name ?? "Part", taken),
        colour: entity.material?.colour ?? [1, 1, 1],
        surface: surfaceOf(entity),
      },
      { type: "delete_elements", entity: entity.id, vertices: [], edges: [], faces: elements },
    );
    const made = done?.created[0];
    if (made === undefined || !client.document.entities.has(made)) return;
    selection.setMode("object");
    selection.select({ kind: "object", entity: made });
  } catch (error) {
    explain(error);
  }
}

function surfaceOf({ material, surface }: DocumentEntity): SurfaceValues {
  return {
    metallic: material?.metallic ?? 0,
    roughness: material?.roughness ?? 0.65,
    emissive: surface?.emissive ?? [0, 0, 0],
    opacity: surface?.opacity ?? 1,
    alphaMode: surface?.alphaMode ?? "opaque",
    alphaCutoff: surface?.alphaCutoff ?? 0.5,
    doubleSided: surface?.doubleSided ?? true,
  };
}
