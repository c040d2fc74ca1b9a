import type { DragMotion, DragSession, RayPick, SelectionStore, StateHold, StatePick } from "@theta/scene";
import { Quaternion, Vector3 } from "three";
import { createPlaced, type Placed } from "./placed";

/** Longer than this without a pose, nobody knows where the hand has it. */
const LOST_SECONDS_MAX = 1;
/** A grip this young that moved nothing yet can still become half of a grip on the world. */
const CHANGE_SECONDS_MAX = 0.3;
const CHANGE_METRES_MAX = 0.01;

/** What a hand's ray meets: a part of the document, or something alive. */
export type Hit = RayPick | StatePick;

export interface GrabPorts {
  readonly drag: DragSession;
  readonly selection: Pick<SelectionStore, "select">;
  readonly hold: StateHold;
}

export interface Grab {
  /** Something is in the hand. */
  readonly active: boolean;
  /** Something was taken and not let go of; it may have been deleted since. */
  readonly held: boolean;
  /** How far along the ray it is held, in the world's metres. */
  readonly distance: number;
  /** The hand that holds it can't be seen just now. */
  readonly lost: boolean;
  /** It has only just been taken, and not been moved: letting go of it does nothing. */
  readonly fresh: boolean;
  /** Takes what was hit; `aim` is where the hand points from, in the world. False when it can't be held. */
  start(hit: Hit, aim: Placed): boolean;
  /** Takes it along; true while it is still held. */
  follow(seconds: number, aim: Placed): boolean;
  /** Lets go: of the document one command. */
  end(): void;
  cancel(): void;
}

/** Holds what the ray hit as if by a rod: the point hit stays where it is along the ray. */
export function createGrab({ drag, selection, hold }: GrabPorts): Grab {
  const from = createPlaced();
  const documents = takesDocument(drag, selection);
  const living = takesLiving(hold);
  let taking: Taking = documents;
  const point = new Vector3();
  let motion: Required<DragMotion> | null = null;
  let lost = 0;
  let age = 0;

  /** The scene ends a drag of its own accord when what is dragged was deleted. */
  const isHeld = (): boolean => motion !== null && taking.active;
  const forget = (): void => {
    motion = null;
  };

  return {
    get active() {
      return isHeld();
    },
    get held() {
      return motion !== null;
    },
    get distance() {
      return point.distanceTo(from.position);
    },
    get lost() {
      return lost > 0;
    },
    get fresh() {
      return isHeld() && age <= CHANGE_SECONDS_MAX && (motion?.offset.length() ?? 0) <= CHANGE_METRES_MAX;
    },
    start(hit, aim) {
      taking = "state" in hit ? living : documents;
      if (!taking.start(hit)) return false;
      point.copy(hit.point);
      from.position.copy(aim.position);
      from.rotation.copy(aim.rotation);
      motion = { offset: new Vector3(), turn: new Quaternion(), pivot: point.clone() };
      lost = age = 0;
      return true;
    },
    follow(seconds, aim) {
      if (!motion || !isHeld()) {
        forget();
        return false;
      }
      age += seconds;
      lost = aim.known ? 0 : lost + seconds;
      if (lost > LOST_SECONDS_MAX) {
        this.cancel();
        return false;
      }
      if (aim.known) {
        rigidMotion(from, aim, point, motion);
        taking.move(motion);
      }
      return true;
    },
    end() {
      if (motion && isHeld()) taking.end(motion);
      forget();
    },
    cancel() {
      if (isHeld()) taking.cancel();
      forget();
    },
  };
}

/** What a hand does to a kind of thing, from press to release. */
interface Taking {
  /** It is still held; the scene ends a hold of its own accord when what is held is gone. */
  readonly active: boolean;
  start(hit: Hit): boolean;
  move(motion: DragMotion): void;
  end(motion: DragMotion): void;
  cancel(): void;
}

function takesDocument(drag: DragSession, selection: Pick<SelectionStore, "select">): Taking {
  return {
    get active() {
      return drag.active !== null;
    },
    start(hit) {
      if ("state" in hit) return false;
      selection.select(hit.selection);
      drag.start();
      return drag.active !== null;
    },
    move: (motion) => drag.move(motion),
    end: (motion) => drag.end(motion),
    cancel: () => drag.cancel(),
  };
}

/** There is nothing to undo: what is alive stays where the hand had it last. */
function takesLiving(hold: StateHold): Taking {
  return {
    get active() {
      return hold.entity !== null;
    },
    start: (hit) => "state" in hit && hold.take(hit),
    move: (motion) => hold.move(motion),
    end: () => hold.release(),
    cancel: () => hold.release(),
  };
}

/** Moves `point` as if a rod joined it to a hand that went from `before` to `now`; turns about the point. */
export function rigidMotion(before: Placed, now: Placed, point: Vector3, into: Required<DragMotion>): void {
  into.turn.copy(before.rotation).invert().premultiply(now.rotation).normalize();
  into.offset.copy(point).sub(before.position).applyQuaternion(into.turn).add(now.position).sub(point);
  into.pivot.copy(point);
}
