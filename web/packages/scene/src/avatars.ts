import type { Actor, Person, Presence } from "@theta/client";
import {
  Color,
  CylinderGeometry,
  Group,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  SphereGeometry,
  Vector3,
  type Camera,
} from "three";
import type { EntityLayer } from "./entities";
import { createHighlight, type Highlight } from "./highlight";
import { createPresenceMotion, type PresenceMotion } from "./presence-motion";
import { createLabel, type Label } from "./textures";

const RAY_METRES = 4;
const TAG_METRES_PER_METRE = 0.027;
/** Nearer than this, one would look out of somebody's head from inside. */
const HEAD_METRES_MIN = 0.45;
const UP = new Vector3(0, 1, 0);

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
  readonly head: Group;
  readonly ray: Mesh;
  readonly label: Label;
  readonly highlight: Highlight;
  readonly motion: PresenceMotion;
  presence: Presence;
  dispose(): void;
}

export function createAvatarLayer(entities: EntityLayer): AvatarLayer {
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
          avatar = createAvatar(person, heard, parts);
          avatars.set(actor, avatar);
          group.add(avatar.root, avatar.highlight.group);
        } else if (samePresence(avatar.presence, heard)) {
          continue;
        }
        changed = true;
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
        pose(avatar, camera);
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
  return {
    skull: new SphereGeometry(0.13, 32, 20),
    // A band of a slightly larger sphere, around where the eyes are (-z).
    visor: new SphereGeometry(0.134, 32, 8, 1.5 * Math.PI - 0.85, 1.7, Math.PI / 2 - 0.34, 0.56),
    ray: new CylinderGeometry(0.0015, 0.006, 1, 8, 1, true).translate(0, 0.5, 0),
    glass: new MeshStandardMaterial({ color: 0x141a26, roughness: 0.25, metalness: 0.1 }),
  };
}

/** Everyone says where they are once a second even at rest; that alone is no reason to draw. */
function samePresence(a: Presence, b: Presence): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

const lookOf = (person: Person): string => `${person.colour} ${person.name}`;

function createAvatar(person: Person, heard: Presence, parts: Parts): Avatar {
  const colour = new Color(person.colour);
  const skin = new MeshStandardMaterial({ color: colour, roughness: 0.55 });
  const beam = new MeshBasicMaterial({ color: colour, transparent: true, opacity: 0.55, depthWrite: false });
  const head = new Group();
  const skull = new Mesh(parts.skull, skin);
  skull.scale.set(0.92, 1.06, 1);
  const visor = new Mesh(parts.visor, parts.glass);
  visor.scale.copy(skull.scale);
  head.add(skull, visor);

  const ray = new Mesh(parts.ray, beam);
  const label = createLabel(person.name, person.colour);
  const root = new Group();
  root.add(head, ray, label.sprite);
  const highlight = createHighlight({ colour: person.colour, width: 2, fill: 0.2, opacity: 0.95 });
  return {
    look: lookOf(person),
    root,
    head,
    ray,
    label,
    highlight,
    motion: createPresenceMotion(heard),
    presence: heard,
    dispose() {
      skin.dispose();
      beam.dispose();
      label.dispose();
      highlight.dispose();
    },
  };
}

function pose({ head, ray, label, motion, presence }: Avatar, camera: Camera): void {
  const { headPosition, headRotation, rayOrigin, rayDirection } = motion.state;
  const apart = camera.position.distanceTo(headPosition) > HEAD_METRES_MIN;
  head.visible = label.sprite.visible = presence.head !== null && apart;
  ray.visible = presence.ray !== null && apart;
  head.position.copy(headPosition);
  head.quaternion.copy(headRotation);
  // A desktop's ray starts in the eye: begin it a little outside the head, where it can be seen from.
  ray.position.copy(rayOrigin).addScaledVector(rayDirection, 0.2);
  ray.quaternion.setFromUnitVectors(UP, rayDirection);
  ray.scale.set(1, RAY_METRES, 1);
  const away = Math.min(Math.max(camera.position.distanceTo(headPosition), 0.6), 30);
  const height = away * TAG_METRES_PER_METRE;
  label.sprite.position.copy(headPosition).y += 0.2 + height * 0.6;
  label.sprite.scale.set(height * label.aspect, height, 1);
}
