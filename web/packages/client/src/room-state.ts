/**
 * The state plane of the room that this page is in: what the room tells becomes columns to draw, and what the page wants,
 * holds and answers goes out. The rules are in `state/`, which know no clock; here are the timers.
 */

import {
  type Decompressor,
  type EntitiesDespawned,
  type EntitiesSpawned,
  type FromParticipant,
  type FromRoom,
  STATE_SPAWNED_PER_MESSAGE_MAX,
} from "@theta/wire";
import type { Environment } from "./environment";
import { InvalidOperationError, NotConnectedError, RoomFaultError } from "./errors";
import { bytesOf } from "./field-checks";
import type { Requests } from "./requests";
import type { RoomStateView, StateChange, StateEntity, StateLoss, StateSample } from "./state-types";
import { createDrawnEntities } from "./state/drawn-entities";
import { createStateFollower, type StateMessage } from "./state/follower";
import { createHolders } from "./state/holders";
import { createHolding } from "./state/holding";
import { createOwnershipView, ROOM } from "./state/ownership";
import { encodeBodies } from "./state/spawning";
import { createTraffic } from "./state/traffic";
import { createWishes } from "./state/wishes";
import type { Role } from "./types";

/** What a page says that takes the state plane, and what a room agrees to. */
export const STATE_CAPABILITY = "state";
const ENDING = -1;

export interface RoomStateParts {
  readonly environment: Environment;
  /** Questions to the room, numbered with all others of the session. */
  readonly requests: Requests;
  send(message: FromParticipant): boolean;
  /** What the session's compression takes apart; `null` when it has none. */
  decompressor(): Pick<Decompressor, "decompress"> | null;
  emit(event: "state", value: StateChange): void;
  emit(event: "stateLost", value: StateLoss): void;
}

/** A session that stands. */
export interface StateSession {
  readonly actor: bigint;
  readonly role: Role;
  readonly capabilities: readonly string[];
  readonly resumed: boolean;
}

export interface RoomState {
  readonly view: RoomStateView;
  /** False when it is none of its messages. Throws `WireError` or `RoomFaultError`. */
  handle(message: FromRoom): boolean;
  enter(session: StateSession): void;
  changeRole(role: Role): void;
  /** The connection is gone; what is shown stays. */
  leave(): void;
  /** It is another room. */
  reset(): void;
}

/** Everything that a session has of the room's state. */
function createLive(actor: bigint, parts: RoomStateParts) {
  const follower = createStateFollower(() => parts.decompressor());
  const ownership = createOwnershipView(actor);
  const drawn = createDrawnEntities(follower.session);
  const holding = createHolding(follower.session, drawn, ownership);
  return { actor, follower, ownership, drawn, holding, holders: createHolders(ownership, (entity) => follower.has(entity)) };
}

export function createRoomState(parts: RoomStateParts): RoomState {
  const { environment, requests } = parts;
  const wishes = createWishes();
  const traffic = createTraffic();
  /** How many entities each open request asked for; of those that end some, `ENDING`. */
  const asked = new Map<number, number>();
  let live = createLive(ROOM, parts);
  let role: Role | null = null;
  /** Whether it is known that the room goes on with what is here; until then nothing is said to it. */
  let settled = false;
  let revision = 0;
  let appeared = 0;
  let disappeared = 0;
  let cancelChange: (() => void) | null = null;
  let timer: { readonly atMs: number; readonly cancel: () => void } | null = null;

  const now = (): number => environment.monotonicMs();

  function countChange(more: number, less: number): void {
    if (more + less === 0) return;
    appeared += more;
    disappeared += less;
    revision += 1;
    // One event for all that comes at once.
    cancelChange ??= environment.startTimer(0, () => {
      cancelChange = null;
      const change = { appeared, disappeared };
      [appeared, disappeared] = [0, 0];
      parts.emit("state", change);
    });
  }

  /** Applies and sends whatever a call left to do, and waits for what is due next. */
  function drain(): void {
    const { follower, drawn, holding, ownership, holders } = live;
    for (let update = follower.pollUpdate(); update !== null; update = follower.pollUpdate()) {
      drawn.handleUpdate(update);
      holders.handleAppeared(update.spawned);
      for (const entity of update.despawned) {
        if (holding.isHeld(entity)) parts.emit("stateLost", { entity, owner: null, reason: "unknown-entity" });
        holding.handleDespawned(entity);
        holders.handleDespawned(entity);
      }
      countChange(update.spawned.length, update.despawned.length);
    }
    for (let lost = ownership.pollCorrection(); lost !== null; lost = ownership.pollCorrection()) {
      const { entity, owner } = lost.holding;
      // Who let go already has lost nothing, but wants to know that the grab was refused.
      const isLoss = holding.isHeld(entity) || lost.refusal !== null;
      holding.handleLost(now(), lost);
      holders.look(entity);
      if (isLoss) parts.emit("stateLost", { entity, owner: owner === ROOM ? null : owner, reason: lost.refusal });
    }
    if (role !== null && !settled) return;
    sendAll(() => follower.pollAnswer());
    sendAll(() => wishes.pollMessage());
    sendAll(() => ownership.pollMessage());
    sendAll(() => holding.pollMessage());
    if (role !== null) arm();
  }

  /** While the room is away nothing is kept: it is told anew when it is back. */
  function sendAll(poll: () => FromParticipant | null): void {
    for (let message = poll(); message !== null; message = poll()) if (role !== null) parts.send(message);
  }

  function arm(): void {
    const { follower, ownership, holding } = live;
    const times = [follower, ownership, holding, wishes].flatMap(({ timeoutMs }) => timeoutMs ?? []);
    const atMs = Math.min(Infinity, ...times);
    if (timer?.atMs === atMs) return;
    disarm();
    if (atMs === Infinity) return;
    // Whole milliseconds, so that it is never called before its time.
    const cancel = environment.startTimer(Math.max(0, Math.ceil(atMs - now())), () => {
      timer = null;
      for (const each of [live.follower, live.ownership, live.holding, wishes]) each.handleTimeout(now());
      drain();
    });
    timer = { atMs, cancel };
  }

  function disarm(): void {
    timer?.cancel();
    timer = null;
  }

  function begin(actor: bigint): void {
    const before = live;
    live = createLive(actor, parts);
    wishes.forgetSelection();
    for (const entity of before.holding.entities) {
      if (before.holding.isHeld(entity)) parts.emit("stateLost", { entity, owner: null, reason: null });
    }
    countChange(0, before.follower.entityCount);
  }

  function handleState(message: StateMessage): void {
    // The room was started anew, or gave this page's seat away: it knows nothing of what is here (REP-25, REP-83).
    if (message.type === "ComponentDescriptors" && message.first === 1 && live.follower.isTold) {
      begin(live.actor);
      wishes.enter(false);
    }
    const { follower, drawn, holding } = live;
    const nowMs = now();
    traffic.count(nowMs, message);
    follower.handleMessage(nowMs, message);
    if (message.type === "ComponentDescriptors") drawn.handleComponents();
    if (message.type === "StateFrame" || message.type === "StateSection") drawn.handleTick(nowMs, message.tick);
    drain();
    if (message.type === "StateFrame") {
      holding.handleFrame(nowMs, message.tick, message.input);
      drain();
    }
  }

  /** Asks for so many entities, or for some to end. */
  async function ask<Answer>(count: number, question: (request: number) => FromParticipant): Promise<Answer> {
    let number = 0;
    try {
      return await requests.ask<Answer>((request) => {
        number = request;
        asked.set(request, count);
        return question(request);
      });
    } finally {
      asked.delete(number);
    }
  }

  function answer({ type, request }: EntitiesSpawned | EntitiesDespawned, count: number, value: () => unknown): void {
    if (asked.get(request) !== count) throw new RoomFaultError(`${type}: request ${request} did not ask for this`);
    asked.delete(request);
    requests.answer(request, value());
  }

  function handle(message: FromRoom): boolean {
    switch (message.type) {
      case "ComponentDescriptors":
      case "StateFrame":
      case "StateSection":
      case "StateChunk":
      case "CellsLeft":
        checkAgreed(message);
        // A datagram may overtake the word that the room's state begins anew.
        if (message.type === "StateFrame" && !settled) return true;
        settled = true;
        handleState(message);
        return true;
      case "OwnershipChanged":
        checkAgreed(message);
        settled = true;
        live.holders.handleChanged(now(), message);
        for (const { entity } of message.rows) live.holding.handleHolding(entity);
        drain();
        return true;
      case "OwnershipRefused":
        checkAgreed(message);
        live.holders.handleRefused(now(), message);
        drain();
        return true;
      case "EntitiesSpawned":
        answer(message, message.entities.length / 8, () => [...new BigUint64Array(message.entities.slice().buffer)]);
        return true;
      case "EntitiesDespawned":
        answer(message, ENDING, () => null);
        return true;
      default:
        return false;
    }
  }

  function checkAgreed({ type }: FromRoom): void {
    if (role === null) throw new RoomFaultError(`${type} came, but no state was agreed on`);
  }

  const view = createView();

  function createView(): RoomStateView {
    const nothing = live.drawn.rows.table;
    const sample: { -readonly [Name in keyof StateSample]: StateSample[Name] } = {
      ...{ count: 0, entities: nothing.entities, positions: nothing.positions, rotations: nothing.rotations },
      ...{ kinds: nothing.kinds, sizes: nothing.sizes, colours: nothing.colours },
      ...{ changed: new Uint32Array(0), changedCount: 0, reshaped: new Uint32Array(0), reshapedCount: 0 },
    };
    return {
      get entityCount() {
        return live.follower.entityCount;
      },
      get revision() {
        return revision;
      },
      get held() {
        return live.holders.held;
      },
      get heldRevision() {
        return live.holders.revision;
      },
      get statistics() {
        const { counts, early, entityCount, isComplete } = live.follower;
        return {
          entities: entityCount,
          drawn: live.drawn.rows.count,
          received: counts.applied,
          stale: counts.stale,
          dropped: counts.dropped + early,
          bytesPerSecond: traffic.bytesPerSecond(now()),
          complete: isComplete,
        };
      },
      sample(nowMs) {
        const marked = live.drawn.sample(nowMs, live.holding);
        const { table, count } = live.drawn.rows;
        sample.count = count;
        sample.entities = table.entities;
        sample.positions = table.positions;
        sample.rotations = table.rotations;
        sample.kinds = table.kinds;
        sample.sizes = table.sizes;
        sample.colours = table.colours;
        sample.changed = marked.changed;
        sample.changedCount = marked.changedCount;
        sample.reshaped = marked.reshaped;
        sample.reshapedCount = marked.reshapedCount;
        return sample;
      },
      rowOf: (entity) => live.drawn.rowOf(entity),
      subscribeToRegion(centre, radius) {
        const region = wishes.subscribe(centre, radius);
        wish();
        return region;
      },
      moveRegion(region, centre, radius) {
        wishes.move(region, centre, radius);
        wish();
      },
      unsubscribe(region) {
        wishes.unsubscribe(region);
        wish();
      },
      select(entities) {
        wishes.select(entities);
        wish();
      },
      grab(entity) {
        if (role === null || role === "viewer" || !live.holding.grab(now(), entity)) return false;
        live.holders.look(entity);
        drain();
        return true;
      },
      moveTo(entity, position, rotation) {
        live.holding.moveTo(now(), entity, { position, rotation });
        drain();
      },
      release(entity) {
        live.holding.release(now(), entity);
        drain();
      },
      ownerOf: (entity) => live.holders.held.get(entity) ?? null,
      // Async, so that what is out of limits rejects as everything else does.
      async spawn(bodies) {
        const { follower, drawn } = live;
        const { poseComponent: pose, shapeComponent: shape } = drawn;
        if (role === null || pose?.isWhole !== true || shape?.isWhole !== true) throw unagreed();
        const body = encodeBodies(follower.session, pose, shape, bodies);
        return ask<readonly StateEntity[]>(bodies.length, (request) => ({ type: "SpawnEntities", request, body }));
      },
      async despawn(entities) {
        if (role === null) throw unagreed();
        if (entities.length < 1 || entities.length > STATE_SPAWNED_PER_MESSAGE_MAX) {
          throw new InvalidOperationError("entities", `1 to ${STATE_SPAWNED_PER_MESSAGE_MAX}`);
        }
        const named = bytesOf(BigUint64Array.from(entities));
        await ask<null>(ENDING, (request) => ({ type: "DespawnEntities", request, entities: named }));
      },
    };
  }

  /** Says what is wanted at once, unless something was said just now. */
  function wish(): void {
    if (role !== null) wishes.handleTimeout(now());
    drain();
  }

  return {
    view,
    handle,
    enter(session) {
      role = session.capabilities.includes(STATE_CAPABILITY) ? session.role : null;
      settled = !session.resumed;
      if (!session.resumed || role === null) begin(session.actor);
      if (role === null) return;
      if (session.resumed) {
        live.follower.handleResumed();
        live.ownership.handleResumed(now());
      }
      wishes.enter(session.resumed);
      wish();
    },
    changeRole(next) {
      if (role !== null) role = next;
    },
    leave() {
      role = null;
      disarm();
    },
    reset: () => begin(ROOM),
  };
}

function unagreed(): NotConnectedError {
  return new NotConnectedError("the room is away, or has no state that this page can write");
}
