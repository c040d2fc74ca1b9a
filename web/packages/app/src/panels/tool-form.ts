import { h } from "../dom";
import { valuesOf, type ChoiceField, type NumberField, type Tool, type ToolContext, type ToolField, type ToolValues } from "../tools";
import { focusField, formatMetres, numberField, parseMetres } from "./fields";

export interface ToolForm {
  readonly element: HTMLElement;
  /** Puts the keyboard into its first field. */
  focus(): void;
}

/** What was typed last, by tool and field: the next time it is there again. */
const remembered = new Map<string, string>();

interface Line {
  readonly field: ToolField;
  readonly input: HTMLInputElement | HTMLSelectElement;
  readonly element: HTMLElement;
}

/** A tool's numbers and Apply; Enter in any of them applies, too. */
export function createToolForm(tool: Tool, context: ToolContext, apply: (values: ToolValues) => void): ToolForm {
  const lines = (tool.fields?.(context) ?? []).map((field): Line => lineFor(tool, field));
  const go = h("button", { class: "button primary small", text: "Apply", testId: "tool-apply", attributes: { type: "submit" } });
  const element = h("form", {
    class: "tool-form",
    testId: `form-${tool.id}`,
    attributes: { "aria-label": tool.label, novalidate: "" },
    children: [h("p", { class: "hint", text: tool.does }), ...lines.map((line) => line.element), go],
  });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = new Map<string, number | string>();
    for (const { field, input } of lines) {
      const value = valueOf(field, input.value);
      input.setAttribute("aria-invalid", String(value === null));
      if (value !== null) values.set(field.name, value);
    }
    if (values.size < lines.length) {
      focusField(lines.map(({ input }) => input).find((input) => input.getAttribute("aria-invalid") === "true") as HTMLInputElement);
      return;
    }
    for (const { field, input } of lines) if (isLasting(tool)) remembered.set(`${tool.id} ${field.name}`, input.value);
    apply(valuesOf(values));
  });
  // In a list of choices a browser keeps Enter to itself.
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLSelectElement)) return;
    event.preventDefault();
    element.requestSubmit();
  });
  return {
    element,
    focus() {
      const [first] = lines;
      if (first?.input instanceof HTMLInputElement) focusField(first.input);
      else (first?.input ?? go).focus();
    },
  };
}

/** A surface's numbers are the object's own, not what was typed last. */
const isLasting = (tool: Tool): boolean => tool.id !== "surface";

function lineFor(tool: Tool, field: ToolField): Line {
  const testId = `${tool.id}-${field.name}`;
  const initial = (isLasting(tool) ? remembered.get(`${tool.id} ${field.name}`) : undefined) ?? textOf(field);
  const input = field.type === "number" ? numberInput(field, testId) : choiceInput(field, testId);
  input.value = initial;
  const unit = field.type === "number" && field.unit ? h("span", { class: "unit", text: field.unit, attributes: { "aria-hidden": "true" } }) : null;
  const element = h("label", {
    class: "tool-line",
    children: [h("span", { text: field.label }), h("span", { class: "measure", children: [input, unit] })],
  });
  return { field, input, element };
}

function textOf(field: ToolField): string {
  return field.type === "number" ? formatMetres(field.initial) : field.initial;
}

function numberInput({ label, unit }: NumberField, testId: string): HTMLInputElement {
  return numberField(unit ? `${label}, ${unit}` : label, testId);
}

function choiceInput({ label, options }: ChoiceField, testId: string): HTMLSelectElement {
  return h("select", {
    testId,
    attributes: { "aria-label": label },
    children: options.map(([value, text]) => h("option", { text, attributes: { value } })),
  });
}

/** Null when it is none of what the field takes. */
function valueOf(field: ToolField, text: string): number | string | null {
  if (field.type === "choice") return field.options.some(([value]) => value === text) ? text : null;
  const value = parseMetres(text);
  if (value === null || value < field.low || value > field.high) return null;
  return field.whole && !Number.isInteger(value) ? null : value;
}
