import type { Vector3 } from "@theta/client";
import { h } from "../dom";

const AXES = ["x", "y", "z"] as const;

/** Puts the keyboard into a field, ready to be typed over. */
export function focusField(field: HTMLInputElement | undefined): void {
  field?.focus();
  field?.select();
}

/** A field for a number; text, so that a comma is as good as a point. */
export function numberField(label: string, testId: string): HTMLInputElement {
  return h("input", {
    testId,
    attributes: { type: "text", inputmode: "decimal", "aria-label": label, autocomplete: "off", spellcheck: "false" },
  });
}

/** A number as people write it, with a comma or a point; null when it is none. */
export function parseMetres(text: string): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() !== "" && Number.isFinite(value) ? value : null;
}

/** A field and its button; Enter in the field presses it. */
export function submitRow(
  label: string,
  testId: string,
  field: HTMLInputElement,
  submit: (value: number) => void,
): HTMLFieldSetElement {
  const button = h("button", { class: "button", text: label, testId, attributes: { type: "button" } });
  const unit = h("span", { class: "unit", text: "m", attributes: { "aria-hidden": "true" } });
  const go = (): void => {
    const value = parseMetres(field.value);
    field.setAttribute("aria-invalid", String(value === null || value === 0));
    if (value !== null && value !== 0) submit(value);
  };
  button.addEventListener("click", go);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") go();
  });
  return h("fieldset", {
    class: "row",
    children: [h("label", { class: "measure", children: [field, unit] }), button],
  });
}

export interface VectorField {
  readonly element: HTMLFieldSetElement;
  readonly inputs: readonly HTMLInputElement[];
  show(value: Vector3): void;
  onSubmit(submit: (value: Vector3) => void): void;
}

/** Three numbers, committed by Enter or by leaving after a change. */
export function vectorField(label: string, testId: string, unit: string): VectorField {
  const inputs = AXES.map((axis) => numberField(`${label} ${axis}, ${unit}`, `${testId}-${axis}`));
  let shown: Vector3 = [0, 0, 0];
  let submit: (value: Vector3) => void = () => undefined;
  const write = (): void =>
    inputs.forEach((input, axis) => {
      input.value = formatMetres(shown[axis] ?? 0);
      input.removeAttribute("aria-invalid");
    });
  const commit = (): void => {
    const values = inputs.map((input) => parseMetres(input.value));
    inputs.forEach((input, axis) => input.setAttribute("aria-invalid", String(values[axis] === null)));
    if (values.includes(null)) return;
    // A field that was not touched keeps the digits it doesn't show.
    const next = values.map((value, axis) =>
      inputs[axis]?.value === formatMetres(shown[axis] ?? 0) ? shown[axis] : value,
    ) as unknown as Vector3;
    if (next.some((value, axis) => value !== shown[axis])) submit(next);
  };
  for (const input of inputs) {
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") commit();
      if (event.key === "Escape") write();
    });
  }
  const element = h("fieldset", {
    class: "vector",
    children: [
      h("legend", { text: label }),
      ...inputs.map((input, axis) =>
        h("label", { class: "measure", children: [h("span", { class: `axis ${AXES[axis]}`, text: AXES[axis] ?? "" }), input] }),
      ),
    ],
  });
  element.addEventListener("change", (event) => {
    if (event.target !== document.activeElement) commit();
  });
  return {
    element,
    inputs,
    show(value) {
      if (element.contains(document.activeElement) && value.every((one, axis) => one === shown[axis])) return;
      shown = value;
      write();
    },
    onSubmit: (next) => {
      submit = next;
    },
  };
}

/** At most three decimals, without the zeros behind them. */
export function formatMetres(value: number): string {
  return String(Number(value.toFixed(3)));
}
