declare global {
  /** As in the WebXR Hand Input module, which the types leave out. */
  interface XRFrame {
    fillPoses?(spaces: Iterable<XRSpace>, base: XRSpace, transforms: Float32Array): boolean;
    fillJointRadii?(spaces: Iterable<XRJointSpace>, radii: Float32Array): boolean;
  }
}

export const JOINTS = 25;
/** Where in a hand's order of joints these are. */
export const THUMB_TIP = 4;
export const INDEX_TIP = 9;

const PINCH_METRES = 0.016;
const OPEN_METRES = 0.028;

/** A hand's joints, thumb first, from the wrist outwards, as WebXR orders them. */
export interface HandJoints {
  /** A 4 × 4 matrix for each, in the player's space. */
  readonly matrices: Float32Array;
  readonly radii: Float32Array;
  known: boolean;
  pinching: boolean;
}

export function createJoints(): HandJoints {
  return {
    matrices: new Float32Array(JOINTS * 16),
    radii: new Float32Array(JOINTS).fill(0.008),
    known: false,
    pinching: false,
  };
}

/** Reads where a hand's joints are, and whether thumb and index finger touch. */
export function readJoints(hand: XRHand | undefined, frame: XRFrame, space: XRReferenceSpace, into: HandJoints): void {
  into.known = false;
  if (hand && frame.fillPoses && frame.fillJointRadii) {
    into.known = frame.fillPoses(hand.values(), space, into.matrices);
    // Without radii, the ones from before are near enough.
    if (into.known) frame.fillJointRadii(hand.values(), into.radii);
  }
  into.pinching = into.known && isPinching(into.pinching, jointDistance(into.matrices, THUMB_TIP, INDEX_TIP));
}

/** Whether finger tips this far apart pinch: they close nearer than they open, so that it doesn't flutter. */
export function isPinching(before: boolean, metres: number): boolean {
  return metres < (before ? OPEN_METRES : PINCH_METRES);
}

/** Metres between two joints. */
export function jointDistance(matrices: Float32Array, a: number, b: number): number {
  const [i, j] = [a * 16 + 12, b * 16 + 12];
  return Math.hypot(at(matrices, i) - at(matrices, j), at(matrices, i + 1) - at(matrices, j + 1), at(matrices, i + 2) - at(matrices, j + 2));
}

function at(values: Float32Array, index: number): number {
  return values[index] ?? 0;
}
