/** The components that every room has and that a page knows how to draw (`theta.replication.standard`). */

import type { Dtype, NumberColumn } from "./columns";
import { type ComponentLayout, type NumberField, quantiseRows, type SessionComponents } from "./schema";
import type { Written } from "./updates";

const POSE = "theta.Pose";
const SHAPE = "theta.Shape";

/** One of the components as this room declares it. */
interface Found<Field extends string> {
  readonly number: number;
  readonly layout: ComponentLayout;
  readonly fields: Readonly<Record<Field, NumberField>>;
  /** Whether it has these fields only, so that a page can write it. */
  readonly isWhole: boolean;
}

export type PoseComponent = Found<"translation" | "rotation">;
export type ShapeComponent = Found<"kind" | "size" | "colour">;

type Wanted<Field extends string> = Readonly<Record<Field, { readonly dtype: Dtype; readonly width: number }>>;

/** `null` where the room has none, or one whose fields are not these. */
export function findPose(session: Pick<SessionComponents, "layouts" | "numberOf">): PoseComponent | null {
  return find(session, POSE, { translation: { dtype: "<f4", width: 3 }, rotation: { dtype: "<f4", width: 4 } });
}

/** `null` where the room has none, or one whose fields are not these. */
export function findShape(session: Pick<SessionComponents, "layouts" | "numberOf">): ShapeComponent | null {
  return find(session, SHAPE, {
    kind: { dtype: "<u1", width: 1 },
    size: { dtype: "<f4", width: 3 },
    colour: { dtype: "<u1", width: 3 },
  });
}

/** Values of entities, for a component that has these fields only. */
export function writtenOf<Field extends string>(
  { number, layout }: Found<Field>,
  entities: BigUint64Array,
  columns: Readonly<Record<Field, NumberColumn>>,
): Written {
  const rows = entities.length;
  const ordered = layout.numbers.map(({ name }) => columns[name as Field]);
  return { number, rows, entities, words: quantiseRows(layout, ordered, rows), objects: [] };
}

function find<Field extends string>(
  session: Pick<SessionComponents, "layouts" | "numberOf">,
  name: string,
  wanted: Wanted<Field>,
): Found<Field> | null {
  const number = session.numberOf(name);
  if (number === null) return null;
  const layout = session.layouts[number]!;
  const fields: Partial<Record<Field, NumberField>> = {};
  const names = Object.keys(wanted) as Field[];
  for (const each of names) {
    const field = layout.numbers.find((one) => one.name === each);
    if (field === undefined || field.codec.width !== wanted[each].width) return null;
    if (field.codec.dtype !== wanted[each].dtype) return null;
    fields[each] = field;
  }
  const isWhole = layout.numbers.length === names.length && layout.objects.length === 0;
  return { number, layout, fields: fields as Record<Field, NumberField>, isWhole };
}
