import { DATAGRAM_BYTES_MAX, FRAME_BYTES_MAX, SEND_QUEUE_BYTES_MAX, WEBRTC_AHEAD_BYTES_MAX, WEBRTC_PIECE_BYTES_MAX, WEBRTC_RECEIVE_WINDOW_BYTES } from "@theta/wire";
import { describe, expect, it, vi } from "vitest";
import type { Lane } from "@theta/transport";
import { createDataChannels } from "../src/data-channels";
import { FakePeer } from "./fakes/peer";
import { createFakeTimers } from "./fakes/timers";

const [CONTROL, DATAGRAM, COMMANDS, STATE, BULK] = [0, 1, 2, 3, 4];

function setUp({ opens = true } = {}) {
  const timers = createFakeTimers();
  const peer = new FakePeer();
  const told = {
    opened: vi.fn(),
    received: vi.fn<(lane: Lane, frame: Uint8Array) => void>(),
    ended: vi.fn<(code: number, reason: string) => void>(),
  };
  const channels = createDataChannels(peer as unknown as RTCPeerConnection, { timers, ...told });
  if (opens) peer.connect();
  return { timers, peer, told, channels, of: (lane: number) => peer.channel(lane) };
}

/** A frame as it stands on a stream. */
function framed(frame: Uint8Array): Uint8Array {
  const stream = new Uint8Array(4 + frame.length);
  new DataView(stream.buffer).setUint32(0, frame.length, true);
  stream.set(frame, 4);
  return stream;
}

const settle = (): Promise<void> => Promise.resolve();

describe("data channels", () => {
  it("TRN-30: are negotiated, one for each lane by its number; datagrams without order and never sent again", () => {
    const { peer, told } = setUp();
    const made = peer.channels.map(({ label, init }) => [label, init]);
    expect(made).toEqual([
      ["theta-0", { negotiated: true, id: 0 }],
      ["theta-2", { negotiated: true, id: 2 }],
      ["theta-3", { negotiated: true, id: 3 }],
      ["theta-4", { negotiated: true, id: 4 }],
      ["theta-1", { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 }],
    ]);
    expect(peer.channels.every(({ binaryType }) => binaryType === "arraybuffer")).toBe(true);
    expect(told.opened).toHaveBeenCalledOnce();
  });

  it("stand when all of them are open, and carry nothing before", async () => {
    const { peer, told, channels, of } = setUp({ opens: false });
    channels.send("control", Uint8Array.of(1));
    peer.channels.slice(1).forEach((channel) => {
      channel.readyState = "open";
      channel.onopen?.();
    });
    expect(told.opened).not.toHaveBeenCalled();
    of(CONTROL).readyState = "open";
    of(CONTROL).onopen?.();
    await settle();
    expect([told.opened.mock.calls.length, of(CONTROL).sent]).toEqual([1, []]);
  });

  it("TRN-31: carries each lane's frames as pieces of one stream, and puts them together again wherever pieces end", async () => {
    const { told, channels, of } = setUp();
    channels.send("control", Uint8Array.of(1, 2, 3));
    channels.send("control", Uint8Array.of());
    channels.send("bulk", new Uint8Array(40_000).fill(9));
    await settle();
    expect(of(CONTROL).bytes).toEqual([3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]);
    expect(of(CONTROL).sent.length, "what is sent together goes together").toBe(1);
    expect(of(BULK).sent.map(({ length }) => length)).toEqual([WEBRTC_PIECE_BYTES_MAX, WEBRTC_PIECE_BYTES_MAX, 40_004 - 2 * WEBRTC_PIECE_BYTES_MAX]);

    const stream = [...framed(Uint8Array.of(5, 6)), ...framed(new Uint8Array()), ...framed(Uint8Array.of(7))];
    for (const byte of stream) of(STATE).hear(Uint8Array.of(byte));
    expect(told.received.mock.calls).toEqual([
      ["state", Uint8Array.of(5, 6)],
      ["state", new Uint8Array()],
      ["state", Uint8Array.of(7)],
    ]);
  });

  it("TRN-31: sends no piece over what the other side takes", async () => {
    const { peer, channels, of } = setUp({ opens: false });
    peer.sctp.maxMessageSize = 1_200;
    peer.connect();
    channels.send("commands", new Uint8Array(3_000));
    await settle();
    expect(of(COMMANDS).sent.map(({ length }) => length)).toEqual([1_200, 1_200, 604]);
  });

  it("TRN-32: sends no more than the window until the other side has read, and says what it has read itself", async () => {
    const { channels, of } = setUp();
    for (let sent = 0; sent < 2; sent += 1) channels.send("commands", new Uint8Array(WEBRTC_RECEIVE_WINDOW_BYTES));
    await settle();
    expect(of(COMMANDS).bytes.length).toBe(WEBRTC_RECEIVE_WINDOW_BYTES);
    of(COMMANDS).hear("read 100");
    await settle();
    expect(of(COMMANDS).bytes.length).toBe(WEBRTC_RECEIVE_WINDOW_BYTES + 100);

    const quarter = WEBRTC_RECEIVE_WINDOW_BYTES / 4;
    of(BULK).hear(framed(new Uint8Array(WEBRTC_RECEIVE_WINDOW_BYTES)).subarray(0, quarter - 1));
    expect(of(BULK).texts).toEqual([]);
    of(BULK).hear(Uint8Array.of(0));
    expect(of(BULK).texts).toEqual([`read ${quarter}`]);
  });

  it("TRN-32: cuts off who sends more than it was given room for", async () => {
    const { told, of } = setUp();
    of(BULK).readyState = "connecting";
    of(BULK).hear(framed(new Uint8Array(FRAME_BYTES_MAX)).subarray(0, WEBRTC_RECEIVE_WINDOW_BYTES));
    of(BULK).readyState = "open";
    expect(told.ended).not.toHaveBeenCalled();
    of(BULK).hear(Uint8Array.of(0));
    expect(told.ended.mock.calls).toEqual([[4400, expect.stringContaining("not read")]]);
    await settle();
    expect(of(CONTROL).texts.at(-1)).toMatch(/^close 4400 more than/u);
  });

  it.each(["reed 5", "read -1", "read 5", "close 999 x", "close", "read 1\n", `close 4400 ${"x".repeat(300)}`])("TRN-32: cuts off who says %j", (text) => {
    const { told, of } = setUp();
    of(CONTROL).hear(text);
    expect(told.ended.mock.calls).toEqual([[4400, expect.stringContaining("says nothing")]]);
  });

  it("TRN-2: refuses a frame over the limit before any of it is gathered, and a datagram over its own", () => {
    const one = setUp();
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, FRAME_BYTES_MAX + 1, true);
    one.of(STATE).hear(length);
    expect(one.told.ended.mock.calls).toEqual([[4413, expect.stringContaining("over the limit")]]);
    const other = setUp();
    other.of(DATAGRAM).hear(new Uint8Array(DATAGRAM_BYTES_MAX + 1));
    expect(other.told.ended.mock.calls).toEqual([[4413, expect.any(String)]]);
  });

  it("TRN-3: ends when more waits than may", () => {
    const { told, channels, of } = setUp();
    for (const channel of [COMMANDS, BULK]) of(channel).isStuck = true;
    channels.send("bulk", new Uint8Array(SEND_QUEUE_BYTES_MAX - 4));
    expect(told.ended).not.toHaveBeenCalled();
    channels.send("commands", new Uint8Array(1));
    expect(told.ended.mock.calls).toEqual([[4429, expect.any(String)]]);
  });

  it("TRN-4: drops datagrams that grew old, and the oldest of too many", async () => {
    const { timers, channels, of } = setUp();
    of(DATAGRAM).bufferedAmount = 100_000;
    channels.send("datagram", Uint8Array.of(1));
    timers.advance(200);
    channels.send("datagram", Uint8Array.of(2));
    timers.advance(100);
    await settle();
    of(DATAGRAM).drain();
    await settle();
    expect(of(DATAGRAM).bytes).toEqual([2]);
    of(DATAGRAM).bufferedAmount = 100_000;
    for (let number = 0; number < 100; number += 1) channels.send("datagram", new Uint8Array(1_000).fill(number));
    of(DATAGRAM).drain();
    await settle();
    expect([of(DATAGRAM).bytes.length, of(DATAGRAM).bytes[1]]).toEqual([1 + 65_000, 35]);
  });

  it("TRN-21: a command does not wait behind an upload", async () => {
    const { channels, of } = setUp();
    of(BULK).isStuck = true;
    channels.send("bulk", new Uint8Array(200_000));
    await settle();
    expect(of(BULK).bytes.length, "only what leaves soon is with the browser").toBeLessThan(WEBRTC_AHEAD_BYTES_MAX + WEBRTC_PIECE_BYTES_MAX);
    channels.send("commands", Uint8Array.of(1));
    await settle();
    expect(of(COMMANDS).bytes).toEqual([1, 0, 0, 0, 1]);
  });

  it.each([
    ["control", "commands", "state"],
    ["control", "commands"],
    ["commands", "state"],
  ] as const)("TRN-21: what waits behind other lanes (%s, %s, %s) goes on when they are sent", async (...smaller) => {
    const { peer, channels, of } = setUp();
    for (const channel of peer.channels) channel.isStuck = true;
    for (const lane of smaller) channels.send(lane, new Uint8Array(Math.ceil(WEBRTC_AHEAD_BYTES_MAX / smaller.length)));
    const size = 5 * WEBRTC_AHEAD_BYTES_MAX;
    channels.send("bulk", new Uint8Array(size));
    for (let turn = 0; turn < 20; turn += 1) {
      await settle();
      for (const channel of peer.channels) channel.drain();
    }
    expect(of(BULK).bytes.length).toBe(4 + size);
  });

  it("TRN-5: closing sends first what waits, then the end on every reliable channel, and lets go when the other side has", async () => {
    const { peer, told, channels, of } = setUp();
    channels.send("commands", Uint8Array.of(4));
    channels.close(4403, "no invite");
    await settle();
    expect(of(COMMANDS).sent.map((each) => (typeof each === "string" ? each : "bytes"))).toEqual(["bytes", "close 4403 no invite"]);
    for (const lane of [CONTROL, STATE, BULK]) expect(of(lane).texts).toEqual(["close 4403 no invite"]);
    expect([of(DATAGRAM).texts, peer.isClosed]).toEqual([[], false]);
    peer.change("closed");
    expect([peer.isClosed, told.ended.mock.calls]).toEqual([true, []]);
  });

  it("TRN-5: waits no longer than two seconds for what is stuck, and as long for the other side", () => {
    const { timers, peer, channels, of } = setUp();
    of(COMMANDS).bufferedAmount = 1_000_000;
    channels.send("commands", Uint8Array.of(4));
    channels.close(1000, "");
    expect(of(CONTROL).texts).toEqual([]);
    timers.advance(2_000);
    expect([of(CONTROL).texts, peer.isClosed]).toEqual([["close 1000 "], false]);
    timers.advance(2_000);
    expect(peer.isClosed).toBe(true);
  });

  it("TRN-32: is over once `close` came on every reliable channel, and gives out what came before", () => {
    const { peer, told, of } = setUp();
    of(COMMANDS).hear("close 4403 NotInvited: ask");
    of(STATE).hear(framed(Uint8Array.of(1)));
    for (const lane of [STATE, BULK]) of(lane).hear("close 4403 NotInvited: ask");
    expect(told.ended).not.toHaveBeenCalled();
    of(CONTROL).hear("close 4403 NotInvited: ask");
    expect(told.received.mock.calls).toEqual([["state", Uint8Array.of(1)]]);
    expect([told.ended.mock.calls, peer.isClosed]).toEqual([[[4403, "NotInvited: ask"]], true]);
  });

  it("TRN-38: when one channel is closed, all is over", () => {
    const { peer, told, of } = setUp();
    of(BULK).onclose?.();
    of(CONTROL).onclose?.();
    expect([told.ended.mock.calls, peer.isClosed]).toEqual([[[1006, "a data channel was closed"]], true]);
  });

  it("is lost when the peer connection fails", () => {
    const { peer, told } = setUp();
    peer.change("disconnected");
    expect(told.ended).not.toHaveBeenCalled();
    peer.change("failed");
    expect(told.ended.mock.calls).toEqual([[1006, "the connection was lost"]]);
  });
});
