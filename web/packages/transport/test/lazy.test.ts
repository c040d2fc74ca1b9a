import { describe, expect, it, vi } from "vitest";
import { createLazyTransport } from "../src/lazy";
import { createWebRtcTransport } from "../src/webrtc";
import { createFakeTimers, rest } from "./fakes/timers";

describe("a transport that is loaded when it is wanted", () => {
  it("TRN-37: ends when the browser must not even begin, and leaves nothing behind", async () => {
    const timers = createFakeTimers();
    const startTimer = vi.spyOn(timers, "startTimer");
    const forbidden = createWebRtcTransport({
      // A page that came over TLS may not connect to ws://.
      signaling: () => {
        throw new DOMException("an insecure WebSocket connection", "SecurityError");
      },
      room: new Uint8Array(16),
      timers,
      nowMs: () => 0,
      relayOnly: false,
    });
    const closed = vi.fn<(code: number, reason: string) => void>();
    createLazyTransport("webrtc", () => Promise.resolve(forbidden))({ opened: vi.fn(), received: vi.fn(), closed });
    await rest();
    expect(closed.mock.calls).toEqual([[1006, "an insecure WebSocket connection"]]);
    expect(startTimer).not.toHaveBeenCalled();
  });

  it("TRN-37: ends when its code cannot be had", async () => {
    const closed = vi.fn<(code: number, reason: string) => void>();
    createLazyTransport("webrtc", () => Promise.reject(new Error("offline")))({ opened: vi.fn(), received: vi.fn(), closed });
    await rest();
    expect(closed.mock.calls).toEqual([[1006, "its code could not be loaded: offline"]]);
  });
});
