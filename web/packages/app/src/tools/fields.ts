/** What a tool asks for before it is applied. */

export interface NumberField {
  readonly type: "number";
  readonly name: string;
  readonly label: string;
  /** Behind the number: "m", or nothing. */
  readonly unit: string;
  readonly initial: number;
  /** What it must be within; both are allowed. */
  readonly low: number;
  readonly high: number;
  readonly whole?: boolean;
}

export interface ChoiceField {
  readonly type: "choice";
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly initial: string;
}

export type ToolField = NumberField | ChoiceField;

/** The fields' values by name: of numbers numbers, of choices texts. */
export interface ToolValues {
  number(name: string): number;
  choice(name: string): string;
}

export function metres(name: string, label: string, initial: number, low = -1e4, high = 1e4): NumberField {
  return { type: "number", name, label, unit: "m", initial, low, high };
}

export function share(name: string, label: string, initial: number, low = 0, high = 1): NumberField {
  return { type: "number", name, label, unit: "", initial, low, high };
}

export function whole(name: string, label: string, initial: number, low: number, high: number): NumberField {
  return { type: "number", name, label, unit: "", initial, low, high, whole: true };
}

export function choice(name: string, label: string, options: ChoiceField["options"]): ChoiceField {
  return { type: "choice", name, label, options, initial: options[0]?.[0] ?? "" };
}

/** The values of fields out of a map; a name that no field has is a mistake of ours. */
export function valuesOf(values: ReadonlyMap<string, number | string>): ToolValues {
  return {
    number(name) {
      const value = values.get(name);
      if (typeof value !== "number") throw new Error(`no number ${name}`);
      return value;
    },
    choice: (name) => String(values.get(name)),
  };
}
