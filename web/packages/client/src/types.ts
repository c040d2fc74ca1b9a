/**
 * What the client offers to whoever draws it. Framework-free: read the properties, listen with `on`, act with the methods.
 *
 * Ids are 32 lowercase hexadecimal digits, so that they can be map keys; actors, sequence numbers and command numbers
 * are bigints. Lengths are metres, colours sRGB in [0, 1], rotations unit quaternions (x, y, z, w).
 */

import type {
  BranchesView,
  BranchId,
  Conflict,
  GoverningOperation,
  HistoryView,
  Invite,
  Maker,
  MergeOptions,
  PastPage,
  Policies,
} from "./history-types";
import type { MeshOperation } from "./mesh-operation-types";
import type { Remembered, TransportKind } from "@theta/transport";
import type { PrimitiveKind } from "./shapes";
import type { RoomStateView, StateChange, StateLoss } from "./state-types";
import type { WaysOptions } from "./ways";

export type EntityId = string;
export type ElementId = string;
export type ElementKind = "vertex" | "edge" | "face";
/** What an asset is named by: the hash of its bytes, 64 hexadecimal digits. */
export type AssetId = string;
/** An author's Ed25519 public key, 64 hexadecimal digits. */
export type AuthorKey = string;
export type Actor = bigint;

export type Vector3 = readonly [number, number, number];
export type Quaternion = readonly [number, number, number, number];

// -- the document -----------------------------------------------------------------------------------------------------

export interface Transform {
  readonly translation: Vector3;
  readonly rotation: Quaternion;
  readonly scale: Vector3;
}

export interface Material {
  readonly colour: Vector3;
  readonly metallic: number;
  readonly roughness: number;
}

/** How a surface takes light beyond its `Material`, as glTF has it. */
export interface Surface {
  readonly emissive: Vector3;
  /** Counts in the modes "mask" and "blend". */
  readonly opacity: number;
  readonly alphaCutoff: number;
  readonly alphaMode: "opaque" | "mask" | "blend";
  readonly doubleSided: boolean;
}

/** Values of every vertex, edge, face or corner; rows in the order of the mesh's own columns. */
export interface MeshAttribute {
  readonly domain: "vertex" | "edge" | "face" | "corner";
  readonly name: string;
  /** Numbers in a row. */
  readonly width: number;
  readonly values: Float64Array | Int32Array | Uint8Array;
}

/** A half-edge mesh as columns; element `i` of a kind has its id at bytes `16 i` to `16 i + 16` (see `idAt`). */
export interface Mesh {
  readonly vertexCount: number;
  readonly edgeCount: number;
  readonly faceCount: number;
  /** `vertexCount` × 16 bytes. */
  readonly vertexIds: Uint8Array;
  /** `vertexCount` × 3, in the mesh's own space. */
  readonly positions: Float64Array;
  /** `edgeCount` × 16 bytes. */
  readonly edgeIds: Uint8Array;
  /** `edgeCount` × 2 indices of vertices. */
  readonly edges: Uint32Array;
  /** `faceCount` × 16 bytes. */
  readonly faceIds: Uint8Array;
  /** Face `f` has the corners `faceOffsets[f]` to `faceOffsets[f + 1]`; `faceCount` + 1 entries. */
  readonly faceOffsets: Uint32Array;
  /** Indices of vertices, counter-clockwise seen from outside. */
  readonly corners: Uint32Array;
  readonly attributes: readonly MeshAttribute[];
}

/**
 * One thing in the document. Each component keeps its object identity until its own bytes change, so that `===` tells
 * whether a mesh must be rebuilt; a changed entity is a new object.
 */
export interface DocumentEntity {
  readonly id: EntityId;
  readonly transform: Transform | null;
  readonly mesh: Mesh | null;
  readonly material: Material | null;
  /** Null until it was set. */
  readonly surface: Surface | null;
  readonly name: string | null;
  readonly owner: AuthorKey | null;
}

export interface DocumentChange {
  /** Added or changed. */
  readonly changed: readonly EntityId[];
  readonly removed: readonly EntityId[];
}

export interface DocumentView {
  /** Those of `moment`, while one looks at the past. */
  readonly entities: ReadonlyMap<EntityId, DocumentEntity>;
  /** The last record applied. */
  readonly seq: bigint;
  /** 32 hexadecimal digits, as `theta info` prints it. */
  readonly hash: string;
  /** `loading` until the first document is whole; `diverged` from a wrong hash until the room has sent it anew. */
  readonly status: "loading" | "current" | "diverged";
  /** The record at which the room is shown; null: as it is now. `seq` and `hash` go on beside it. */
  readonly moment: bigint | null;
}

// -- acting -----------------------------------------------------------------------------------------------------------

/** What `perform` takes. */
export type Operation =
  | {
      readonly type: "create_primitive";
      readonly kind: PrimitiveKind;
      readonly size: number;
      /** What the kind takes (`SHAPE_PARAMETERS`); left out, as usual. */
      readonly segments?: number;
      readonly rings?: number;
      readonly levels?: number;
      readonly tube?: number;
      readonly name: string;
      readonly translation: Vector3;
      readonly rotation?: Quaternion;
      readonly scale?: Vector3;
    }
  | {
      readonly type: "import_mesh";
      /** The polygons, or a mesh's canonical bytes, as `uploadAsset` named them. */
      readonly asset: AssetId;
      readonly name: string;
      readonly translation: Vector3;
      readonly rotation?: Quaternion;
      readonly scale?: Vector3;
      readonly colour: Vector3;
      /** With it the bytes may be a mesh's, which keeps its ids and attributes. */
      readonly surface?: SurfaceValues;
    }
  | {
      readonly type: "transform";
      readonly entity: EntityId;
      readonly translation: Vector3;
      readonly rotation: Quaternion;
      readonly scale: Vector3;
    }
  | { readonly type: "paint"; readonly entity: EntityId; readonly colour: Vector3 }
  | { readonly type: "set_surface"; readonly entity: EntityId; readonly surface: SurfaceValues }
  | { readonly type: "rename"; readonly entity: EntityId; readonly name: string }
  | { readonly type: "delete"; readonly entity: EntityId }
  | MeshOperation;

/** A surface, with what its `Material` has of it. */
export type SurfaceValues = Surface & Pick<Material, "metallic" | "roughness">;

export interface UploadOptions {
  /** Called with the share that the room has, 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Gives the upload up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** From press to release: what is performed with the same gesture is undone together. */
export interface Gesture {
  /** The number of its first command; null before that. */
  readonly number: bigint | null;
}

export interface CommandName {
  readonly actor: Actor;
  readonly number: bigint;
}

export type Outcome = "applied" | "merged" | "no-op" | "rejected" | "suspended";

/** On the room's disk, and in the document here. */
export interface Performed {
  /** One for each operation, in order. */
  readonly names: readonly CommandName[];
  /** The entity that each `create_primitive` and `import_mesh` made, in order. */
  readonly created: readonly EntityId[];
  /** The record that holds them. */
  readonly seq: bigint;
  /** What didn't simply apply, as far as the room has said so yet; most come right after, as `corrected`. */
  readonly corrections: readonly Correction[];
}

/** The outcome of one of our commands is not, or no longer, `applied`. */
export interface Correction {
  readonly name: CommandName;
  readonly outcome: Outcome;
  readonly reason: string;
  /** The gesture that it is of. */
  readonly gesture: CommandName;
  /** The gestures of others that are why. */
  readonly against: readonly CommandName[];
}

// -- people -----------------------------------------------------------------------------------------------------------

export type Role = "viewer" | "editor" | "admin";

export interface Person {
  readonly actor: Actor;
  readonly author: AuthorKey;
  readonly name: string;
  /** 0xRRGGBB. */
  readonly colour: number;
  readonly role: Role;
  /** It is this page. */
  readonly self: boolean;
}

export interface ChatMessage {
  readonly actor: Actor;
  readonly name: string;
  readonly colour: number;
  readonly text: string;
  /** Milliseconds since 1970 on the room's clock. */
  readonly atMs: number;
}

export type Tool = "none" | "select" | "move" | "extrude" | "paint" | "draw";

/** Others see of several elements the one chosen last, and of edges their object. */
export type Selection =
  | { readonly kind: "object"; readonly entity: EntityId }
  | {
      readonly kind: ElementKind;
      readonly entity: EntityId;
      /** The one chosen last. */
      readonly element: ElementId;
      /** All of them, when they are more than one. */
      readonly elements?: readonly ElementId[];
    };

/** Where a head or a hand is, in the world. */
export interface Pose {
  readonly position: Vector3;
  readonly rotation: Quaternion;
}

/**
 * A drag in progress, of what is selected: an object's placement in the world, how far a face is pulled along its
 * normal, or how far a face or vertex is moved; the latter two in the mesh's space (REP-5).
 */
export type Drag =
  | ({ readonly kind: "object" } & Pose)
  | { readonly kind: "extrude"; readonly distance: number }
  | { readonly kind: "element"; readonly offset: Vector3 };

/** Where someone is, points and what they have selected. World space. */
export interface Presence {
  readonly tool: Tool;
  readonly selection: Selection | null;
  readonly head: Pose | null;
  readonly ray: { readonly origin: Vector3; readonly direction: Vector3 } | null;
  readonly left: Pose | null;
  readonly right: Pose | null;
  readonly drag: Drag | null;
}

// -- the connection ---------------------------------------------------------------------------------------------------

export type ConnectionState =
  /** `connect` was not called yet. */
  | { readonly phase: "idle" }
  | { readonly phase: "connecting"; readonly attempt: number }
  /** Joined; `document.status` tells whether the document is here. */
  | { readonly phase: "online"; readonly role: Role; readonly actor: Actor; readonly roomName: string; readonly resumed: boolean }
  /** The connection broke and is tried again at `retryAtMs` (of this page's clock). */
  | { readonly phase: "waiting"; readonly attempt: number; readonly retryAtMs: number; readonly reason: string }
  /** The room said no; trying again as before would not help. Call `connect` with what was missing. */
  | { readonly phase: "refused"; readonly code: RefusalCode; readonly reason: string }
  /** `close` was called. */
  | { readonly phase: "closed" };

/**
 * Why the room doesn't let this page in. `wrong-room`: another one than the invite is for, which it was not shown;
 * `room-changed`: another key than this room had before; `unsupported`: no Ed25519.
 */
export type RefusalCode =
  | "not-invited"
  | "wrong-room"
  | "bad-proof"
  | "room-full"
  | "session-replaced"
  | "protocol-mismatch"
  /** An admin sent this person away; with a valid invite one may come back. */
  | "kicked"
  /** An admin took this person's key off the room. */
  | "revoked"
  | "room-changed"
  | "unsupported";

/** What carries the session, and what came of the other ways to the room at the last try. */
export interface LinkView {
  /** Null while none stands. */
  readonly transport: TransportKind | null;
  /** How long it took to stand. */
  readonly openedAfterMs: number | null;
  /** In the order in which they came to nothing. */
  readonly passedOver: readonly PassedOver[];
}

/** A way to the room that is not used. */
export interface PassedOver {
  readonly transport: TransportKind;
  readonly reason: string;
  /** How long it was tried; null when its turn never came. */
  readonly afterMs: number | null;
}

export interface Statistics {
  /** Smoothed; null before the first answer. */
  readonly roundTripMs: number | null;
  readonly jitterMs: number | null;
  /** Of the latest pings, the share that was not answered in time, 0 to 1; null before the first is decided. */
  readonly lossShare: number | null;
  /** The room's clock minus this page's. */
  readonly clockOffsetMs: number | null;
  /** Packets sent or waiting that the room has not acknowledged. */
  readonly packetsPending: number;
  /** Signatures of other people's packets: right, wrong, and those whose author this page doesn't know. */
  readonly signaturesVerified: number;
  readonly signaturesFailed: number;
  readonly signaturesUnknown: number;
  /** How often the document's hash was not the room's. */
  readonly divergences: number;
}

export interface RoomClientEvents {
  connection: ConnectionState;
  document: DocumentChange;
  /** `document.status`, `seq` or `hash` changed. */
  status: DocumentView;
  people: readonly Person[];
  /** Others' presence: those who changed; gone from `presence` when they left. */
  presence: readonly Actor[];
  chat: ChatMessage;
  history: HistoryView;
  corrected: Correction;
  /** Somebody edited the same at once; both authors hear of it. */
  conflict: Conflict;
  /** There is another branch, or this page is on another. */
  branches: BranchesView;
  /** The room cannot write, and says why; what was performed waits and is sent again. */
  readOnly: string;
  statistics: Statistics;
  /** Another transport carries the session, or one came to nothing. */
  link: LinkView;
  /** Entities of the state plane appeared or disappeared. */
  state: StateChange;
  /** What this page held there it holds no more. */
  stateLost: StateLoss;
}

export interface RoomClient {
  readonly connection: ConnectionState;
  readonly document: DocumentView;
  readonly people: readonly Person[];
  /** Everyone else's latest. */
  readonly presence: ReadonlyMap<Actor, Presence>;
  /** The latest lines, oldest first. */
  readonly chat: readonly ChatMessage[];
  readonly history: HistoryView;
  readonly branches: BranchesView;
  readonly statistics: Statistics;
  readonly link: LinkView;
  /** The room's living world, beside the document. */
  readonly state: RoomStateView;

  /**
   * Starts connecting, and keeps at it until `close`. Called again, it takes the new name or invite and tries at once,
   * unless it is online: then they count from the next time on.
   */
  connect(changes?: { name?: string; invite?: string }): void;

  /**
   * The page was away, for example behind a headset's own menu: looks at once whether the connection lives, rather than
   * wait for heartbeats to be missed, or tries again if there is none.
   */
  checkLink(): void;

  /** Leaves. Promises still open are rejected with `NotConnectedError`. */
  close(): void;

  /**
   * Signs and sends operations as one packet; while the connection is down they wait and are sent after it is back.
   * Resolves when they are on the room's disk and in the document here. Rejects with `RefusedError` (the room said no),
   * `NotConnectedError` (never joined, or closed) or `OutboxFullError`; nothing has happened then. Rejects with
   * `InvalidOperationError` when a field is out of its limits, and with `LookingBackError` while the past is shown;
   * nothing was sent.
   */
  perform(operations: readonly Operation[], gesture?: Gesture): Promise<Performed>;

  /**
   * Gives the room an asset (polygons as AST-1 writes them) and resolves with its name once it is on the room's disk.
   * While the connection is down it waits, and goes on from where it was. Rejects with `RefusedError` (the room said
   * no), `NotConnectedError` (never joined, or closed) or `InvalidOperationError` (too large).
   */
  uploadAsset(bytes: Uint8Array, options?: UploadOptions): Promise<AssetId>;

  /** What shows the room's HTTP side that this is a participant (an Authorization header); null while away. */
  authorization(): string | null;

  /** Starts a gesture: pass it to every `perform` of the same press to release. */
  beginGesture(): Gesture;

  /**
   * One step back of one's own. Rejects with `NothingToUndoError`, as `perform` does, or with `RefusedError`
   * ("UndoConflict") when others built on it (`HistoryStep.dependants`); with `cascade` their part goes, too.
   */
  undo(options?: { readonly cascade?: boolean }): Promise<Performed>;
  redo(): Promise<Performed>;

  /** Takes gestures of one's own back, and with them those of others in `cascade`. */
  takeBack(gestures: readonly CommandName[], cascade: readonly CommandName[]): Promise<Performed>;

  /** Puts gestures of one's own that were taken back, by whomever, into effect again. */
  restore(gestures: readonly CommandName[]): Promise<Performed>;

  /** Does once more, as something new, what a gesture of this page load did; null when it is not remembered. */
  repeat(gesture: CommandName): Promise<Performed> | null;

  /** What a gesture of this page load did, for example "extrude face"; null when it is not remembered. */
  labelOf(gesture: CommandName): string | null;

  /** The record that holds the beginning of a gesture; null when it is too long ago. */
  recordOf(gesture: CommandName): bigint | null;

  /** Of two gestures that both came by, whether `one` comes after `other` in the document's order; null when unknown. */
  isLater(one: CommandName, other: CommandName): boolean | null;

  /** Who made an element, or an object, and with what; null when it is not known. Rejects with `RefusedError`. */
  whoMade(entity: EntityId, kind: "object" | ElementKind, element: ElementId): Promise<Maker | null>;

  /** What was done on this branch before record `before` (0: until now), newest first. Rejects with `RefusedError`. */
  past(before: bigint, count: number): Promise<PastPage>;

  /**
   * Shows the room as it was at a record, to look at; null shows it as it is. Resolves when it is shown, with false when
   * something else was asked for meanwhile. Rejects with `RefusedError`.
   */
  lookAt(seq: bigint | null): Promise<boolean>;

  /** Goes on on another branch. Resolves when its document is here; rejects with `RefusedError`. */
  switchBranch(branch: BranchId): Promise<void>;

  /** Makes a branch of what this one held at record `fork` (now, when left out); does not switch to it. */
  createBranch(name: string, fork?: bigint): Promise<BranchId>;

  /** Brings what another branch has into this one. Rejects with `RefusedError`, of code "NoEffect" when it came to nothing. */
  mergeBranch(source: BranchId, options?: MergeOptions): Promise<Performed>;

  /** What merging another branch into this one would bring now: gestures before record `before` (0n: the newest). */
  incoming(source: BranchId, before: bigint, count: number): Promise<PastPage>;

  /** Changes who may do what, and the room's policies; for admins. Rejects as `mergeBranch` does. */
  govern(operation: GoverningOperation): Promise<Performed>;

  /** What the room's policies say now. */
  policies(): Promise<Policies>;

  /** An invite that ends in so many seconds, or (0) never; for admins. Rejects with `RefusedError`. */
  makeInvite(role: Role, seconds: number): Promise<Invite>;

  /** Says a line; false when it can't be sent now: away, not printable, or faster than the room takes lines. */
  say(text: string): boolean;

  /** One's own presence; call it as often as it changes, it is sent at most 30 times a second. */
  showPresence(presence: Presence): void;

  /** Calls `listener` whenever `event` happens, until the returned function is called. */
  on<Name extends keyof RoomClientEvents>(
    event: Name,
    listener: (value: RoomClientEvents[Name]) => void,
  ): () => void;
}

/** Where the page's key is kept, so that it is the same person tomorrow. */
export interface KeyStore {
  load(): Promise<CryptoKeyPair | null>;
  save(pair: CryptoKeyPair): Promise<void>;
}

export interface RoomClientOptions {
  /** The WebSocket's address, for example ws://localhost:8080/ws (see `roomAddress`). */
  readonly url: string;
  /** Shown to others, 1 to 64 characters. */
  readonly name: string;
  /** The token of the link's fragment; empty when there is none (see `inviteFromFragment`). */
  readonly invite: string;
  /** Default: IndexedDB. */
  readonly keyStore?: KeyStore;
  /** How to get there, beside `url`. */
  readonly ways?: WaysOptions;
  /** Which transport worked the last time. Default: not remembered. */
  readonly remembered?: Remembered;
}
