import { describe, expect, it, vi } from "vitest";
import { CLOSE_PROTOCOL_ERROR, createMemoryTransport, createWebSocketTransport, type Lane, type Socket, type Transport } from "@theta/transport";

function fakeSocket() {
  const socket = {
    binaryType: "blob",
    readyState: 0,
    bufferedAmount: 0,
    send: vi.fn<(data: unknown) => void>(),
    close: vi.fn<(code?: number, reason?: string) => void>(),
    onopen: null,
    onmessage: null,
    onclose: null,
  } as Socket & { readyState: number; bufferedAmount: number };
  const handlers = {
    opened: vi.fn(),
    received: vi.fn<(lane: Lane, frame: Uint8Array) => void>(),
    closed: vi.fn<(code: number, reason: string) => void>(),
  };
  const transport = createWebSocketTransport("ws://test/ws", () => socket)(handlers);
  const open = () => {
    socket.readyState = 1;
    socket.onopen?.();
  };
  return { socket, handlers, transport, open };
}

describe("the WebSocket transport", () => {
  it("puts the lane in front of every frame, and takes it off", () => {
    const { socket, handlers, transport, open } = fakeSocket();
    open();
    expect(socket.binaryType).toBe("arraybuffer");
    expect(handlers.opened).toHaveBeenCalledOnce();
    transport.send("control", Uint8Array.of(7, 8));
    transport.send("datagram", Uint8Array.of(9));
    expect(vi.mocked(socket.send).mock.calls.map(([data]) => [...(data as Uint8Array)])).toEqual([[0, 7, 8], [1, 9]]);
    socket.onmessage?.({ data: Uint8Array.of(1, 5, 6).buffer });
    expect(handlers.received).toHaveBeenCalledWith("datagram", Uint8Array.of(5, 6));
  });

  it.each([["text"], [new ArrayBuffer(0)], [Uint8Array.of(5, 1).buffer]])("refuses %s and hears no more", async (data) => {
    const { socket, handlers, open } = fakeSocket();
    open();
    socket.onmessage?.({ data });
    socket.onmessage?.({ data: Uint8Array.of(0, 1).buffer });
    await Promise.resolve();
    expect(socket.close).toHaveBeenCalledWith(CLOSE_PROTOCOL_ERROR, expect.any(String));
    expect(handlers.received).not.toHaveBeenCalled();
    expect(handlers.closed).toHaveBeenCalledOnce();
    expect(handlers.closed).toHaveBeenCalledWith(CLOSE_PROTOCOL_ERROR, expect.stringContaining("not a frame"));
  });

  it("drops datagrams, and only those, when the queue is backed up", () => {
    const { socket, transport, open } = fakeSocket();
    open();
    socket.bufferedAmount = 1_000_000;
    transport.send("datagram", Uint8Array.of(1));
    expect(socket.send).not.toHaveBeenCalled();
    transport.send("control", Uint8Array.of(1));
    expect(socket.send).toHaveBeenCalledOnce();
  });

  it("tells the room's code and reason once, and sends nothing after", () => {
    const { socket, handlers, transport, open } = fakeSocket();
    open();
    socket.onclose?.({ code: 4403, reason: "NotInvited" });
    socket.onclose?.({ code: 1006, reason: "" });
    transport.send("control", Uint8Array.of(1));
    expect(handlers.closed.mock.calls).toEqual([[4403, "NotInvited"]]);
    expect(socket.send).not.toHaveBeenCalled();
  });

  it("closes at once for its user, with a reason that fits the close frame", async () => {
    const { socket, handlers, transport } = fakeSocket();
    transport.close(4400, "ü".repeat(200));
    expect(handlers.closed).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(handlers.closed).toHaveBeenCalledOnce();
    expect(socket.close).toHaveBeenCalledWith(4400, "ü".repeat(61));
  });
});

describe("the memory transport", () => {
  it("carries frames both ways in order and closes both ends with the first reason", async () => {
    const log: string[] = [];
    let far: Transport | undefined;
    const end = (name: string) => ({
      opened: () => log.push(`${name} opened`),
      received: (lane: Lane, frame: Uint8Array) => log.push(`${name} ${lane} ${[...frame].join()}`),
      closed: (code: number, reason: string) => log.push(`${name} closed ${code} ${reason}`),
    });
    const near = createMemoryTransport((peer) => {
      far = peer;
      return end("far");
    })(end("near"));
    near.send("control", Uint8Array.of(1));
    far?.send("datagram", Uint8Array.of(2));
    near.close(4000, "bye");
    far?.close(4001, "late");
    await Promise.resolve();
    await Promise.resolve();
    expect(log).toEqual([
      "far opened",
      "near opened",
      "far control 1",
      "near datagram 2",
      "near closed 4000 bye",
      "far closed 4000 bye",
    ]);
  });
});
