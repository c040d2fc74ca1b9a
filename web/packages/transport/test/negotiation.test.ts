import { NEGOTIATION_ATTEMPTS_AHEAD_MAX, SIGNAL_CANDIDATES_MAX } from "@theta/wire";
import { describe, expect, it } from "vitest";
import { IceFailed, ProtocolFault, TooManyCandidates } from "@theta/transport";
import { createNegotiation, type SignalRelayed } from "../src/signaling/negotiation";
import { createFakeTimers } from "./fakes/timers";

const HOST = 7;
export const SDP = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";

function setUp() {
  const timers = createFakeTimers();
  const sent: SignalRelayed[] = [];
  const log: string[] = [];
  const negotiation = createNegotiation({
    peer: HOST,
    timers,
    send: (message) => sent.push(message),
    makeOffer: (attempt) => void log.push(`offer ${attempt}`),
    makeAnswer: (attempt, sdp) => void log.push(`answer ${attempt} ${sdp === SDP}`),
    takeAnswer: (attempt, sdp) => void log.push(`take ${attempt} ${sdp === SDP}`),
    addCandidate: (attempt, candidate, mid) => void log.push(`candidate ${attempt} ${candidate} ${mid}`),
    abandon: (attempt) => void log.push(`abandon ${attempt}`),
    failed: (attempt, failure) => void log.push(`failed ${attempt} ${failure.name}: ${failure.message}`),
  });
  return { timers, sent, log, negotiation };
}

const offer = (attempt: number, sdp = SDP): SignalRelayed => ({ type: "SignalOffer", peer: HOST, attempt, sdp });
const answer = (attempt: number, sdp = SDP): SignalRelayed => ({ type: "SignalAnswer", peer: HOST, attempt, sdp });
const candidate = (attempt: number, text: string): SignalRelayed => ({ type: "SignalCandidate", peer: HOST, attempt, candidate: text, mid: "0" });

describe("negotiation", () => {
  it("SIG-10: a guest's attempts are even, each two above the last", () => {
    const { negotiation, log } = setUp();
    negotiation.start();
    negotiation.start();
    expect([negotiation.attempt, log]).toEqual([2, ["offer 2"]]);
    negotiation.handleFailed(2, new IceFailed("no way"));
    negotiation.start();
    expect(negotiation.attempt).toBe(4);
  });

  it("SIG-11: offers, takes the answer, and passes candidates on in both directions until it stands", () => {
    const { negotiation, sent, log } = setUp();
    negotiation.start();
    negotiation.handleCandidate(2, "early", "0");
    expect(sent).toEqual([]);
    negotiation.handleDescription(2, SDP);
    negotiation.handleCandidate(2, "late", "0");
    negotiation.handleCandidate(2, "", "0");
    expect(sent.map((message) => [message.type, "candidate" in message ? message.candidate : ""])).toEqual([
      ["SignalOffer", ""],
      ["SignalCandidate", "early"],
      ["SignalCandidate", "late"],
      ["SignalCandidate", ""],
    ]);
    negotiation.handleMessage(answer(2));
    negotiation.handleMessage(candidate(2, "theirs"));
    negotiation.handleMessage(candidate(2, ""));
    negotiation.handleMessage(candidate(2, "after the last"));
    expect(log).toEqual(["offer 2", "take 2 true", "candidate 2 theirs 0", "candidate 2  0"]);
    expect(negotiation.staleMessages).toBe(1);
    negotiation.handleConnected(2);
    expect(negotiation.state).toBe("connected");
  });

  it("SIG-10: of two offers that cross, the host's with the higher number counts, and the guest answers it", () => {
    const { negotiation, sent, log } = setUp();
    negotiation.start();
    negotiation.handleDescription(2, SDP);
    negotiation.handleMessage(offer(3));
    expect(log).toEqual(["offer 2", "abandon 2", "answer 3 true"]);
    negotiation.handleDescription(2, SDP);
    negotiation.handleDescription(3, SDP);
    expect(sent.map(({ type, attempt }) => [type, attempt])).toEqual([["SignalOffer", 2], ["SignalAnswer", 3]]);
    // What is still on its way about the older one is let be.
    negotiation.handleMessage(answer(2));
    negotiation.handleMessage(candidate(2, "old"));
    expect([negotiation.state, negotiation.staleMessages]).toEqual(["connecting", 2]);
  });

  it("SIG-10: an offer with a lower number is ignored", () => {
    const { negotiation, log } = setUp();
    negotiation.start();
    negotiation.handleMessage(offer(1));
    expect([log, negotiation.staleMessages]).toEqual([["offer 2"], 1]);
  });

  it.each([
    ["an offer under this side's numbers", offer(4), "for this side to use"],
    ["one far ahead", offer(NEGOTIATION_ATTEMPTS_AHEAD_MAX + 3), "too far ahead"],
    ["what was never offered", answer(6), "never offered"],
    ["an answer that nobody waits for", answer(2), "waits for no answer"],
    ["a candidate before its description", candidate(2, "x"), "before its description"],
    ["a description of pictures", offer(3, "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"), "data channels and nothing else"],
    ["one of two sets", offer(3, `${SDP}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n`), "data channels and nothing else"],
  ])("SIG-10, SIG-11, TRN-33: refuses %s, and takes nothing of it", (_, message, words) => {
    const { negotiation, log } = setUp();
    negotiation.start();
    expect(() => negotiation.handleMessage(message)).toThrow(ProtocolFault);
    expect(() => negotiation.handleMessage(message)).toThrow(words);
    expect([negotiation.attempt, negotiation.state, log]).toEqual([2, "offering", ["offer 2"]]);
  });

  it("SIG-5: takes SIGNAL_CANDIDATES_MAX candidates of an attempt, those in its description included, and gives no more", () => {
    const { negotiation, sent, log } = setUp();
    negotiation.start();
    negotiation.handleDescription(2, SDP);
    for (let count = 0; count < 100; count += 1) negotiation.handleCandidate(2, `own ${count}`, "0");
    expect(sent.filter(({ type }) => type === "SignalCandidate").length).toBe(SIGNAL_CANDIDATES_MAX);
    negotiation.handleMessage(answer(2, `${SDP}a=candidate:1\r\nA=CANDIDATE:2\r\n`));
    for (let count = 2; count < SIGNAL_CANDIDATES_MAX; count += 1) negotiation.handleMessage(candidate(2, `theirs ${count}`));
    expect(() => negotiation.handleMessage(candidate(2, "one more"))).toThrow(TooManyCandidates);
    expect(log.filter((line) => line.startsWith("candidate")).length).toBe(SIGNAL_CANDIDATES_MAX - 2);
    expect(() => negotiation.handleMessage(offer(3, SDP + "a=candidate:x\r\n".repeat(SIGNAL_CANDIDATES_MAX + 1)))).toThrow(TooManyCandidates);
    expect(negotiation.attempt).toBe(2);
  });

  it("SIG-12: gives an attempt up after ten seconds, and says so to the host", () => {
    const { timers, negotiation, sent, log } = setUp();
    negotiation.start();
    negotiation.handleDescription(2, SDP);
    timers.advance(9_999);
    expect(log).toEqual(["offer 2"]);
    timers.advance(1);
    expect(log.at(-1)).toBe("failed 2 SignalingFailed: waited 10 s for an answer");
    expect(sent.at(-1)).toEqual({ type: "SignalAbandon", peer: HOST, attempt: 2, reason: "waited 10 s for an answer" });
  });

  it("SIG-12: an attempt that was never offered is given up without a word", () => {
    const { timers, negotiation, sent } = setUp();
    negotiation.start();
    timers.advance(10_000);
    expect([sent, negotiation.state]).toEqual([[], "idle"]);
  });

  it("SIG-12: fails when the host gives it up or leaves, and not when it stands", () => {
    const first = setUp();
    first.negotiation.start();
    first.negotiation.handleDescription(2, SDP);
    first.negotiation.handleMessage({ type: "SignalAbandon", peer: HOST, attempt: 2, reason: "no place" });
    expect(first.log.at(-1)).toBe("failed 2 SignalingFailed: the other side gave up: no place");
    const second = setUp();
    second.negotiation.start();
    second.negotiation.handlePeerLeft();
    expect(second.log.at(-1)).toContain("has left the signalling server");
    const third = setUp();
    third.negotiation.start();
    third.negotiation.handleConnected(2);
    third.negotiation.handlePeerLeft();
    third.timers.advance(60_000);
    expect(third.log).toEqual(["offer 2"]);
  });
});
