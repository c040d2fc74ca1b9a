import type { Actor, Person, Presence } from "@theta/client";
import { Group, type Camera } from "three";
import { createFigure, createFigureParts, type Figure } from "./avatar-figure";
import { createAvatarPointer, createBeamGeometry, type AvatarPointer } from "./avatar-pointer";
import type { EntityLayer } from "./entities";
import { createHighlight, type Highlight } from "./highlight";
import { createPresenceMotion, type PresenceMotion } from "./presence-motion";

export interface AvatarLayer {
  readonly group: Group;
  /** Shows everyone but this page's own person, where they were last heard to be; false when that is as before. */
  sync(people: readonly Person[], presence: ReadonlyMap<Actor, Presence>): boolean;
  /** Draws others' selections anew, after the document has changed. */
  refreshSelections(): void;
  advance(seconds: number, camera: Camera): boolean;
  dispose(): void;
}

interface Avatar {
  readonly look: string;
  readonly root: Group;
  readonly figure: Figure;
  readonly pointer: AvatarPointer;
  readonly highlight: Highlight;
  readonly motion: PresenceMotion;
  presence: Presence;
  dispose(): void;
}

/** `wake` asks for a frame when somebody's pointer begins to fade. */
export function createAvatarLayer(entities: EntityLayer, wake: () => void): AvatarLayer {
  const group = new Group();
  group.pointerEvents = "none";
  const avatars = new Map<Actor, Avatar>();
  const parts = createParts();

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
          avatar = createAvatar(person, heard, parts, wake);
          avatars.set(actor, avatar);
          group.add(avatar.root, avatar.highlight.group);
        } else if (samePresence(avatar.presence, heard)) {
          continue;
        }
        changed = true;
        if (JSON.stringify(avatar.presence.ray) !== JSON.stringify(heard.ray)) avatar.pointer.stir();
        avatar.presence = heard;
        avatar.motion.aim(heard);
        showSelection(avatar);
      }
      return changed;
    },
    refreshSelections() {
      for (const avatar of avatars.values()) showSelection(avatar);
    },
    advance(seconds, camera) {
      let moving = false;
      for (const avatar of avatars.values()) {
        moving = avatar.motion.advance(seconds) || moving;
        moving = pose(avatar, seconds, camera, entities) || moving;
      }
      return moving;
    },
    dispose() {
      for (const actor of [...avatars.keys()]) remove(actor);
      for (const part of Object.values(parts)) part.dispose();
    },
  };
}

type Parts = ReturnType<typeof createParts>;

function createParts() {
  return { ...createFigureParts(), beam: createBeamGeometry() };
}

/** Everyone says where they are once a second even at rest; that alone is no reason to draw. */
function samePresence(a: Presence, b: Presence): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

const lookOf = (person: Person): string => `${person.colour} ${person.name}`;

function createAvatar(person: Person, heard: Presence, parts: Parts, wake: () => void): Avatar {
  const figure = createFigure(person.name, person.colour, parts);
  const pointer = createAvatarPointer(person.name, person.colour, parts.beam, wake);
  pointer.stir();
  const root = new Group();
  root.add(figure.group, pointer.group);
  const highlight = createHighlight({ colour: person.colour, width: 2, fill: 0.2, opacity: 0.95 });
  return {
    look: lookOf(person),
    root,
    figure,
    pointer,
    highlight,
    motion: createPresenceMotion(heard),
    presence: heard,
    dispose() {
      figure.dispose();
      pointer.dispose();
      highlight.dispose();
    },
  };
}

/** Draws one where they are now; true while their pointer fades. */
function pose({ figure, pointer, motion, presence }: Avatar, seconds: number, camera: Camera, entities: EntityLayer): boolean {
  const apart = figure.pose(motion.state, camera);
  figure.group.visible = presence.head !== null && apart;
  if (presence.ray === null) {
    pointer.group.visible = false;
    return false;
  }
  return pointer.advance(seconds, motion.state, camera, entities);
}
