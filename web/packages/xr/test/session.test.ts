import { expect, test, vi } from "vitest";
import { createSessionKeeper, FOVEATION, frameRateOf, type SessionPorts } from "../src/session";

class FakeSession extends EventTarget {
  visibilityState: XRVisibilityState = "visible";
  readonly supportedFrameRates = new Float32Array([60, 72, 80, 90, 120]);
  frameRate = 120;
  rate = 0;
  updateTargetFrameRate(rate: number): Promise<void> {
    this.rate = rate;
    return Promise.resolve();
  }
  end(): Promise<void> {
    this.dispatchEvent(new Event("end"));
    return Promise.resolve();
  }
}

function setUp({ present = () => Promise.resolve() }: { present?: (session: FakeSession) => Promise<void> } = {}) {
  const session = new FakeSession();
  const told: string[] = [];
  const asked: unknown[] = [];
  const system = {
    isSessionSupported: () => Promise.resolve(true),
    requestSession: (...request: unknown[]) => {
      asked.push(request);
      return Promise.resolve(session);
    },
  } as unknown as XRSystem;
  const ports: SessionPorts = {
    present: (_, foveation) => {
      told.push(`present ${foveation}`);
      return present(session);
    },
    begun: () => void told.push("begun"),
    ended: () => void told.push("ended"),
    hidden: () => void told.push("hidden"),
    shown: () => void told.push("shown"),
  };
  return { keeper: createSessionKeeper(system, ports), session, told, asked };
}

test("entering asks for the floor only, and leaving ends what was entered", async () => {
  const { keeper, session, told, asked } = setUp();
  expect(await keeper.supported).toBe(true);
  const entering = keeper.enter();
  expect(asked).toEqual([["immersive-vr", { requiredFeatures: ["local-floor"], optionalFeatures: ["hand-tracking", "layers"] }]]);
  await Promise.all([entering, keeper.enter()]);
  expect([asked.length, keeper.current, session.rate]).toEqual([1, session, 90]);
  await keeper.leave();
  expect(keeper.current).toBe(null);
  expect(told).toEqual([`present ${FOVEATION}`, "begun", "ended"]);
  expect(FOVEATION).toBeLessThanOrEqual(0.5);
});

test("asked to leave twice, it leaves once: an ending session refuses to be ended", async () => {
  const { keeper, session, told } = setUp();
  await keeper.enter();
  let ended = (): void => undefined;
  let asked = 0;
  session.end = () => {
    if (asked++ > 0) return Promise.reject(new DOMException("it has ended", "InvalidStateError"));
    return new Promise((resolve) => (ended = resolve));
  };
  const leaving = Promise.all([keeper.leave(), keeper.leave()]);
  session.dispatchEvent(new Event("end"));
  ended();
  await leaving;
  expect(told.filter((word) => word === "ended")).toHaveLength(1);
  await keeper.leave();
});

test("the system can end it, and it can be entered again", async () => {
  const { keeper, session, told } = setUp();
  await keeper.enter();
  session.dispatchEvent(new Event("end"));
  expect(keeper.current).toBe(null);
  await keeper.enter();
  expect(told.filter((what) => what === "begun")).toHaveLength(2);
});

test("a headset that shows something of its own lets everything go", async () => {
  const { keeper, session, told } = setUp();
  await keeper.enter();
  session.visibilityState = "visible-blurred";
  session.dispatchEvent(new Event("visibilitychange"));
  expect(told).not.toContain("hidden");
  session.visibilityState = "hidden";
  session.dispatchEvent(new Event("visibilitychange"));
  expect(told).toContain("hidden");
});

test("a headset that is put on again has the link looked after", async () => {
  const { keeper, session, told } = setUp();
  await keeper.enter();
  session.visibilityState = "hidden";
  session.dispatchEvent(new Event("visibilitychange"));
  expect(told).not.toContain("shown");
  session.visibilityState = "visible";
  session.dispatchEvent(new Event("visibilitychange"));
  expect(told.at(-1)).toBe("shown");
});

test("what can't be drawn is ended, and says so", async () => {
  const { keeper, session, told } = setUp({ present: () => Promise.reject(new Error("no layer")) });
  const end = vi.spyOn(session, "end");
  await expect(keeper.enter()).rejects.toThrow("no layer");
  expect([end.mock.calls.length, keeper.current, told.includes("begun")]).toEqual([1, null, false]);
});

test("a session that ends while it starts never begins", async () => {
  const { keeper, told } = setUp({ present: (session) => session.end() });
  await keeper.enter();
  expect([keeper.current, told]).toEqual([null, [`present ${FOVEATION}`]]);
});

test("without WebXR there is no way in", async () => {
  const ports: SessionPorts = { present: () => Promise.resolve(), begun: vi.fn(), ended: vi.fn(), hidden: vi.fn(), shown: vi.fn() };
  const none = createSessionKeeper(undefined, ports);
  expect(await none.supported).toBe(false);
  await expect(none.enter()).rejects.toThrow("WebXR");
  const refused = { isSessionSupported: () => Promise.reject(new DOMException("no", "SecurityError")) } as unknown as XRSystem;
  expect(await createSessionKeeper(refused, ports).supported).toBe(false);
});

test("the frame rate is the highest from 72 to 90", () => {
  expect(frameRateOf([60, 72, 80, 90, 120])).toBe(90);
  expect(frameRateOf([72, 120])).toBe(72);
  expect(frameRateOf([60, 120])).toBe(null);
  expect(frameRateOf(undefined)).toBe(null);
});
