import { MESH_OPERATIONS, type MeshOperationFields, type MeshOperationName, type EntityId, type Performed, type RoomClient } from "@theta/client";

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name;

/** One method for each operation on a mesh, by its name in camel case. */
export type Modelling = {
  readonly [Name in MeshOperationName as Camel<Name>]: (
    entity: EntityId,
    ...fields: keyof MeshOperationFields[Name] extends never ? [] : [MeshOperationFields[Name]]
  ) => Promise<Performed>;
};

/** `window.theta.model`: every operation on a mesh, for the console and for tests. */
export function createModelling(client: Pick<RoomClient, "perform">): Modelling {
  const methods = MESH_OPERATIONS.map((type) => {
    const method = (entity: EntityId, fields: object = {}) => client.perform([{ type, entity, ...fields } as never]);
    return [camelCase(type), method];
  });
  return Object.fromEntries(methods) as Modelling;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase());
}
