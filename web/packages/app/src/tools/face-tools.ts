import type { Operation } from "@theta/client";
import type { ToolContext } from "./context";
import { metres } from "./fields";
import { facesThere } from "./leaving";
import type { Tool } from "./tool";

const areFaces = ({ kind }: ToolContext): boolean => kind === "face";

export const FACE_TOOLS: readonly Tool[] = [
  {
    ...{ id: "inset", label: "Inset", key: "n", does: "A smaller face inside each face", needs: "faces", applies: areFaces },
    fields: () => [metres("distance", "From the edges", 0.1), metres("depth", "Up, or down", 0)],
    operations: ({ entity, elements }, values) =>
      elements.map((face): Operation => {
        return { type: "inset_face", entity: entity.id, face, distance: values.number("distance"), depth: values.number("depth") };
      }),
  },
  {
    ...{ id: "poke", label: "Poke", key: "shift+p", does: "A vertex in the middle of each face", needs: "faces", applies: areFaces },
    operations: ({ entity, elements }) => elements.map((face): Operation => ({ type: "poke", entity: entity.id, face })),
    leaves: facesThere,
  },
];
