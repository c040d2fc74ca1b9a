import { COMMAND_ELEMENTS_MAX } from "@theta/wire";
import type { ElementId, Operation } from "@theta/client";
import { elementAt, partsOf } from "@theta/scene";
import type { ToolContext } from "./context";
import { choice, metres, share } from "./fields";
import { facesThere } from "./leaving";
import type { Tool } from "./tool";

/** More mirrored vertices than those this near to the plane are not meant to be one. */
const MIRROR_WELD_METRES = 0.001;

const facesOrObject = ({ kind }: ToolContext): boolean => kind === "face" || kind === "object";

export const WHOLE_TOOLS: readonly Tool[] = [
  {
    ...{ id: "subdivide", label: "Subdivide", key: "u", does: "Every face of the object finer", needs: "an object", applies: () => true },
    fields: () => [
      choice("scheme", "How", [
        ["catmull-clark", "Smooth (Catmull–Clark)"],
        ["linear", "Flat"],
        ["loop", "Smooth triangles (Loop)"],
      ]),
    ],
    operations: ({ entity }, values) => [{ type: "subdivide", entity: entity.id, scheme: schemeOf(values.choice("scheme")) }],
  },
  {
    ...{ id: "mirror", label: "Mirror", key: "shift+m", does: "The object's mirror image beside it, as one object", needs: "an object", applies: () => true },
    fields: () => [
      choice("axis", "Across", [
        ["x", "x"],
        ["y", "y"],
        ["z", "z"],
      ]),
      metres("offset", "Plane at", 0),
      metres("weld", "Join within", MIRROR_WELD_METRES, 0),
    ],
    operations: ({ entity }, values) => [
      { type: "mirror", entity: entity.id, axis: axisOf(values.choice("axis")), offset: values.number("offset"), weldDistance: values.number("weld") },
    ],
  },
  {
    ...{ id: "triangulate", label: "Triangulate", key: "shift+t", does: "Faces as triangles", needs: "faces, or a whole object", applies: facesOrObject },
    operations: (context) => inPieces(facesOf(context)).map((faces): Operation => ({ type: "triangulate_faces", entity: context.entity.id, faces })),
    leaves: (before, after) => (before.kind === "face" ? facesThere(before, after) : { kind: "face", elements: [] }),
  },
  {
    ...{ id: "flip", label: "Flip", key: "shift+n", does: "What is connected inside out", needs: "faces, or a whole object", applies: facesOrObject },
    operations: (context) => [{ type: "flip_normals", entity: context.entity.id, faces: onePerPart(context) }],
  },
  {
    ...{ id: "surface", label: "Surface", key: "shift+u", does: "How the object shines, glows and lets light through", needs: "an object", applies: ({ kind }) => kind === "object" },
    fields: ({ entity: { material, surface } }) => [
      share("metallic", "Metallic", material?.metallic ?? 0),
      share("roughness", "Roughness", material?.roughness ?? 0.65),
      share("opacity", "Opacity", surface && surface.alphaMode !== "opaque" ? surface.opacity : 1),
      share("glow", "Glow", Math.max(...(surface?.emissive ?? [0]))),
    ],
    operations: ({ entity: { id, material, surface } }, values) => {
      const [red, green, blue] = material?.colour ?? [1, 1, 1];
      const [opacity, glow] = [values.number("opacity"), values.number("glow")];
      return [
        {
          type: "set_surface",
          entity: id,
          surface: {
            metallic: values.number("metallic"),
            roughness: values.number("roughness"),
            emissive: [red * glow, green * glow, blue * glow],
            opacity,
            alphaMode: opacity < 1 ? "blend" : "opaque",
            alphaCutoff: surface?.alphaCutoff ?? 0.5,
            doubleSided: surface?.doubleSided ?? true,
          },
        },
      ];
    },
  },
];

function facesOf({ mesh, kind, elements }: ToolContext): readonly ElementId[] {
  if (kind === "face") return elements;
  return Array.from({ length: mesh.faceCount }, (_, face) => elementAt(mesh, "face", face));
}

/** A face of every connected part that is meant: each is turned whole. */
function onePerPart({ mesh, kind, elements }: ToolContext): readonly ElementId[] {
  if (kind === "face") return elements.slice(0, COMMAND_ELEMENTS_MAX);
  return partsOf(mesh).faces.slice(0, COMMAND_ELEMENTS_MAX).map(([face]) => elementAt(mesh, "face", face as number));
}

function inPieces(elements: readonly ElementId[]): (readonly ElementId[])[] {
  const pieces = Math.ceil(elements.length / COMMAND_ELEMENTS_MAX);
  return Array.from({ length: pieces }, (_, at) => elements.slice(at * COMMAND_ELEMENTS_MAX, (at + 1) * COMMAND_ELEMENTS_MAX));
}

function schemeOf(value: string): "linear" | "catmull-clark" | "loop" {
  return value === "linear" || value === "loop" ? value : "catmull-clark";
}

function axisOf(value: string): "x" | "y" | "z" {
  return value === "y" || value === "z" ? value : "x";
}
