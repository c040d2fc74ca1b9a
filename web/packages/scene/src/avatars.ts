import type { Actor, Person, Presence } from "@theta/client";
import { Group, Vector3 } from "three";
import { createFigures, HEAD_METRES, type Figure, type Figures } from "./avatar-figure";
import { createAvatarPointer, createBeamGeometry, type AvatarPointer } from "./avatar-pointer";
import type { EntityLayer } from "./entities";
import { createHighlight, type Highlight } from "./highlight";
import { createTag, type Label } from "./labels";
import { createPresenceMotion, type PresenceMotion } from "./presence-motion";
import type { View } from "./view";

/** Nearer than this, one would look out of somebody's head from inside; a headset's wearer may come closer. */
const DESKTOP_AWAY_METRES_MIN = 0.6;
const HEADSET_AWAY_METRES_MIN = 0.3;
/** Of a name tag, above the head. */
const TAG_METRES = 0.06;
const above = new Vector3();

export interface AvatarLayer {
  readonly group: Group;
  /** Shows everyone but this page's own person, where they were last heard to be; false when that is as before. */
  sync(people: readonly Person[], presence: ReadonlyMap<Actor, Presence>): boolean;
  /** Draws others' selections anew, after the document has changed. */
  refreshSelections(): void;
  advance(seconds: number, view: View): boolean;
  dispose(): void;
}

interface Avatar {
  readonly look: string;
  readonly root: Group;
  readonly figure: Figure;
  readonly tag: Label;
  readonly pointer: AvatarPointer;
  readonly highlight: Highlight;
  readonly motion: PresenceMotion;
  presence: Presence;
  /** When that was heard, milliseconds of the layer's clock. */
  heardMs: number;
  dispose(): void;
}

/** `wake` asks for a frame when somebody's pointer begins to fade; `now` is in milliseconds, rising. */
export function createAvatarLayer(entities: EntityLayer, wake: () => void, now: () => number): AvatarLayer {
  const group = new Group();
  group.pointerEvents = "none";
  const avatars = new Map<Actor, Avatar>();
  const figures = createFigures();
  const beam = createBeamGeometry();
  group.add(figures.mesh);

  const remove = (actor: Actor): void => {
    const avatar = avatars.get(actor);
    if (!avatar) return;
    avatars.delete(actor);
    group.remove(avatar.root, avatar.highlight.group);
    avatar.dispose();
  };
  const forget = (actor: Actor, isHere: boolean): boolean => {
    if (!isHere) remove(actor);
    return !isHere;
  };
  const showSelection = ({ highlight, presence: { selection } }: Avatar): void => {
    highlight.show(selection ? entities.views.get(selection.entity) : undefined, selection);
  };

  return {
    group,
    sync(people, presence) {
      let changed = false;
      const present = new Map(people.filter((person) => !person.self).map((person) => [person.actor, person]));
      for (const actor of [...avatars.keys()]) changed = forget(actor, presence.has(actor) && present.has(actor)) || changed;
      for (const [actor, heard] of presence) {
        const person = present.get(actor);
        if (!person) continue;
        if (avatars.get(actor)?.look !== lookOf(person)) remove(actor);
        let avatar = avatars.get(actor);
        if (!avatar) {
          avatar = createAvatar(person, heard, { figures, beam }, wake, now());
          avatars.set(actor, avatar);
          group.add(avatar.root, avatar.highlight.group);
        } else if (samePresence(avatar.presence, heard)) {
          continue;
        }
        changed = true;
        if (JSON.stringify(avatar.presence.ray) !== JSON.stringify(heard.ray)) avatar.pointer.stir();
        avatar.motion.aim(heard, (now() - avatar.heardMs) / 1000);
        avatar.presence = heard;
        avatar.heardMs = now();
        showSelection(avatar);
      }
      return changed;
    },
    refreshSelections() {
      for (const avatar of avatars.values()) showSelection(avatar);
    },
    advance(seconds, view) {
      let moving = false;
      for (const avatar of avatars.values()) {
        moving = avatar.motion.advance(seconds) || moving;
        moving = pose(avatar, seconds, view, entities) || moving;
      }
      return moving;
    },
    dispose() {
      for (const actor of [...avatars.keys()]) remove(actor);
      figures.dispose();
      beam.dispose();
    },
  };
}

interface Parts {
  readonly figures: Figures;
  readonly beam: ReturnType<typeof createBeamGeometry>;
}

/** Everyone says where they are once a second even at rest; that alone is no reason to draw. */
function samePresence(a: Presence, b: Presence): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

const lookOf = (person: Pick<Person, "name" | "colour">): string => `${person.colour} ${person.name}`;

function createAvatar({ name, colour }: Person, heard: Presence, { figures, beam }: Parts, wake: () => void, heardMs: number): Avatar {
  const figure = figures.add(colour);
  const tag = createTag(name, colour);
  const pointer = createAvatarPointer(name, colour, beam, wake);
  pointer.stir();
  const root = new Group();
  root.add(tag.mesh, pointer.group);
  const highlight = createHighlight({ colour, width: 2, fill: 0.2, opacity: 0.95 });
  return {
    look: lookOf({ name, colour }),
    root,
    figure,
    tag,
    pointer,
    highlight,
    motion: createPresenceMotion(heard),
    presence: heard,
    heardMs,
    dispose() {
      figure.dispose();
      tag.dispose();
      pointer.dispose();
      highlight.dispose();
    },
  };
}

/** Draws one where they are now; true while their pointer fades. */
function pose({ figure, tag, pointer, motion, presence }: Avatar, seconds: number, view: View, entities: EntityLayer): boolean {
  const { state } = motion;
  const { head, left, right, ray } = presence;
  const apart = view.eye.distanceTo(state.head.position) > (view.presenting ? HEADSET_AWAY_METRES_MIN : DESKTOP_AWAY_METRES_MIN);
  figure.pose({ head: head && apart ? state.head : null, left: left && state.left, right: right && state.right });
  tag.mesh.visible = head !== null && apart;
  if (tag.mesh.visible) tag.place(above.copy(state.head.position).setY(state.head.position.y + HEAD_METRES + TAG_METRES), view);
  if (ray === null) {
    pointer.group.visible = false;
    return false;
  }
  return pointer.advance(seconds, state, view, entities);
}
