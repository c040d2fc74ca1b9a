/** A peer connection that does as it is told, and the channels on it. */

import { WEBRTC_PIECE_BYTES_MAX } from "@theta/wire";

export const SDP = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";

export class FakeChannel {
  readyState: RTCDataChannelState = "connecting";
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  binaryType = "blob";
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  readonly sent: (Uint8Array | string)[] = [];
  /** Whether what is sent stays with the browser. */
  isStuck = false;

  readonly label: string;
  readonly init: RTCDataChannelInit;

  constructor(label: string, init: RTCDataChannelInit) {
    this.label = label;
    this.init = init;
  }

  send(data: Uint8Array | string): void {
    if (this.readyState !== "open") throw new DOMException("not open", "InvalidStateError");
    this.sent.push(typeof data === "string" ? data : data.slice());
    if (this.isStuck && typeof data !== "string") this.bufferedAmount += data.length;
  }

  /** What has gone out as bytes. */
  get bytes(): number[] {
    return this.sent.flatMap((data) => (typeof data === "string" ? [] : [...data]));
  }

  get texts(): string[] {
    return this.sent.filter((data) => typeof data === "string");
  }

  drain(): void {
    const becomesLow = this.bufferedAmount > this.bufferedAmountLowThreshold;
    this.bufferedAmount = 0;
    if (becomesLow) this.onbufferedamountlow?.();
  }

  hear(data: Uint8Array | string): void {
    this.onmessage?.({ data: typeof data === "string" ? data : new Uint8Array(data).buffer });
  }
}

export class FakePeer {
  connectionState: RTCPeerConnectionState = "new";
  iceGatheringState: RTCIceGatheringState = "new";
  sctp: { state: RTCSctpTransportState; maxMessageSize: number } = { state: "connected", maxMessageSize: 4 * WEBRTC_PIECE_BYTES_MAX };
  onconnectionstatechange: (() => void) | null = null;
  onicegatheringstatechange: (() => void) | null = null;
  onicecandidate: ((event: { candidate: { candidate: string; sdpMid: string } | null }) => void) | null = null;
  readonly channels: FakeChannel[] = [];
  readonly log: string[] = [];
  isClosed = false;
  /** What the browser says to a description that it cannot read. */
  refusal: Error | null = null;

  readonly configuration: RTCConfiguration;

  constructor(configuration: RTCConfiguration = {}) {
    this.configuration = configuration;
  }

  createDataChannel(label: string, init: RTCDataChannelInit): FakeChannel {
    const channel = new FakeChannel(label, init);
    this.channels.push(channel);
    return channel;
  }

  channel(lane: number): FakeChannel {
    return this.channels.find(({ init }) => init.id === lane)!;
  }

  createOffer(): Promise<RTCSessionDescriptionInit> {
    return Promise.resolve({ type: "offer", sdp: SDP });
  }

  createAnswer(): Promise<RTCSessionDescriptionInit> {
    return Promise.resolve({ type: "answer", sdp: SDP });
  }

  setLocalDescription({ type }: RTCSessionDescriptionInit): Promise<void> {
    this.log.push(`local ${type}`);
    return Promise.resolve();
  }

  setRemoteDescription({ type }: RTCSessionDescriptionInit): Promise<void> {
    this.log.push(`remote ${type}`);
    return this.refusal === null ? Promise.resolve() : Promise.reject(this.refusal);
  }

  addIceCandidate({ candidate }: RTCIceCandidateInit): Promise<void> {
    this.log.push(`candidate ${candidate}`);
    return candidate === "bad" ? Promise.reject(new TypeError("no candidate")) : Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
  }

  gather(candidate: string | null): void {
    this.onicecandidate?.({ candidate: candidate === null ? null : { candidate, sdpMid: "0" } });
  }

  finishGathering(): void {
    this.iceGatheringState = "complete";
    this.onicegatheringstatechange?.();
  }

  /** All channels are there. */
  connect(): void {
    this.connectionState = "connected";
    for (const channel of this.channels) channel.readyState = "open";
    for (const channel of this.channels) channel.onopen?.();
  }

  change(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}
