/**
 * What is shown between the ticks that were heard of (REP-68 to REP-71).
 *
 * The clock says which time of the room to show now, a little in the past, so that there is mostly a sample on either
 * side of it. A buffer holds the last samples of one component and works out its values at a time. The arithmetic is
 * that of `theta.replication.interpolation`, in the same order.
 */

import {
  EXTRAPOLATION_SECONDS_MAX,
  INTERPOLATION_DELAY_SECONDS_MAX,
  INTERPOLATION_GAP_SECONDS_MAX,
  INTERPOLATION_JITTERS,
  INTERPOLATION_RATE_CHANGE_MAX,
  INTERPOLATION_RESYNC_SECONDS,
  INTERPOLATION_SAMPLES,
  REST_SECONDS,
} from "@theta/wire";

/** After so long without a word an entity is shown at the last sample, and stays there. */
export const SETTLED_SECONDS = REST_SECONDS + EXTRAPOLATION_SECONDS_MAX;
const JITTER_SHARE = 16;
const TRANSIT_SHARE = 64;
const SLOTS_MIN = 64;

export interface PlaybackClock {
  /** Seconds; how far ticks come from when they are due, a running mean as in RFC 3550. */
  readonly jitter: number;
  /** How far in the past to show, in seconds. */
  readonly delay: number;
  /** Something of this tick came; the first of each counts, and those that come late do not. */
  handleTick(nowMs: number, tick: number): void;
  /** The time of the room to show now, in seconds from tick 0; `null` before the first tick. It never goes back. */
  advance(nowMs: number): number | null;
}

/** The room's time as it is shown, for a room whose ticks take `tickSeconds`. */
export function createPlaybackClock(tickSeconds: number): PlaybackClock {
  let jitter = 0;
  let transit: number | null = null;
  let newest = 0;
  let shown: number | null = null;
  let at = 0;

  const delay = () => Math.min(tickSeconds + INTERPOLATION_JITTERS * jitter, INTERPOLATION_DELAY_SECONDS_MAX);

  return {
    get jitter() {
      return jitter;
    },
    get delay() {
      return delay();
    },
    handleTick(nowMs, tick) {
      if (tick <= newest) return;
      newest = tick;
      const found = nowMs / 1000 - tick * tickSeconds;
      if (transit === null || Math.abs(found - transit) > INTERPOLATION_RESYNC_SECONDS) {
        transit = found;
        return;
      }
      const off = found - transit;
      transit += off / TRANSIT_SHARE;
      jitter += (Math.abs(off) - jitter) / JITTER_SHARE;
    },
    advance(nowMs) {
      if (transit === null) return null;
      const now = nowMs / 1000;
      const wanted = now - transit - delay();
      if (shown === null) shown = wanted;
      else {
        const passed = now - at;
        const off = wanted - (shown + passed);
        const change = passed * INTERPOLATION_RATE_CHANGE_MAX;
        // A room that stood still goes on where it was, and whatever is shown so long after is at rest.
        const isAtRest = shown > newest * tickSeconds + SETTLED_SECONDS;
        if (Math.abs(off) > INTERPOLATION_RESYNC_SECONDS) shown = isAtRest ? wanted : Math.max(shown, wanted);
        else shown = shown + passed + Math.min(Math.max(off, -change), change);
      }
      at = now;
      return shown;
    },
  };
}

/** A field that is interpolated. */
export interface Track {
  readonly name: string;
  /** Numbers of a row. */
  readonly width: number;
  /** Whether it is a unit quaternion, of width 4. */
  readonly isRotation?: boolean;
  /**
   * A difference between two samples, in the field's unit, from which on the entity is shown in the one and then in the
   * other.
   */
  readonly jump?: number | null;
}

/** Numbers by track, row after row. */
export type Columns = Readonly<Record<string, ArrayLike<number>>>;

export interface InterpolationBuffer {
  /**
   * What entities are at a time of the room, in seconds. Where a later sample is here, this one is passed over; one of
   * the same time is replaced.
   */
  handleSamples(time: number, slots: ArrayLike<number>, columns: Columns): void;
  /** Entities are at a time what their newest sample says; it is not needed, but ends extrapolation early. */
  handleRest(time: number, slots: ArrayLike<number>): void;
  /** The entities of these slots are gone, or do not have the component any more. */
  forget(slots: ArrayLike<number>): void;
  /** The tracks of entities at a time of the room; where there is no sample, 0 and no rotation. */
  valuesAt(time: number, slots: ArrayLike<number>): Record<string, Float64Array>;
  /** Writes the same of the first `count` slots into columns, one for each track in order, with room for them. */
  writeAt(time: number, slots: ArrayLike<number>, count: number, into: readonly Float64Array[]): void;
}

/** A track, and where in a sample it begins. */
type PlacedTrack = Required<Omit<Track, "jump">> & { readonly jump: number; readonly start: number };

/** The last INTERPOLATION_SAMPLES samples of a component, by slot. */
export function createInterpolationBuffer(given: readonly Track[]): InterpolationBuffer {
  let width = 0;
  const tracks: PlacedTrack[] = given.map(({ name, width: own, isRotation = false, jump = null }) => {
    width += own;
    return { name, width: own, isRotation, jump: jump ?? Infinity, start: width - own };
  });
  let times = new Float64Array(0);
  let values = new Float64Array(0);
  let newest = new Uint8Array(0);
  let known = new Uint8Array(0);

  function reserve(slots: number): void {
    if (slots <= newest.length) return;
    const size = Math.max(2 * slots, SLOTS_MIN);
    times = extended(times, new Float64Array(size * INTERPOLATION_SAMPLES));
    values = extended(values, new Float64Array(size * INTERPOLATION_SAMPLES * width));
    newest = extended(newest, new Uint8Array(size));
    known = extended(known, new Uint8Array(size));
  }

  /** The number of a slot's sample among all samples. */
  function sampleOf(slot: number, back: number): number {
    return slot * INTERPOLATION_SAMPLES + ((newest[slot]! - back + INTERPOLATION_SAMPLES) % INTERPOLATION_SAMPLES);
  }

  /** Makes place for a slot's sample and returns its number; `null` when a later one is here. */
  function put(slot: number, time: number): number | null {
    const last = known[slot] === 0 ? -Infinity : times[sampleOf(slot, 0)]!;
    if (last > time) return null;
    if (last < time) {
      newest[slot] = (newest[slot]! + 1) % INTERPOLATION_SAMPLES;
      known[slot] = Math.min(known[slot]! + 1, INTERPOLATION_SAMPLES);
    }
    const place = sampleOf(slot, 0);
    times[place] = time;
    return place;
  }

  function show(time: number, slot: number, row: number, into: readonly Float64Array[]): void {
    const count = slot < known.length ? known[slot]! : 0;
    if (count === 0) {
      for (let at = 0; at < tracks.length; at += 1) {
        const { width: own, isRotation } = tracks[at]!;
        into[at]!.fill(0, row * own, (row + 1) * own);
        if (isRotation) into[at]![4 * row + 3] = 1;
      }
      return;
    }
    let later = 0;
    while (later < count && times[sampleOf(slot, later)]! > time) later += 1;
    // Past the newest sample its difference to the one before goes on; before the oldest there is only that.
    const back = Math.min(Math.max(later, 1), count - 1);
    const before = sampleOf(slot, back);
    const after = sampleOf(slot, Math.max(back - 1, 0));
    const until = times[after]!;
    // What was silent for long was at rest until shortly before the later sample.
    const since = Math.max(times[before]!, until - INTERPOLATION_GAP_SECONDS_MAX);
    const first = before * width;
    const last = after * width;
    const share = isJump(first, last) ? Number(time >= until) : shareOf(time, since, until, later === 0);
    for (let track = 0; track < tracks.length; track += 1) {
      const { start, width: own, isRotation } = tracks[track]!;
      const found = into[track]!;
      if (isRotation) writeNlerp(found, 4 * row, values, first + start, last + start, share);
      else {
        for (let at = 0; at < own; at += 1) {
          const one = values[first + start + at]!;
          const other = values[last + start + at]!;
          found[row * own + at] = share === 1 ? other : one + (other - one) * share;
        }
      }
    }
  }

  /** Whether a track of two samples is too far apart to be a movement. */
  function isJump(first: number, last: number): boolean {
    for (const { jump, start, width: own } of tracks) {
      if (jump === Infinity) continue;
      let square = 0;
      for (let at = start; at < start + own; at += 1) {
        square += (values[last + at]! - values[first + at]!) * (values[last + at]! - values[first + at]!);
      }
      if (square > jump * jump) return true;
    }
    return false;
  }

  function writeAt(time: number, slots: ArrayLike<number>, count: number, into: readonly Float64Array[]): void {
    for (let row = 0; row < count; row += 1) show(time, slots[row]!, row, into);
  }

  return {
    handleSamples(time, slots, columns) {
      reserve(highest(slots) + 1);
      for (let row = 0; row < slots.length; row += 1) {
        const place = put(slots[row]!, time);
        if (place === null) continue;
        for (const track of tracks) {
          const column = columns[track.name]!;
          for (let at = 0; at < track.width; at += 1) {
            values[place * width + track.start + at] = column[row * track.width + at]!;
          }
        }
      }
    },
    handleRest(time, slots) {
      for (let row = 0; row < slots.length; row += 1) {
        const slot = slots[row]!;
        if (slot >= known.length || known[slot] === 0) continue;
        const last = sampleOf(slot, 0);
        const place = times[last]! < time ? put(slot, time) : null;
        if (place !== null) values.copyWithin(place * width, last * width, (last + 1) * width);
      }
    },
    forget(slots) {
      for (let row = 0; row < slots.length; row += 1) if (slots[row]! < known.length) known[slots[row]!] = 0;
    },
    valuesAt(time, slots) {
      const found = tracks.map((track) => new Float64Array(track.width * slots.length));
      writeAt(time, slots, slots.length, found);
      return Object.fromEntries(tracks.map(({ name }, at) => [name, found[at]!]));
    },
    writeAt,
  };
}

/** How far between two samples; over 1 is past the later one. */
function shareOf(time: number, since: number, until: number, isPast: boolean): number {
  const span = until - since;
  if (!(span > 0)) return 1;
  if (!isPast) return Math.max((time - since) / span, 0);
  const past = time - until;
  // After REST_SECONDS without news it is at rest: it goes back in as long as it went on.
  const ahead = Math.min(past, EXTRAPOLATION_SECONDS_MAX, REST_SECONDS + EXTRAPOLATION_SECONDS_MAX - past);
  return (span + Math.max(ahead, 0)) / span;
}

/** A rotation between two, or past the latter, on the shorter way; (0, 0, 0, 1) where nothing is left. */
function writeNlerp(
  into: Float64Array,
  place: number,
  values: Float64Array,
  first: number,
  last: number,
  share: number,
): void {
  let dot = 0;
  for (let at = 0; at < 4; at += 1) dot += values[first + at]! * values[last + at]!;
  const sign = dot < 0 ? -1 : 1;
  let square = 0;
  for (let at = 0; at < 4; at += 1) {
    const one = values[first + at]!;
    const value = one + (values[last + at]! * sign - one) * share;
    into[place + at] = value;
    square += value * value;
  }
  const length = Math.sqrt(square);
  for (let at = 0; at < 4; at += 1) into[place + at] = length > 0 ? into[place + at]! / length : Number(at === 3);
}

function extended<Array extends Float64Array | Uint8Array>(old: Array, longer: Array): Array {
  longer.set(old);
  return longer;
}

function highest(slots: ArrayLike<number>): number {
  let found = -1;
  for (let row = 0; row < slots.length; row += 1) found = Math.max(found, slots[row]!);
  return found;
}
