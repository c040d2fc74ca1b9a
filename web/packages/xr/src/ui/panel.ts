import { Group, Mesh, MeshBasicMaterial, PlaneGeometry } from "three";
import { COLOURS } from "./look";
import { createSurface, type Brush } from "./surface";
import { createTargetState, type TargetState } from "./target";
import type { XrElement, XrPanel, XrTarget } from "./types";

/** A rectangle on a panel, in metres from its upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PanelSpec {
  readonly name: string;
  readonly widthM: number;
  readonly heightM: number;
  /** From how far it is looked at. */
  readonly distanceM: number;
  readonly pixelsPerMetre: number;
  /** The colour behind everything; null draws nothing there. */
  readonly background: string | null;
  /** Drawn over whatever is before it. */
  readonly onTop?: boolean;
}

/** How an item describes itself to the lint now. */
export type ItemLook = Pick<XrElement, "emM" | "foreground" | "background"> & { readonly label: string };

interface ItemPlace {
  readonly box: Box;
  /** The page it stands on; on all of them when left out. */
  readonly page?: string;
}

export interface TextSpec extends ItemPlace {
  readonly look: () => ItemLook;
  /** Paints in millimetres, from the item's upper left corner. */
  readonly paint: (brush: Brush) => void;
}

export interface TargetSpec extends ItemPlace {
  readonly look: (state: TargetState) => ItemLook;
  /** Paints in millimetres, from the item's upper left corner. */
  readonly paint: (brush: Brush, state: TargetState) => void;
  readonly enabled: () => boolean;
  readonly press: () => void;
}

export interface Item {
  readonly node: Mesh;
  /** It may look otherwise now; drawn anew only if its look or state did change. */
  touch(): void;
  setVisible(visible: boolean): void;
}

export interface Panel extends XrPanel {
  readonly page: string;
  showPage(page: string): void;
  /** Draws it that many times larger, for whoever looks at it from that many times farther away. */
  scaleTo(factor: number): void;
  addText(spec: TextSpec): Item;
  addTarget(spec: TargetSpec): Item;
}

interface Entry extends ItemPlace {
  readonly kind: "target" | "text";
  readonly node: Mesh;
  readonly target: XrTarget | null;
  readonly look: () => ItemLook;
  readonly state: () => TargetState | null;
  readonly paint: (brush: Brush) => void;
  readonly advance: (seconds: number) => void;
  shown: boolean;
  dirty: boolean;
  /** All that its drawing depends on, as last drawn or about to be. */
  key: string;
}

/** Items stand a hair before the plane, so that a ray meets them first. */
const LIFT_METRES = 0.0005;
/** Smaller changes of size are not worth describing everything anew. */
const SCALE_STEP = 0.01;
const still = (): void => undefined;

/** A plane with one canvas as its texture, and a node in the scene graph for everything that is drawn on it. */
export function createPanel(spec: PanelSpec): Panel {
  const { widthM, heightM, distanceM } = spec;
  const surface = createSurface(spec);
  const unit = new PlaneGeometry(1, 1);
  // Never drawn, yet a ray still meets what carries it.
  const unseen = new MeshBasicMaterial({ visible: false });
  const group = new Group();
  group.name = `xr-panel-group ${spec.name}`;
  // The mouse of the page beside it goes through.
  group.pointerEvents = "none";
  group.add(createPlane(spec, unit, surface.material));

  const entries: Entry[] = [];
  const plane = group.children[0] as Mesh;
  let page = "";
  let scale = 1;
  let drawAll = true;

  const sizes = (width: number, height: number, em: number) => ({
    ...{ widthM: width * scale, heightM: height * scale, emM: em * scale, distanceM: distanceM * scale },
  });
  const isOnPage = (entry: Entry): boolean => entry.page === undefined || entry.page === page;
  const describe = (entry: Entry): void => {
    const { kind, box, node } = entry;
    const look = entry.look();
    const told: XrElement = { kind, ...look, ...sizes(box.width, box.height, look.emM) };
    node.userData.xr = told;
    node.visible = entry.shown && isOnPage(entry);
    entry.key = `${node.visible} ${entry.state()} ${JSON.stringify(look)}`;
  };
  const touch = (entry: Entry): void => {
    const before = entry.key;
    describe(entry);
    entry.dirty ||= entry.key !== before;
  };
  const nodeFor = (kind: "target" | "text", box: Box): Mesh => {
    const node = new Mesh(unit, unseen);
    node.name = `xr-${kind}`;
    node.position.set(box.x + box.width / 2 - widthM / 2, heightM / 2 - box.y - box.height / 2, LIFT_METRES);
    node.scale.set(box.width, box.height, 1);
    return node;
  };
  const add = (entry: Entry): Item => {
    entries.push(entry);
    group.add(entry.node);
    touch(entry);
    return {
      node: entry.node,
      touch: () => touch(entry),
      setVisible(visible) {
        if (entry.shown === visible) return;
        entry.shown = visible;
        touch(entry);
      },
    };
  };

  return {
    group,
    get page() {
      return page;
    },
    get targets() {
      return entries.flatMap(({ node, target }) => (target && node.visible ? [target] : []));
    },
    showPage(next) {
      page = next;
      drawAll = true;
      for (const entry of entries) touch(entry);
    },
    scaleTo(factor) {
      if (Math.abs(factor / scale - 1) < SCALE_STEP) return;
      scale = factor;
      group.scale.setScalar(scale);
      Object.assign(plane.userData.xr as XrElement, sizes(widthM, heightM, 0));
      for (const entry of entries) describe(entry);
    },
    addText({ box, page: on, look, paint }) {
      const node = nodeFor("text", box);
      const rest = { state: () => null, advance: still, shown: true, dirty: true, key: "" };
      return add({ kind: "text", node, box, page: on, target: null, look, paint, ...rest });
    },
    addTarget({ box, page: on, look, paint, enabled, press }) {
      const node = nodeFor("target", box);
      const state = createTargetState({ node, enabled, press, changed: () => touch(entry), label: () => look(state.now).label });
      const entry: Entry = {
        ...{ kind: "target", node, box, page: on, target: state.target, shown: true, dirty: true, key: "" },
        state: () => state.now,
        look: () => look(state.now),
        paint: (brush) => paint(brush, state.now),
        advance: (seconds) => state.advance(seconds),
      };
      return add(entry);
    },
    advance(seconds) {
      for (const entry of entries) entry.advance(seconds);
      const due = entries.filter((entry) => (drawAll ? entry.node.visible : entry.dirty && isOnPage(entry)));
      for (const entry of entries) entry.dirty = false;
      if (!drawAll && due.length === 0) return;
      // What has just been hidden is wiped by painting nothing there.
      surface.draw(due.map(({ box, node, paint }) => ({ box, paint: node.visible ? paint : still })), drawAll);
      drawAll = false;
    },
    dispose() {
      surface.dispose();
      unit.dispose();
      unseen.dispose();
      group.removeFromParent();
    },
  };
}

function createPlane(spec: PanelSpec, unit: PlaneGeometry, material: MeshBasicMaterial): Mesh {
  const { name, widthM, heightM, distanceM } = spec;
  const plane = new Mesh(unit, material);
  plane.name = "xr-panel";
  plane.scale.set(widthM, heightM, 1);
  plane.renderOrder = spec.onTop ? 40 : 10;
  const ground = spec.background ?? COLOURS.panel;
  const told: XrElement = { kind: "panel", label: name, widthM, heightM, emM: 0, foreground: ground, background: ground, distanceM };
  plane.userData.xr = told;
  return plane;
}
