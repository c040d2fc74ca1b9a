/**
 * Writes MessagePack, byte for byte as msgspec does: the shortest form of an integer, every float in 8 bytes.
 *
 * Written here because only the schema knows an integer from a float: a general encoder writes the number 1 as an
 * integer even where the field is a float, and the bytes would differ from the vectors'.
 */

const UTF8 = new TextEncoder();
const U32_SPAN = 0x1_0000_0000n;

export interface Writer {
  /** Any integer from -2^63 to 2^64 - 1. */
  integer(value: bigint): void;
  float(value: number): void;
  bool(value: boolean): void;
  text(value: string): void;
  bytes(value: Uint8Array): void;
  /** The header of an array; its items follow. */
  array(length: number): void;
  /** MessagePack that was encoded before, as it is. */
  raw(encoded: Uint8Array): void;
  /** What was written so far. */
  finish(): Uint8Array<ArrayBuffer>;
}

export function createWriter(): Writer {
  let buffer = new Uint8Array(256);
  let view = new DataView(buffer.buffer);
  let length = 0;

  /** Makes room for `count` bytes and returns where they begin. */
  function claim(count: number): number {
    const at = length;
    length += count;
    if (length > buffer.length) {
      const grown = new Uint8Array(Math.max(length, 2 * buffer.length));
      grown.set(buffer);
      buffer = grown;
      view = new DataView(buffer.buffer);
    }
    return at;
  }

  function byte(value: number): void {
    // Claimed first: claiming may replace the buffer.
    const at = claim(1);
    buffer[at] = value;
  }

  function head8(code: number, value: number): void {
    const at = claim(2);
    buffer[at] = code;
    buffer[at + 1] = value;
  }

  function head16(code: number, value: number): void {
    const at = claim(3);
    buffer[at] = code;
    view.setUint16(at + 1, value);
  }

  function head32(code: number, value: number): void {
    const at = claim(5);
    buffer[at] = code;
    view.setUint32(at + 1, value);
  }

  function put(encoded: Uint8Array): void {
    const at = claim(encoded.length);
    buffer.set(encoded, at);
  }

  function unsigned(value: bigint): void {
    if (value >= U32_SPAN) {
      const at = claim(9);
      buffer[at] = 0xcf;
      view.setBigUint64(at + 1, value);
      return;
    }
    const small = Number(value);
    if (small < 0x80) byte(small);
    else if (small < 0x100) head8(0xcc, small);
    else if (small < 0x1_0000) head16(0xcd, small);
    else head32(0xce, small);
  }

  function negative(value: bigint): void {
    if (value >= -0x20n) byte(Number(value) & 0xff);
    else if (value >= -0x80n) head8(0xd0, Number(value));
    else if (value >= -0x8000n) head16(0xd1, Number(value));
    else if (value >= -0x8000_0000n) head32(0xd2, Number(value));
    else {
      const at = claim(9);
      buffer[at] = 0xd3;
      view.setBigInt64(at + 1, value);
    }
  }

  return {
    integer(value) {
      if (value < 0n) negative(value);
      else unsigned(value);
    },
    float(value) {
      const at = claim(9);
      buffer[at] = 0xcb;
      view.setFloat64(at + 1, value);
    },
    bool(value) {
      byte(value ? 0xc3 : 0xc2);
    },
    text(value) {
      const encoded = UTF8.encode(value);
      if (encoded.length < 32) byte(0xa0 | encoded.length);
      else if (encoded.length < 0x100) head8(0xd9, encoded.length);
      else if (encoded.length < 0x1_0000) head16(0xda, encoded.length);
      else head32(0xdb, encoded.length);
      put(encoded);
    },
    bytes(value) {
      if (value.length < 0x100) head8(0xc4, value.length);
      else if (value.length < 0x1_0000) head16(0xc5, value.length);
      else head32(0xc6, value.length);
      put(value);
    },
    array(count) {
      if (count < 16) byte(0x90 | count);
      else if (count < 0x1_0000) head16(0xdc, count);
      else head32(0xdd, count);
    },
    raw: put,
    finish() {
      return buffer.slice(0, length);
    },
  };
}
