import { DATAGRAM_BYTES_MAX } from "@theta/wire";
import { describe, expect, it, vi } from "vitest";
import { createWebTransport, type Lane, type WebTransportPlace } from "@theta/transport";
import { createFakeTimers, rest } from "./fakes/timers";

const PLACE: WebTransportPlace = { url: "https://room.example:8080/wt", hashes: [new Uint8Array(32).fill(3)] };

/** One direction both ways: what was written, and what is to be read. */
function duplex() {
  const written: number[] = [];
  let reading!: ReadableStreamDefaultController<Uint8Array>;
  let hold: Promise<void> = Promise.resolve();
  const writable = new WritableStream<Uint8Array>({
    async write(chunk) {
      await hold;
      written.push(...chunk);
    },
  });
  const readable = new ReadableStream<Uint8Array>({ start: (controller) => void (reading = controller) });
  return { written, writable, readable, hear: (...bytes: number[]) => reading.enqueue(Uint8Array.from(bytes)), end: () => reading.close(), fail: (error: unknown) => reading.error(error), block: (until: Promise<void>) => void (hold = until) };
}

function setUp(script: { place?: WebTransportPlace | null; isReady?: boolean; has?: boolean } = {}) {
  const { place = PLACE, isReady = true, has = true } = script;
  const timers = createFakeTimers();
  const streams: ReturnType<typeof duplex>[] = [];
  const orders: unknown[] = [];
  const datagrams = { ...duplex(), outgoingMaxAge: null as number | null };
  const closes: unknown[] = [];
  const asked: unknown[][] = [];
  let end!: (info: { closeCode?: number; reason?: string }) => void;
  let lose!: (error: unknown) => void;
  const session = {
    ready: isReady ? Promise.resolve() : Promise.reject(new Error("Opening handshake failed.")),
    closed: new Promise((resolve, reject) => {
      end = resolve;
      lose = reject;
    }),
    datagrams,
    createBidirectionalStream(options: unknown) {
      orders.push(options);
      const stream = duplex();
      streams.push(stream);
      return Promise.resolve(stream);
    },
    close: (info: unknown) => void closes.push(info),
  };
  const told = {
    opened: vi.fn(),
    received: vi.fn<(lane: Lane, frame: Uint8Array) => void>(),
    closed: vi.fn<(code: number, reason: string) => void>(),
  };
  const makeSession = (...parameters: unknown[]): WebTransport => {
    asked.push(parameters);
    return session as unknown as WebTransport;
  };
  const transport = createWebTransport({ locate: () => Promise.resolve(place), timers, makeSession: has ? makeSession : null })(told);
  return { timers, streams, orders, datagrams, closes, asked, end, lose, told, transport };
}

async function opened() {
  const made = setUp();
  await rest();
  return made;
}

describe("the WebTransport transport", () => {
  it("asks for the session with the certificate's hash, and opens a stream for each reliable lane, named by its first byte", async () => {
    const { asked, streams, orders, told } = await opened();
    expect(asked).toEqual([
      [PLACE.url, { serverCertificateHashes: [{ algorithm: "sha-256", value: PLACE.hashes[0] }], congestionControl: "low-latency", requireUnreliable: true }],
    ]);
    expect(streams.map(({ written }) => written)).toEqual([[0], [2], [3], [4]]);
    expect(orders.map((each) => (each as { sendOrder: number }).sendOrder + 0)).toEqual([0, -1, -2, -3]);
    expect(told.opened).toHaveBeenCalledOnce();
  });

  it("names no hash where the certificate is one that browsers trust", async () => {
    const { asked } = setUp({ place: { url: PLACE.url, hashes: [] } });
    await rest();
    expect(asked[0]![1]).toEqual({ congestionControl: "low-latency", requireUnreliable: true });
  });

  it.each([
    ["this browser has none", { has: false }, "this browser has no WebTransport"],
    ["the room has none", { place: null }, "the room offers no WebTransport"],
    ["it does not get through", { isReady: false }, "Opening handshake failed."],
  ])("comes to nothing when %s", async (_, script: Parameters<typeof setUp>[0], reason) => {
    const { told, lose } = setUp(script);
    if (script?.isReady === false) lose(new Error(reason));
    await rest();
    expect([told.opened.mock.calls, told.closed.mock.calls]).toEqual([[], [[1006, reason]]]);
  });

  it("carries frames after their length on their lane's stream, both ways, and datagrams as they are", async () => {
    const { transport, streams, datagrams, told } = await opened();
    transport.send("commands", Uint8Array.of(7, 8));
    transport.send("bulk", new Uint8Array());
    transport.send("datagram", Uint8Array.of(5));
    await rest();
    expect(streams.map(({ written }) => written)).toEqual([[0], [2, 2, 0, 0, 0, 7, 8], [3], [4, 0, 0, 0, 0]]);
    expect(datagrams.written).toEqual([5]);
    expect(datagrams.outgoingMaxAge).toBe(250);
    streams[2]!.hear(1, 0, 0);
    streams[2]!.hear(0, 9, 0, 0, 0, 0);
    streams[0]!.hear(1, 0, 0, 0, 4);
    datagrams.hear(6);
    await rest();
    expect(told.received.mock.calls.sort()).toEqual([["control", Uint8Array.of(4)], ["datagram", Uint8Array.of(6)], ["state", new Uint8Array()], ["state", Uint8Array.of(9)]].sort());
  });

  it("one lane that does not get on holds up no other", async () => {
    const { transport, streams } = await opened();
    streams[3]!.block(new Promise(() => undefined));
    transport.send("bulk", new Uint8Array(100_000));
    transport.send("commands", Uint8Array.of(1));
    await rest();
    expect(streams[1]!.written).toEqual([2, 1, 0, 0, 0, 1]);
  });

  it("tells the room's code and reason, and what was lost", async () => {
    const one = await opened();
    one.end({ closeCode: 4403, reason: "NotInvited" });
    await rest();
    expect(one.told.closed.mock.calls).toEqual([[4403, "NotInvited"]]);
    one.transport.send("control", Uint8Array.of(1));
    await rest();
    expect(one.streams[0]!.written).toEqual([0]);
    const other = await opened();
    other.lose(Object.assign(new Error("Connection lost."), { source: "session" }));
    await rest();
    expect(other.told.closed.mock.calls).toEqual([[1006, "Connection lost."]]);
    const third = await opened();
    third.end({});
    await rest();
    expect(third.told.closed.mock.calls).toEqual([[1006, ""]]);
  });

  it("closes for its user at once, and the session once what waits was handed on", async () => {
    const { transport, streams, closes, told } = await opened();
    let go = (): void => undefined;
    streams[1]!.block(new Promise((resolve) => (go = resolve)));
    transport.send("commands", Uint8Array.of(7));
    transport.close(1000, "ü".repeat(200));
    await rest();
    expect([told.closed.mock.calls, closes]).toEqual([[[1000, "ü".repeat(200)]], []]);
    go();
    await rest();
    expect([streams[1]!.written, closes]).toEqual([[2, 1, 0, 0, 0, 7], [{ closeCode: 1000, reason: "ü".repeat(61) }]]);
  });

  it("waits no longer than two seconds for what is stuck", async () => {
    const { transport, streams, closes, timers } = await opened();
    streams[1]!.block(new Promise(() => undefined));
    transport.send("commands", Uint8Array.of(7));
    transport.close(1000, "");
    await rest();
    timers.advance(2_000);
    await rest();
    expect(closes).toEqual([{ closeCode: 1000, reason: "" }]);
  });

  it("ends with 4400 when a stream ends or is reset before the session, and not with it", async () => {
    const ended = await opened();
    ended.streams[2]!.end();
    await rest();
    expect(ended.told.closed).not.toHaveBeenCalled();
    ended.timers.advance(250);
    await rest();
    expect(ended.told.closed.mock.calls).toEqual([[4400, "a stream was ended before the connection"]]);
    const reset = await opened();
    reset.streams[0]!.fail(Object.assign(new Error("reset"), { source: "stream" }));
    await rest();
    reset.timers.advance(250);
    await rest();
    expect([reset.told.closed.mock.calls, reset.closes.length]).toEqual([[[4400, "a stream was reset"]], 1]);
    const whole = await opened();
    whole.streams[0]!.end();
    whole.end({ closeCode: 1001, reason: "closing" });
    await rest();
    whole.timers.advance(250);
    await rest();
    expect(whole.told.closed.mock.calls).toEqual([[1001, "closing"]]);
  });

  it("TRN-2: refuses what is over its limit", async () => {
    const frame = await opened();
    frame.streams[0]!.hear(255, 255, 255, 255);
    await rest();
    expect(frame.told.closed.mock.calls).toEqual([[4413, expect.stringContaining("over the limit")]]);
    const datagram = await opened();
    datagram.datagrams.hear(...new Uint8Array(DATAGRAM_BYTES_MAX + 1));
    await rest();
    expect(datagram.told.closed.mock.calls[0]![0]).toBe(4413);
  });

  it("is given up before it stands without a word to the room", async () => {
    const { transport, told, closes, streams } = setUp();
    transport.close(1000, "not needed");
    await rest();
    expect([told.closed.mock.calls, told.opened.mock.calls, closes, streams]).toEqual([[[1000, "not needed"]], [], [], []]);
  });
});
