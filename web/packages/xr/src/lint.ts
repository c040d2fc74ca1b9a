import { Mesh, Sprite, Vector3, type Object3D } from "three";
import type { XrElement, XrPanel } from "./ui/types";

/** Metres of letter, and of target, for each metre of viewing distance. */
export const EM_PER_METRE_MIN = 0.02;
export const TARGET_PER_METRE_MIN = 0.048;
/** WCAG 2.2, 1.4.3: text. What has no letters is a graphic and needs 3 (1.4.11). */
export const CONTRAST_MIN = 4.5;
export const GRAPHIC_CONTRAST_MIN = 3;
/** How far the scene graph may be from what an element says of itself. */
const GEOMETRY_TOLERANCE = 0.02;
const NAMES = /^xr-(panel|target|text)$/u;

export type XrRule = "data" | "geometry" | "em" | "target" | "contrast";

export interface XrFault {
  readonly element: string;
  readonly rule: XrRule;
  readonly words: string;
}

export interface XrLintReport {
  readonly faults: readonly XrFault[];
  /** What was looked at: a lint that saw nothing proves nothing. */
  readonly checked: Readonly<Record<XrElement["kind"], number>>;
}

export interface LintPorts {
  readonly root: Object3D;
  readonly panels: readonly XrPanel[];
  /** The eye, in the world. */
  readonly eye: Vector3;
  /** How large the person is in the world: metres of the world for each metre of their own. */
  readonly scale: number;
}

/** Looks at every visible XR element in a scene graph: is it told of rightly, large enough, and legible? */
export function lintXr({ root, panels, eye, scale }: LintPorts): XrLintReport {
  const faults: XrFault[] = [];
  const checked = { panel: 0, target: 0, text: 0 };
  const pressable = new Set<Object3D>(panels.flatMap(({ targets }) => targets.map(({ node }) => node)));
  root.updateWorldMatrix(true, true);
  const visit = (node: Object3D): void => {
    if (!node.visible) return;
    const named = NAMES.exec(node.name)?.[1];
    if (named !== undefined || pressable.has(node) || node.userData.xr !== undefined) {
      const element = elementOf(node);
      const add = (rule: XrRule, words: string): void => void faults.push({ element: nameOf(element, node), rule, words });
      if (!element) add("data", "says nothing of itself in userData.xr, or nonsense");
      else {
        checked[element.kind] += 1;
        if (named !== undefined && named !== element.kind) add("data", `is named a ${named} and says it is a ${element.kind}`);
        if (pressable.has(node) && element.kind !== "target") add("data", "can be pressed and doesn't say so");
        checkElement(element, node, eye, scale, add);
      }
    }
    for (const child of node.children) visit(child);
  };
  visit(root);
  return { faults, checked };
}

function nameOf(element: XrElement | null, node: Object3D): string {
  const name = element?.label ?? (node.name || node.uuid);
  return element ? `${element.kind} "${name}"` : name;
}

type AddFault = (rule: XrRule, words: string) => void;

function checkElement(element: XrElement, node: Object3D, eye: Vector3, scale: number, add: AddFault): void {
  const { kind, emM, foreground, background } = element;
  const size = sizeOf(node, scale);
  if (!size) add("geometry", "has no extent in the scene graph");
  else if (differs(size.x, element.widthM) || differs(size.y, element.heightM)) {
    add("geometry", `is ${millimetres(size.x)} × ${millimetres(size.y)}, and says ${millimetres(element.widthM)} × ${millimetres(element.heightM)}`);
  }
  if (kind === "panel") return;

  // Whoever stands nearer than meant sees it larger; whoever stands farther must still be able to read it.
  const distance = Math.max(element.distanceM, node.getWorldPosition(new Vector3()).distanceTo(eye) / scale);
  const perMetre = (metres: number): string => `${((metres / distance) * 1000).toFixed(1)} mm/m`;
  if ((kind === "text" || emM > 0) && !(emM / distance >= EM_PER_METRE_MIN)) add("em", `letters of ${perMetre(emM)}`);
  const least = size ? Math.min(size.x, size.y) : 0;
  if (kind === "target" && !(least / distance >= TARGET_PER_METRE_MIN)) add("target", `${perMetre(least)} across`);
  const contrast = contrastOf(foreground, background);
  if (!(contrast >= (emM > 0 ? CONTRAST_MIN : GRAPHIC_CONTRAST_MIN))) add("contrast", `${contrast.toFixed(2)}:1 of ${foreground} on ${background}`);
}

const COLOUR = /^#[0-9a-f]{6}$/u;

/** What a node says of itself; null when that is missing or makes no sense. */
function elementOf(node: Object3D): XrElement | null {
  const told = node.userData.xr as Partial<XrElement> | undefined;
  if (typeof told !== "object" || told === null) return null;
  const isKind = told.kind === "panel" || told.kind === "target" || told.kind === "text";
  const lengths = [told.widthM, told.heightM, told.distanceM];
  const isMeasured = lengths.every((length) => typeof length === "number" && length > 0) && typeof told.emM === "number" && told.emM >= 0;
  const isColoured = [told.foreground, told.background].every((colour) => typeof colour === "string" && COLOUR.test(colour));
  return isKind && isMeasured && isColoured ? (told as XrElement) : null;
}

/** Width and height of a flat thing, in the person's own metres. */
function sizeOf(node: Object3D, scale: number): Vector3 | null {
  if (!(node instanceof Mesh || node instanceof Sprite)) return null;
  const { geometry } = node as Mesh | Sprite;
  if (!geometry.boundingBox) geometry.computeBoundingBox();
  const extent = geometry.boundingBox?.getSize(new Vector3());
  return extent ? extent.multiply(node.getWorldScale(new Vector3())).divideScalar(scale) : null;
}

function differs(measured: number, told: number): boolean {
  return !(Math.abs(measured - told) <= told * GEOMETRY_TOLERANCE);
}

const millimetres = (metres: number): string => `${(metres * 1000).toFixed(1)} mm`;

/** WCAG 2.2's contrast ratio of two colours, #rrggbb. */
export function contrastOf(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const bits = Number.parseInt(colour.slice(1), 16);
  const linear = (shift: number): number => {
    const value = ((bits >> shift) & 255) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0);
}
