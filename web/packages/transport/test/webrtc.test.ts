import { decodeSignalFromPeer, encodeSignal, SIGNAL_PROTOCOL_VERSION, type SignalFromPeer, type SignalFromServer } from "@theta/wire";
import { describe, expect, it, vi } from "vitest";
import { createMemoryTransport, type Lane, signalAddress, type Transport } from "@theta/transport";
import { createWebRtcTransport } from "../src/webrtc";
import { FakePeer, SDP } from "./fakes/peer";
import { createFakeTimers, rest } from "./fakes/timers";

const ROOM = new Uint8Array(16).fill(5);
const HOST = 3;
const WELCOME = { type: "SignalWelcome", peer: 9, host: HOST, guests: [], iceServers: [], iceSeconds: 0, relayOnly: false } as const;
const TURN = { urls: ["turn:turn.example:3478"], username: "u", credential: "c" };

/** A signalling server in this process, a page that connects through it, and its peer connections. */
function setUp(script: { greets?: boolean; welcome?: Partial<typeof WELCOME> | null; relayOnly?: boolean; isThere?: boolean; refusal?: Error } = {}) {
  const { greets = true, welcome = {}, relayOnly = false, isThere = true, refusal } = script;
  const timers = createFakeTimers();
  const heard: SignalFromPeer[] = [];
  const closes: (readonly [number, string])[] = [];
  const peers: FakePeer[] = [];
  let server: Transport | null = null;
  const say = (message: SignalFromServer): void => server?.send("control", encodeSignal(message));
  const signaling = createMemoryTransport((end) => {
    server = end;
    return {
      opened() {
        if (!isThere) end.close(1006, "");
        else if (greets) say({ type: "SignalGreeting", protocolVersion: SIGNAL_PROTOCOL_VERSION, nonce: new Uint8Array(32) });
      },
      received(_lane, frame) {
        const message = decodeSignalFromPeer(frame);
        heard.push(message);
        if (message.type === "SignalJoin" && welcome !== null) say({ ...WELCOME, ...welcome });
      },
      closed: (code, reason) => void closes.push([code, reason]),
    };
  });
  const told = {
    opened: vi.fn(),
    received: vi.fn<(lane: Lane, frame: Uint8Array) => void>(),
    closed: vi.fn<(code: number, reason: string) => void>(),
  };
  const transport = createWebRtcTransport({
    signaling,
    room: ROOM,
    timers,
    nowMs: () => 1_700_000_000_000,
    relayOnly,
    makePeer: (configuration) => {
      if (refusal !== undefined) throw refusal;
      const peer = new FakePeer(configuration);
      peers.push(peer);
      return peer as unknown as RTCPeerConnection;
    },
  })(told);
  return { timers, heard, closes, peers, say, told, transport, types: () => heard.map(({ type }) => type) };
}

/** As far as the answer. */
async function answered() {
  const meeting = setUp();
  await rest();
  meeting.say({ type: "SignalAnswer", peer: HOST, attempt: 2, sdp: SDP });
  await rest();
  return { ...meeting, peer: meeting.peers[0]! };
}

describe("WebRTC over signalling", () => {
  it("TRN-42: joins, offers to the host, trickles candidates, and leaves the server once it stands", async () => {
    const { heard, closes, peers, say, told, transport } = setUp();
    await rest();
    expect(heard[0]).toEqual({ type: "SignalJoin", protocolVersion: SIGNAL_PROTOCOL_VERSION, room: ROOM });
    expect(heard[1]).toEqual({ type: "SignalOffer", peer: HOST, attempt: 2, sdp: SDP });
    const [peer] = peers as [FakePeer];
    peer.gather("candidate:1");
    peer.gather(null);
    await rest();
    expect(heard.slice(2).map((each) => each.type === "SignalCandidate" && each.candidate)).toEqual(["candidate:1", ""]);
    say({ type: "SignalAnswer", peer: HOST, attempt: 2, sdp: SDP });
    say({ type: "SignalCandidate", peer: HOST, attempt: 2, candidate: "theirs", mid: "0" });
    say({ type: "SignalCandidate", peer: HOST, attempt: 2, candidate: "bad", mid: "0" });
    say({ type: "SignalCandidate", peer: HOST + 1, attempt: 2, candidate: "a stranger's", mid: "0" });
    await rest();
    expect(peer.log).toEqual(["local offer", "remote answer", "candidate theirs", "candidate bad"]);
    expect(told.opened).not.toHaveBeenCalled();
    peer.connect();
    await rest();
    expect([told.opened.mock.calls.length, closes]).toEqual([1, [[1000, ""]]]);
    transport.send("commands", Uint8Array.of(7));
    await rest();
    expect(peer.channel(2).bytes).toEqual([1, 0, 0, 0, 7]);
    peer.channel(0).hear(Uint8Array.of(1, 0, 0, 0, 8));
    expect(told.received.mock.calls).toEqual([["control", Uint8Array.of(8)]]);
  });

  it("SIG-13, SIG-14: uses the servers of the welcome, and only what they lend when it says so", async () => {
    const { peers } = setUp({ welcome: { iceServers: [TURN, { urls: ["stun:s"], username: "", credential: "" }] as never, relayOnly: true as never } });
    await rest();
    expect(peers[0]!.configuration).toEqual({ iceServers: [TURN, { urls: ["stun:s"] }], iceTransportPolicy: "relay" });
  });

  it("TRN-40: uses relays only when the page wants it", async () => {
    const { peers } = setUp({ relayOnly: true });
    await rest();
    expect(peers[0]!.configuration).toEqual({ iceServers: [], iceTransportPolicy: "relay" });
  });

  it("SIG-10: a page's offer gives way to its host's, whose number is higher", async () => {
    const { peers, say, heard, told } = setUp();
    await rest();
    say({ type: "SignalOffer", peer: HOST, attempt: 3, sdp: SDP });
    await rest();
    expect([peers.length, peers[0]!.isClosed, peers[1]!.log]).toEqual([2, true, ["remote offer", "local answer"]]);
    expect(heard.at(-1)).toEqual({ type: "SignalAnswer", peer: HOST, attempt: 3, sdp: SDP });
    peers[0]!.connect();
    expect(told.opened).not.toHaveBeenCalled();
    peers[1]!.connect();
    expect(told.opened).toHaveBeenCalledOnce();
  });

  it("SIG-8: answers the server's pings", async () => {
    const { say, heard } = setUp();
    await rest();
    say({ type: "Ping", number: 4n, sentMs: 5 });
    await rest();
    expect(heard.at(-1)).toEqual({ type: "Pong", number: 4n, sentMs: 5, answeredMs: 1_700_000_000_000 });
  });

  it("waits for a host that comes later, and for no longer than eight seconds", async () => {
    const late = setUp({ welcome: { host: 0 as never } });
    await rest();
    expect(late.types()).toEqual(["SignalJoin"]);
    late.say({ type: "SignalPeerJoined", peer: HOST });
    await rest();
    expect(late.types()).toEqual(["SignalJoin", "SignalOffer"]);
    const never = setUp({ welcome: { host: 0 as never } });
    await rest();
    never.timers.advance(8_000);
    await rest();
    expect(never.told.closed.mock.calls).toEqual([[4502, "SignalingFailed: the room's host is not at the signalling server; waited 8 s"]]);
  });

  it.each([
    ["is not there", { isThere: false }, 0, /cannot be reached or turns us away/u],
    ["does not greet", { greets: false }, 8_000, /does not answer; waited 8 s/u],
    ["does not welcome", { welcome: null }, 8_000, /does not answer; waited 8 s/u],
  ])("webrtc_signaling_failure_returns_error_within_deadline: a server that %s", async (_, script, milliseconds, words) => {
    const { timers, told } = setUp(script);
    await rest();
    expect(told.closed.mock.calls.length).toBe(milliseconds === 0 ? 1 : 0);
    timers.advance(milliseconds);
    await rest();
    expect(told.closed.mock.calls).toEqual([[4502, expect.stringMatching(words)]]);
  });

  it("webrtc_signaling_failure_returns_error_within_deadline: a host that does not answer", async () => {
    const { timers, told, peers } = setUp();
    await rest();
    peers[0]!.gather("candidate:1");
    timers.advance(10_000);
    await rest();
    expect(told.closed.mock.calls).toEqual([[4502, "SignalingFailed: the room's host did not answer"]]);
    expect(peers[0]!.isClosed).toBe(true);
  });

  it("webrtc_ice_gathering_timeout_returns_error: no address within five seconds", async () => {
    const { timers, told, heard } = setUp();
    await rest();
    timers.advance(4_999);
    expect(told.closed).not.toHaveBeenCalled();
    timers.advance(1);
    await rest();
    expect(told.closed.mock.calls).toEqual([[4505, "IceGatheringTimeout: no address of our own within 5 s"]]);
    expect(heard.at(-1)).toMatchObject({ type: "SignalAbandon", attempt: 2 });
  });

  it("says so when there is no address at all", async () => {
    const { peers, told } = setUp();
    await rest();
    peers[0]!.finishGathering();
    await rest();
    expect(told.closed.mock.calls).toEqual([[4503, expect.stringContaining("no address of our own")]]);
  });

  it("TRN-37: ends with IceFailed when there is no way through, or not in time", async () => {
    const one = await answered();
    one.peer.gather("candidate:1");
    one.peer.change("failed");
    await rest();
    expect(one.told.closed.mock.calls).toEqual([[4503, "IceFailed: no way through to the other side"]]);
    const other = await answered();
    other.peer.gather("candidate:1");
    other.timers.advance(10_000);
    await rest();
    expect(other.told.closed.mock.calls).toEqual([[4503, "IceFailed: no way through to the room within 10 s"]]);
  });

  it("TRN-37: ends with IceFailed when the browser makes no peer connection with the servers that it is told of", async () => {
    const { told, closes, timers } = setUp({ refusal: new DOMException("'turn:' is not a valid URL", "SyntaxError") });
    await rest();
    expect(told.closed.mock.calls).toEqual([[4503, "IceFailed: this browser makes no peer connection: 'turn:' is not a valid URL"]]);
    expect(closes).toEqual([[1000, ""]]);
    timers.advance(60_000);
    expect(told.closed).toHaveBeenCalledOnce();
  });

  it("ends when the host gives up, when the server refuses, and when a description cannot be read", async () => {
    const one = setUp();
    await rest();
    one.say({ type: "SignalAbandon", peer: HOST, attempt: 2, reason: "the room has no place" });
    const other = setUp();
    await rest();
    other.say({ type: "SignalRefused", peer: HOST, attempt: 2, code: "UnknownPeer", reason: "UnknownPeer: gone" });
    const third = setUp();
    await rest();
    third.peers[0]!.refusal = new TypeError("no such line");
    third.say({ type: "SignalAnswer", peer: HOST, attempt: 2, sdp: SDP });
    await rest();
    expect(one.told.closed.mock.calls).toEqual([[4502, expect.stringContaining("the room has no place")]]);
    expect(other.told.closed.mock.calls).toEqual([[4502, expect.stringContaining("UnknownPeer: gone")]]);
    expect(third.told.closed.mock.calls).toEqual([[4400, expect.stringContaining("no such line")]]);
  });

  it("SIG-12: what has both descriptions goes on without the server, and what lacks one does not", async () => {
    const both = await answered();
    both.peer.gather("candidate:1");
    both.say({ type: "SignalGreeting", protocolVersion: 1, nonce: new Uint8Array(32) });
    await rest();
    expect([both.closes[0]![0], both.told.closed.mock.calls]).toEqual([4400, []]);
    both.peer.connect();
    expect(both.told.opened).toHaveBeenCalledOnce();
    const one = setUp();
    await rest();
    one.say({ type: "SignalGreeting", protocolVersion: 1, nonce: new Uint8Array(32) });
    await rest();
    expect(one.told.closed.mock.calls).toEqual([[4502, expect.stringContaining("came out of place")]]);
  });

  it("SIG-2, SIG-3: a host that comes again takes the place of the one before", async () => {
    const { say, told, types, closes } = setUp({ welcome: { host: 0 as never } });
    await rest();
    say({ type: "SignalPeerJoined", peer: HOST });
    say({ type: "SignalPeerJoined", peer: HOST + 1 });
    await rest();
    expect(types()).toEqual(["SignalJoin", "SignalOffer"]);
    say({ type: "SignalPeerLeft", peer: HOST + 1 });
    await rest();
    expect([told.closed.mock.calls, closes]).toEqual([[], []]);
    say({ type: "SignalPeerLeft", peer: HOST });
    await rest();
    expect(told.closed.mock.calls).toEqual([[4502, expect.stringContaining("host has left")]]);
    const other = setUp();
    await rest();
    other.say({ type: "SignalPeerLeft", peer: HOST + 5 });
    await rest();
    expect(other.told.closed.mock.calls).toEqual([[4502, expect.stringContaining("was not there")]]);
  });

  it("SIG-1: refuses a server of another version", async () => {
    const { say, closes, told } = setUp({ greets: false });
    await rest();
    say({ type: "SignalGreeting", protocolVersion: SIGNAL_PROTOCOL_VERSION + 1, nonce: new Uint8Array(32) });
    await rest();
    expect([closes, told.closed.mock.calls]).toEqual([[[4426, expect.any(String)]], [[4502, expect.stringContaining("signalling version")]]]);
  });

  it("tells the room's code and reason once it stands, and closes for its user", async () => {
    const room = await answered();
    room.peer.connect();
    for (const lane of [0, 2, 3, 4]) room.peer.channel(lane).hear("close 4403 NotInvited");
    await rest();
    expect(room.told.closed.mock.calls).toEqual([[4403, "NotInvited"]]);
    const own = await answered();
    own.peer.connect();
    own.transport.close(1000, "left");
    expect(own.told.closed).not.toHaveBeenCalled();
    await rest();
    expect([own.told.closed.mock.calls, own.peer.channel(0).texts]).toEqual([[[1000, "left"]], ["close 1000 left"]]);
  });

  it("lets go of everything when its user closes before it stands", async () => {
    const { peers, closes, told, transport, timers } = setUp();
    await rest();
    transport.close(1000, "not needed");
    await rest();
    timers.advance(60_000);
    expect([told.closed.mock.calls, closes, peers[0]!.isClosed]).toEqual([[[1000, "not needed"]], [[1000, ""]], true]);
    peers[0]!.connect();
    expect(told.opened).not.toHaveBeenCalled();
  });
});

describe("a signalling server's address", () => {
  it.each([
    ["https://meet.example:8090", "wss://meet.example:8090/signal"],
    ["http://localhost:8090/#x", "ws://localhost:8090/signal"],
    ["wss://meet.example/other", "wss://meet.example/other"],
    ["ws://[::1]:1/signal?x", "ws://[::1]:1/signal"],
  ])("of %s is %s", (link, address) => {
    expect(signalAddress(link)).toBe(address);
  });

  it.each(["", "meet.example", "ftp://meet.example", "javascript:alert(1)", "wss://name:word@meet.example"])("is none of %j", (link) => {
    expect(signalAddress(link)).toBeNull();
  });
});
