/** The client, put together: what the connection brings in goes to its part, and what they send goes out. */

import { createRace, createRemembered, type OpenTransport, prepareWebRtc } from "@theta/transport";
import { CHAT_CHARACTERS_MAX, type FromRoom, loadZstd, NONCE_BYTES_MAX, type SessionAcknowledge, toHex, type Zstd } from "@theta/wire";
import { createAssetUploads } from "./asset-upload";
import { createChatPace } from "./chat-pace";
import { createConnection } from "./connection";
import { createDocumentSync } from "./document-sync";
import { createEmitter } from "./emitter";
import { createBrowserEnvironment, type Environment } from "./environment";
import { LookingBackError, NotConnectedError, RoomFaultError } from "./errors";
import { createHandshake, type Resumption } from "./handshake";
import { createOwnHistory } from "./history";
import { createSignatureChecker, type Identity, loadIdentity } from "./identity";
import { createIndexedDbKeyStore } from "./key-store";
import { createLogFollower, type RoomIdentity } from "./log-follower";
import { createNonceMemory } from "./nonces";
import { type EncodedOperation, encodeOperation } from "./operations";
import { createOutbox } from "./outbox";
import { createPeople } from "./people";
import { createOthersPresence, createOwnPresence } from "./presence";
import { createRequests } from "./requests";
import { createRoomHistory } from "./room-history";
import { createRoomState } from "./room-state";
import { characterCount, cleanName, isPrintable } from "./text";
import type { ConnectionState, Gesture, LinkView, Performed, Role, RoomClient, RoomClientEvents, RoomClientOptions, Statistics } from "./types";
import { createUnpacking } from "./unpacking";
import { roomOfInvite } from "./link";
import { createWays, linkAfter, NO_LINK } from "./ways";

/** What tests replace. */
export interface RoomClientParts {
  readonly environment?: Environment;
  readonly transport?: OpenTransport;
  readonly loadZstd?: () => Promise<Zstd>;
}

/** With these the room says that a packet was at fault: theta.commands.refusals. */
const PACKET_FAULTS: ReadonlySet<number> = new Set([4402, 4413, 4414, 4415, 4422, 4423]);
/** After these the session may be taken up again: no answer, too slow, no heartbeat, and every WebSocket code. */
const RESUMABLE: ReadonlySet<number> = new Set([4408, 4429, 4504]);
const PRIVATE_CODES_FROM = 4000;

export function createRoomClient(options: RoomClientOptions, parts: RoomClientParts = {}): RoomClient {
  const environment = parts.environment ?? createBrowserEnvironment();
  const keyStore = options.keyStore ?? createIndexedDbKeyStore();
  const emitter = createEmitter<RoomClientEvents>();
  const check = createSignatureChecker();
  const unpacking = createUnpacking(environment, parts.loadZstd ?? loadZstd);
  let { invite } = options;
  let name = cleanName(options.name);
  let identity: Identity | null = null;
  let room: RoomIdentity | null = null;
  let resumption: Resumption | null = null;
  let link = NO_LINK;
  /** The room's clock minus this page's, as first told. */
  let firstOffsetMs = 0;

  const follower = createLogFollower(check, emitStatistics);
  const people = createPeople();
  const chatPace = createChatPace();
  const others = createOthersPresence();
  const ownPresence = createOwnPresence(environment, (row) => connection.send({ type: "PresenceUpdate", row }));
  const sync = createDocumentSync({
    follower,
    send: (message) => connection.send(message),
    changed: (change) => {
      emitter.emit("document", change);
    },
    statusChanged: () => {
      emitter.emit("status", sync.view);
    },
  });
  const outbox = createOutbox({
    environment,
    follower,
    roomTimeMs: () => environment.nowMs() + clockOffsetMs(),
    send: (packet) => connection.send(packet),
    named: (commands) => {
      roomHistory.remember(commands);
    },
    canStamp: () => sync.view.status !== "loading",
    changed: emitStatistics,
  });
  const uploads = createAssetUploads({
    environment,
    send: (part) => connection.send(part),
    isJoined: () => room !== null && connection.state.phase !== "closed",
  });
  const requests = createRequests((message) => connection.send(message));
  const state = createRoomState({
    environment,
    requests,
    send: (message) => connection.send(message),
    decompressor: () => unpacking.decompressor,
    emit: (event, value) => {
      emitter.emit(event, value);
    },
  });
  const roomHistory = createRoomHistory({
    environment,
    follower,
    sync,
    requests,
    actor: () => own().actor,
    send: (message) => connection.send(message),
    submit: (operations) => submit(operations, outbox.nextNumber),
    emit: (event, value) => {
      emitter.emit(event, value);
    },
  });
  const history = createOwnHistory({
    environment,
    follower,
    perform: (operation) => submit([operation], outbox.nextNumber),
    changed: () => {
      emitter.emit("history", history.view);
    },
  });
  const remembered = options.remembered ?? createRemembered(null, () => environment.nowMs());
  const ways = createWays({
    environment,
    url: options.url,
    options: options.ways ?? {},
    room: () => roomOfInvite(invite) ?? room?.room ?? null,
  });
  const race = createRace({
    ways: () => ways.list(),
    remembered,
    timers: environment,
    told: (event) => showLink(linkAfter(link, event)),
  });
  const nonces = createNonceMemory();
  const connection = createConnection({
    environment,
    open: parts.transport ?? race,
    async shakeHands() {
      const [loaded, capabilities] = await Promise.all([identity ?? loadIdentity(keyStore, environment), unpacking.offer()]);
      identity = loaded;
      const clientNonce = environment.randomBytes(NONCE_BYTES_MAX);
      const lastSeq = follower.seq;
      const expectedRoom = room;
      return createHandshake({ identity, name, invite, resumption, lastSeq, expectedRoom, nonces, clientNonce, capabilities, check });
    },
    unwrap: (message) => unpacking.unwrap(message),
    established: enter,
    received: dispatch,
    lost: leave,
    changed: () => {
      emitter.emit("connection", connection.state);
    },
    measured: emitStatistics,
    networkChanged: () => remembered.forget(),
    leaveWrongRoom: () => ways.leaveAddress(),
  });

  function clockOffsetMs(): number {
    return connection.heartbeat?.clockOffsetMs ?? firstOffsetMs;
  }

  function statistics(): Statistics {
    return {
      roundTripMs: connection.heartbeat?.roundTripMs ?? null,
      jitterMs: connection.heartbeat?.jitterMs ?? null,
      lossShare: connection.heartbeat?.lossShare ?? null,
      clockOffsetMs: connection.heartbeat?.clockOffsetMs ?? null,
      packetsPending: outbox.pending,
      signaturesVerified: follower.verified,
      signaturesFailed: follower.failed,
      signaturesUnknown: follower.unknown,
      divergences: sync.divergences,
    };
  }

  function showLink(view: LinkView): void {
    link = view;
    emitter.emit("link", link);
  }

  function emitStatistics(): void {
    emitter.emit("statistics", statistics());
  }

  function own(): Identity {
    if (identity === null) throw new Error("no identity before the first handshake");
    return identity;
  }

  function enter(acknowledge: SessionAcknowledge, entered: RoomIdentity): ConnectionState {
    const { actor, role, roomName, resumed, nextNonce, capabilities } = acknowledge;
    // Copies, because they outlive their frame.
    const session = acknowledge.session.slice();
    resumption = { session, token: acknowledge.resumeToken.slice() };
    room = entered;
    firstOffsetMs = Number(acknowledge.roomTimeMs) - environment.nowMs();
    follower.enter(entered, session);
    follower.witness(acknowledge.lamport);
    const domain = { server: entered.server, room: entered.room, session, actor };
    outbox.enter({ identity: own(), domain, nextNonce, resumed });
    uploads.enter();
    roomHistory.enter();
    state.enter({ actor, role, capabilities, resumed });
    ownPresence.start(actor);
    chatPace.reset();
    prepareWebRtc();
    return { phase: "online", role, actor, roomName, resumed };
  }

  function leave(code: number, reason: string): void {
    outbox.leave(PACKET_FAULTS.has(code), code, reason);
    ownPresence.stop();
    uploads.leave();
    sync.leave();
    roomHistory.leave();
    state.leave();
    showLink({ ...link, transport: null });
    if (code >= PRIVATE_CODES_FROM && !RESUMABLE.has(code)) resumption = null;
  }

  function dispatch(message: FromRoom): void {
    switch (message.type) {
      case "Commit":
        sync.handleCommit(message);
        outbox.handleApplied();
        break;
      case "DocumentPart":
        sync.handlePart(message);
        if (message.last) roomHistory.handleDocument();
        outbox.handleApplied();
        outbox.pump();
        break;
      case "CompressionDictionary":
        unpacking.handleDictionary(message);
        break;
      case "PacketAcknowledged":
        outbox.handleAcknowledged(message);
        break;
      case "PacketRefused":
        outbox.handleRefused(message);
        if (message.code === "ReadOnly") emitter.emit("readOnly", message.reason);
        break;
      case "AssetReceived":
        uploads.handleReceived(message);
        break;
      case "AssetRefused":
        uploads.handleRefused(message);
        break;
      case "Corrected": {
        const correction = roomHistory.correctionOf(message);
        outbox.handleCorrected(correction);
        emitter.emit("corrected", correction);
        break;
      }
      case "History":
        history.handle(message);
        break;
      case "Roster":
        people.handleRoster(message, own().actor);
        for (const person of message.people) follower.introduce(person.actor, person.author);
        emitter.emit("people", people.people);
        for (const { self, role } of people.people) if (self) takeRole(role);
        emitPresence(others.keepOnly(new Set(message.people.map(({ actor }) => actor))));
        break;
      case "Chat":
        emitter.emit("chat", people.handleChat(message));
        break;
      case "PresenceBatch":
        emitPresence(others.take(message.rows, own().actor));
        break;
      default:
        if (!state.handle(message) && !roomHistory.handle(message)) throw new RoomFaultError(`${message.type} came out of place`);
    }
  }

  function takeRole(role: Role): void {
    connection.changeRole(role);
    state.changeRole(role);
  }

  function emitPresence(actors: readonly bigint[]): void {
    if (actors.length > 0) emitter.emit("presence", actors);
  }

  function submit(operations: readonly EncodedOperation[], gesture: bigint): Promise<Performed> {
    if (room === null || connection.state.phase === "closed") {
      return Promise.reject(new NotConnectedError("the room was never joined, or was left"));
    }
    if (sync.view.moment !== null) return Promise.reject(new LookingBackError("the past is shown; nothing can be changed there"));
    const performed = outbox.submit(operations, gesture, sync.branch);
    history.follow(performed);
    return performed;
  }

  /** What belongs to the room that was here before. */
  function forgetRoom(): void {
    room = null;
    resumption = null;
    outbox.close();
    uploads.close();
    people.reset();
    history.reset();
    roomHistory.reset();
    state.reset();
    emitPresence(others.keepOnly(new Set()));
    sync.reset();
    emitter.emit("people", people.people);
  }

  return {
    get connection() {
      return connection.state;
    },
    get document() {
      return sync.view;
    },
    get people() {
      return people.people;
    },
    presence: others.latest,
    get chat() {
      return people.lines;
    },
    get history() {
      return history.view;
    },
    get branches() {
      return roomHistory.branches;
    },
    get statistics() {
      return statistics();
    },
    get link() {
      return link;
    },
    state: state.view,
    connect(changes = {}) {
      name = changes.name === undefined ? name : cleanName(changes.name);
      invite = changes.invite ?? invite;
      const { state } = connection;
      if (state.phase === "refused" && state.code === "room-changed") forgetRoom();
      connection.start(changes.name !== undefined || changes.invite !== undefined);
    },
    checkLink: () => connection.check(),
    close() {
      connection.stop();
      outbox.close();
      uploads.close();
    },
    // Async, so that a bad operation rejects as everything else does.
    async perform(operations, gesture) {
      const encoded = operations.map(encodeOperation);
      const first = outbox.nextNumber;
      const number = gesture?.number ?? first;
      const performed = submit(encoded, number);
      // Only if it was taken: else the next command would begin somebody else's gesture by that name.
      if (gesture !== undefined && outbox.nextNumber > first) (gesture as { number: bigint | null }).number = number;
      return performed;
    },
    uploadAsset: (bytes, options = {}) => uploads.upload(bytes, options),
    authorization() {
      const isOnline = connection.state.phase === "online" && resumption !== null;
      return isOnline ? `Bearer ${toHex(resumption!.session)}:${toHex(resumption!.token)}` : null;
    },
    beginGesture(): Gesture {
      return { number: null };
    },
    undo: ({ cascade = false } = {}) => history.press("undo", cascade),
    redo: () => history.press("redo"),
    ...roomHistory.methods,
    say(text) {
      const count = characterCount(text);
      if (count < 1 || count > CHAT_CHARACTERS_MAX || !isPrintable(text)) return false;
      if (connection.state.phase !== "online" || !chatPace.take(environment.monotonicMs())) return false;
      return connection.send({ type: "ChatLine", text });
    },
    showPresence(presence) {
      ownPresence.show(presence);
    },
    on: (event, listener) => emitter.on(event, listener),
  };
}
