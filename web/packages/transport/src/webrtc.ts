/**
 * A peer connection to the room's host, agreed on through a signalling server (TRN-42). Everything has its deadline: a way
 * that comes to nothing ends with `SignalingFailed`, `IceGatheringTimeout` or `IceFailed` (TRN-37). It is loaded when it
 * is wanted.
 */

import { ICE_GATHERING_SECONDS_MAX, type IceServer, WEBRTC_CONNECT_SECONDS_MAX } from "@theta/wire";
import { createDataChannels, type DataChannels } from "./data-channels";
import { createEnding } from "./ending";
import { IceFailed, IceGatheringTimeout, ProtocolFault, SignalingFailed, TransportFailure, wordsOf } from "./failures";
import { createSignalGuest, type SignalGuest } from "./signaling/guest";
import { createNegotiation, type Negotiation } from "./signaling/negotiation";
import type { Timers } from "./timers";
import { CLOSE_ABNORMAL, type OpenTransport } from "./transport";

export interface WebRtcOptions {
  /** Opens a WebSocket to the signalling server. */
  readonly signaling: OpenTransport;
  /** The room's id, 16 bytes. */
  readonly room: Uint8Array;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Be reached at the addresses that a TURN server lends, and tell nobody one's own (TRN-40). */
  readonly relayOnly: boolean;
  readonly makePeer?: (configuration: RTCConfiguration) => RTCPeerConnection;
}

/** One attempt's peer connection. */
interface Attempt {
  readonly number: number;
  readonly peer: RTCPeerConnection;
  readonly channels: DataChannels;
  cancelGathering: () => void;
}

export function createWebRtcTransport(options: WebRtcOptions): OpenTransport {
  const { timers, makePeer = (configuration) => new RTCPeerConnection(configuration) } = options;
  return (handlers) => {
    const ending = createEnding(handlers);
    let servers: readonly IceServer[] = [];
    let relayOnly = options.relayOnly;
    let negotiation: Negotiation | null = null;
    let attempt: Attempt | null = null;
    let stands = false;
    /** What it fails with when time is up. */
    let overdue: TransportFailure = new SignalingFailed("the signalling server does not answer");
    const guest: SignalGuest = createSignalGuest({
      open: options.signaling,
      room: options.room,
      timers,
      nowMs: () => options.nowMs(),
      welcomed(welcome) {
        servers = welcome.iceServers;
        relayOnly ||= welcome.relayOnly;
        overdue = new SignalingFailed("the room's host is not at the signalling server");
      },
      iceServersChanged(changed) {
        servers = changed;
      },
      hostCame: negotiate,
      hostLeft: () => negotiation?.handlePeerLeft(),
      told(message) {
        const current = negotiation;
        if (current === null) return;
        try {
          current.handleMessage(message);
        } catch (error) {
          if (!(error instanceof TransportFailure)) throw error;
          current.handleFailed(current.attempt, error);
        }
      },
      refused({ attempt: number, reason }) {
        negotiation?.handleFailed(number, new SignalingFailed(`the signalling server refused a message: ${reason}`));
      },
      failed(failure) {
        // Whoever has both descriptions needs the server no more.
        if (negotiation?.state !== "connecting") fail(failure);
      },
    });
    const cancelDeadline = timers.startTimer(WEBRTC_CONNECT_SECONDS_MAX * 1000, () => {
      fail(overdue);
    });

    function negotiate(host: number): void {
      negotiation?.stop();
      negotiation = createNegotiation({
        peer: host,
        timers,
        send: (message) => guest.send(message),
        makeOffer(number) {
          overdue = new SignalingFailed("the room's host did not answer");
          begin(number, (peer) => peer.createOffer());
        },
        makeAnswer(number, sdp) {
          overdue = noWay();
          begin(number, (peer) => peer.setRemoteDescription({ type: "offer", sdp }).then(() => peer.createAnswer()));
        },
        takeAnswer(number, sdp) {
          overdue = noWay();
          const made = attempt;
          if (made?.number === number) made.peer.setRemoteDescription({ type: "answer", sdp }).catch(unreadable(made));
        },
        addCandidate(number, candidate, mid) {
          // One that the browser makes nothing of is one way less.
          if (attempt?.number === number) attempt.peer.addIceCandidate({ candidate, sdpMid: mid || "0" }).catch(() => undefined);
        },
        abandon: giveUpAttempt,
        failed(_number, failure) {
          fail(failure);
        },
      });
      negotiation.start();
    }

    function begin(number: number, make: (peer: RTCPeerConnection) => Promise<RTCSessionDescriptionInit>): void {
      giveUpAttempt();
      const iceServers = servers.map(({ urls, username, credential }) => ({ urls: [...urls], ...(username && { username, credential }) }));
      let peer: RTCPeerConnection;
      try {
        peer = makePeer({ iceServers, iceTransportPolicy: relayOnly ? "relay" : "all" });
      } catch (error) {
        // The list of servers is the signalling server's, and a browser takes none with a link in it that it cannot read.
        negotiation?.handleFailed(number, new IceFailed(`this browser makes no peer connection: ${wordsOf(error)}`));
        return;
      }
      const channels = createDataChannels(peer, {
        timers,
        opened: stand,
        received(lane, frame) {
          if (!ending.isPlanned()) handlers.received(lane, frame);
        },
        ended(code, reason) {
          if (stands) finish(code, reason);
          else negotiation?.handleFailed(number, code === CLOSE_ABNORMAL ? new IceFailed(reason) : new ProtocolFault(reason, code));
        },
      });
      const made: Attempt = { number, peer, channels, cancelGathering: () => undefined };
      attempt = made;
      peer.onicecandidate = ({ candidate }) => {
        if (attempt !== made) return;
        if (candidate?.candidate) made.cancelGathering();
        negotiation?.handleCandidate(number, candidate?.candidate ?? "", candidate?.sdpMid ?? "0");
      };
      describe(made, make(peer));
    }

    /** Hands the description on at once; candidates follow as they are found. */
    function describe(made: Attempt, description: Promise<RTCSessionDescriptionInit>): void {
      let hasAddress = false;
      made.cancelGathering = () => {
        hasAddress = true;
        cancelWait();
      };
      const cancelWait = timers.startTimer(ICE_GATHERING_SECONDS_MAX * 1000, () => {
        if (attempt === made) negotiation?.handleFailed(made.number, new IceGatheringTimeout(`no address of our own within ${ICE_GATHERING_SECONDS_MAX} s`));
      });
      made.peer.onicegatheringstatechange = () => {
        if (made.peer.iceGatheringState !== "complete" || hasAddress || attempt !== made) return;
        negotiation?.handleFailed(made.number, new IceFailed("no address of our own: no network, or the TURN server turns us away"));
      };
      description
        .then(async (described) => {
          if (attempt !== made) return;
          negotiation?.handleDescription(made.number, described.sdp ?? "");
          await made.peer.setLocalDescription(described);
        })
        .catch(unreadable(made));
    }

    function unreadable(made: Attempt): (error: unknown) => void {
      return (error) => {
        if (attempt !== made) return;
        negotiation?.handleFailed(made.number, new ProtocolFault(`a session description that this browser refuses: ${wordsOf(error)}`));
      };
    }

    function stand(): void {
      if (attempt === null || ending.isPlanned()) return;
      stands = true;
      cancelDeadline();
      attempt.cancelGathering();
      negotiation?.handleConnected(attempt.number);
      guest.leave();
      handlers.opened();
    }

    function giveUpAttempt(): void {
      const given = attempt;
      attempt = null;
      if (given === null) return;
      given.cancelGathering();
      given.channels.abandon();
    }

    function fail(failure: TransportFailure): void {
      if (stands) return;
      finish(failure.code, `${failure.name}: ${failure.message}`);
    }

    function finish(code: number, reason: string): void {
      if (ending.isPlanned()) return;
      ending.plan(code, reason);
      cancelDeadline();
      negotiation?.stop();
      guest.leave();
      if (!stands) giveUpAttempt();
      queueMicrotask(() => {
        ending.happen();
      });
    }

    return {
      kind: "webrtc",
      send(lane, frame) {
        if (stands && !ending.isPlanned()) attempt?.channels.send(lane, frame);
      },
      close(code, reason) {
        if (ending.isPlanned()) return;
        if (stands) attempt?.channels.close(code, reason);
        finish(code, reason);
      },
    };
  };
}

function noWay(): TransportFailure {
  return new IceFailed(`no way through to the room within ${WEBRTC_CONNECT_SECONDS_MAX} s`);
}
