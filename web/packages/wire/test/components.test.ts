import { describe, expect, it } from "vitest";
import {
  decodePresenceRows,
  encodePresenceRow,
  fromHex,
  idAt,
  MATERIAL_COMPONENT,
  MESH_COMPONENT,
  MESH_REF_COMPONENT,
  NAME_COMPONENT,
  OWNER_COMPONENT,
  parseMaterial,
  parseMesh,
  parseName,
  parseTransform,
  PRESENCE_DRAGS,
  PRESENCE_SELECTIONS,
  PRESENCE_TOOLS,
  TRANSFORM_COMPONENT,
  toHex,
  WireError,
} from "@theta/wire";
import { document } from "./vectors";

const { cube_mesh: cube, presence, values } = document;

function bytesOf(name: string): Uint8Array<ArrayBuffer> {
  return fromHex(document.components.find(({ component }) => component === name)!.data);
}

describe("components", () => {
  it("have the ids that Python gives them", () => {
    const ids = new Map(document.components.map((row) => [row.component, BigInt(row.component_id)]));
    expect(ids).toEqual(
      new Map([
        ["theta.Transform", TRANSFORM_COMPONENT],
        ["theta.Material", MATERIAL_COMPONENT],
        ["theta.Name", NAME_COMPONENT],
        ["theta.Owner", OWNER_COMPONENT],
        ["theta.MeshRef", MESH_REF_COMPONENT],
        ["theta.Mesh", MESH_COMPONENT],
      ]),
    );
  });

  it("DOC-1: read their canonical bytes", () => {
    expect(parseTransform(bytesOf("theta.Transform"))).toEqual(values["theta.Transform"]);
    expect(parseMaterial(bytesOf("theta.Material"))).toEqual(values["theta.Material"]);
    expect(parseName(bytesOf("theta.Name"))).toBe(values["theta.Name"].text);
    expect(() => parseTransform(new Uint8Array(79))).toThrow(WireError);
    expect(() => parseMaterial(new Uint8Array(41))).toThrow(WireError);
    expect(() => parseName(fromHex("ff"))).toThrow(WireError);
  });

  it("MESH-18: a cube as columns, wherever its bytes lie in a frame", () => {
    const frame = new Uint8Array([7, ...fromHex(cube.bytes)]);
    const mesh = parseMesh(frame.subarray(1));
    const idsOf = (ids: Uint8Array) => Array.from({ length: ids.length / 16 }, (_, index) => idAt(ids, index));
    expect([mesh.vertexCount, mesh.edgeCount, mesh.faceCount]).toEqual([8, 12, 6]);
    expect([mesh.vertexIds, mesh.edgeIds, mesh.faceIds].map(idsOf)).toEqual([cube.vertex_ids, cube.edge_ids, cube.face_ids]);
    expect([...mesh.positions]).toEqual(cube.positions.flat());
    expect([...mesh.edges]).toEqual(cube.edge_ends.flat());
    expect([...mesh.corners]).toEqual(cube.corners);
    expect([...mesh.faceOffsets]).toEqual([0, 4, 8, 12, 16, 20, 24]);
  });

  it("refuses meshes whose header or indices lie", () => {
    const data = fromHex(cube.bytes);
    for (let length = 0; length < data.length; length += 1) {
      expect(() => parseMesh(data.subarray(0, length))).toThrow(WireError);
    }
    const astray = data.slice();
    astray.fill(0xff, astray.length - 4);
    expect(() => parseMesh(astray)).toThrow("names vertex 4294967295 of 8");
    const huge = data.slice();
    huge.fill(0xff, 4, 8);
    expect(() => parseMesh(huge)).toThrow(WireError);
  });
});

describe("presence rows", () => {
  it("REP-1: come back as Python's own 184 bytes", () => {
    const [row] = decodePresenceRows(fromHex(presence.row));
    const { fields } = presence;
    expect(row).toMatchObject({
      actor: BigInt(fields.actor),
      sequence: fields.sequence,
      tool: PRESENCE_TOOLS[fields.tool],
      selectionKind: PRESENCE_SELECTIONS[fields.selection],
      head: { position: fields.head_position, rotation: fields.head_rotation },
      ray: { origin: fields.ray_origin, direction: fields.ray_direction },
      left: { position: fields.left_position, rotation: fields.left_rotation },
      right: { position: fields.right_position, rotation: fields.right_rotation },
      dragKind: PRESENCE_DRAGS[fields.drag],
      drag: { position: fields.drag_position, rotation: fields.drag_rotation },
    });
    expect(toHex(row!.selectedEntity)).toBe(fields.selected_entity);
    expect(toHex(row!.selectedElement)).toBe(fields.selected_element);
    expect(toHex(encodePresenceRow(row!))).toBe(presence.row);
  });

  it("shows nothing that isn't marked valid, and refuses broken rows", () => {
    const bytes = fromHex(presence.row);
    bytes[12] = 0;
    expect(decodePresenceRows(bytes)[0]).toMatchObject({ head: null, ray: null, left: null, right: null });
    expect(decodePresenceRows(new Uint8Array())).toEqual([]);
    expect(() => decodePresenceRows(bytes.subarray(1))).toThrow(WireError);
  });
});
