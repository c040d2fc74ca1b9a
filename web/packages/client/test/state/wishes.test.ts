import { COORDINATE_METRES_MAX, decodeFromParticipant, encodeMessage, INTEREST_METRES_MAX, REGIONS_PER_PEER_MAX, STATE_SELECTED_MAX } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { InvalidOperationError } from "../../src/errors";
import { createWishes } from "../../src/state/wishes";
import { entity } from "./standard-room";

function createWishing() {
  const wishes = createWishes();
  let nowMs = 0;
  /** What is said once it may be. */
  function said(afterMs = 100) {
    nowMs += afterMs;
    wishes.handleTimeout(nowMs);
    const found = [];
    for (let message = wishes.pollMessage(); message !== null; message = wishes.pollMessage()) {
      found.push(decodeFromParticipant(encodeMessage(message)));
    }
    return found;
  }
  return { wishes, said };
}

const subscribed = (region: number, x: number, radius = 5) => ({ type: "SubscribeRegion", region, centre: [x, 0, 0], radius });
const unsubscribed = (region: number) => ({ type: "UnsubscribeRegion", region });

describe("what a page wants to be told of", () => {
  it("REP-80: is never more than the room allows, on the way to what is wanted as well", () => {
    const { wishes, said } = createWishing();
    const [one, other] = [wishes.subscribe([1, 0, 0], 50), wishes.subscribe([2, 0, 0], 30)];
    expect(() => wishes.subscribe([3, 0, 0], 50)).toThrow("squares");
    expect(() => wishes.move(other, [3, 0, 0], 50)).toThrow(InvalidOperationError);
    expect(said()).toHaveLength(2);
    wishes.move(one, [1, 0, 0], 20);
    wishes.move(other, [2, 0, 0], 60);
    expect(said()).toEqual([subscribed(one, 1, 20), subscribed(other, 2, 60)]);
    wishes.move(other, [2, 0, 0], 10);
    wishes.move(one, [1, 0, 0], 63);
    expect(said()).toEqual([subscribed(other, 2, 10), subscribed(one, 1, 63)]);
    wishes.unsubscribe(one);
    wishes.move(other, [2, 0, 0], INTEREST_METRES_MAX);
    expect(said()).toEqual([unsubscribed(one), subscribed(other, 2, INTEREST_METRES_MAX)]);
  });

  it("REP-80: regions come, move and go", () => {
    const { wishes, said } = createWishing();
    expect([wishes.timeoutMs, said()]).toEqual([null, []]);
    const region = wishes.subscribe([1, 0, 0], 5);
    expect(said()).toEqual([subscribed(region, 1)]);
    expect([wishes.timeoutMs, said()]).toEqual([null, []]);
    wishes.move(region, [2, 0, 0], 6);
    expect(said()).toEqual([subscribed(region, 2, 6)]);
    wishes.unsubscribe(region);
    wishes.unsubscribe(region);
    expect(said()).toEqual([unsubscribed(region)]);
    expect(() => wishes.move(region, [0, 0, 0], 5)).toThrow(InvalidOperationError);
  });

  it("REP-80: are said a few times a second at most, as they are then", () => {
    const { wishes, said } = createWishing();
    const region = wishes.subscribe([1, 0, 0], 5);
    expect(said()).toHaveLength(1);
    for (let x = 2; x < 50; x += 1) wishes.move(region, [x, 0, 0], 5);
    expect(said(99)).toEqual([]);
    expect(wishes.timeoutMs).toBe(200);
    expect(said(1)).toEqual([subscribed(region, 49)]);
    wishes.unsubscribe(region);
    expect(wishes.subscribe([7, 0, 0], 5)).toBe(region);
    expect(said()).toEqual([subscribed(region, 7)]);
    const other = wishes.subscribe([8, 0, 0], 5);
    wishes.unsubscribe(other);
    expect(said()).toEqual([]);
  });

  it("REP-80: are within limits", () => {
    const { wishes } = createWishing();
    for (const [x, radius] of [[NaN, 5], [2 * COORDINATE_METRES_MAX, 5], [0, 0], [0, 2 * INTEREST_METRES_MAX], [0, NaN]] as const) {
      expect(() => wishes.subscribe([x, 0, 0], radius)).toThrow(InvalidOperationError);
    }
    const numbers = Array.from({ length: REGIONS_PER_PEER_MAX }, (_, x) => wishes.subscribe([x, 0, 0], 5));
    expect(new Set(numbers).size).toBe(REGIONS_PER_PEER_MAX);
    expect(Math.max(...numbers)).toBe(REGIONS_PER_PEER_MAX - 1);
    expect(() => wishes.subscribe([0, 0, 0], 5)).toThrow(InvalidOperationError);
    expect(() => wishes.move(numbers[0]!, [0, 0, 0], -1)).toThrow(InvalidOperationError);
  });

  it("REP-81: a selection is told when it is another", () => {
    const { wishes, said } = createWishing();
    wishes.select([entity(1), entity(2), entity(1)]);
    const [message] = said();
    expect(message).toEqual({ type: "SelectEntities", entities: new Uint8Array([1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]) });
    wishes.select([entity(1), entity(2)]);
    expect(said()).toEqual([]);
    wishes.select([]);
    expect(said()).toEqual([{ type: "SelectEntities", entities: new Uint8Array() }]);
    wishes.select([]);
    expect(said()).toEqual([]);
    wishes.select(Array.from({ length: 2 * STATE_SELECTED_MAX }, (_, at) => entity(at)));
    expect(said()).toMatchObject([{ entities: { length: 8 * STATE_SELECTED_MAX } }]);
  });

  it("hold in the next session; what they name of the last one does not", () => {
    const { wishes, said } = createWishing();
    wishes.subscribe([1, 0, 0], 5);
    wishes.select([entity(1)]);
    said();
    wishes.enter(true);
    expect(said(0).map(({ type }) => type)).toEqual(["SubscribeRegion", "SelectEntities"]);
    wishes.forgetSelection();
    wishes.enter(false);
    expect(said(0)).toEqual([subscribed(0, 1)]);
    // A session that goes on may know a selection that was taken back meanwhile.
    wishes.enter(true);
    expect(said(0)).toEqual([subscribed(0, 1), { type: "SelectEntities", entities: new Uint8Array() }]);
  });
});
