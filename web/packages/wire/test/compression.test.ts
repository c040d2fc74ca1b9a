import { describe, expect, it } from "vitest";
import {
  CompressionError,
  createDecompressor,
  type Decompressor,
  DICTIONARIES_HELD_MAX,
  dictionaryOf,
  fromHex,
  loadZstd,
  readFrameHeader,
  toHex,
  WireError,
} from "@theta/wire";
import { compression } from "./vectors";

const DICTIONARY = fromHex(compression.dictionary.data);

async function decompressor(...dictionaries: Uint8Array[]): Promise<Decompressor> {
  const found = createDecompressor(await loadZstd());
  for (const data of dictionaries) found.add(data);
  return found;
}

function fieldOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CompressionError) return error.field;
    throw error;
  }
  return "taken";
}

describe("zstd frames", () => {
  it.each(compression.frames)("WIRE-46: takes $title", async ({ frame, content }) => {
    const taker = await decompressor(DICTIONARY);
    expect(toHex(taker.decompress(fromHex(frame), compression.bytes_max))).toBe(content);
  });

  it.each(compression.refused)("WIRE-46: refuses $title", async ({ frame, field }) => {
    const taker = await decompressor(DICTIONARY);
    expect(fieldOf(() => taker.decompress(fromHex(frame), compression.bytes_max))).toBe(field);
    const good = compression.frames[1]!;
    expect(toHex(taker.decompress(fromHex(good.frame)))).toBe(good.content);
  });

  it("WIRE-46: the decoder never sees what declares too much", () => {
    const zstd = {
      createDCtx: () => 1,
      decompress: () => expect.unreachable("it would allocate"),
      decompressUsingDict: () => expect.unreachable("it would allocate"),
    };
    const taker = createDecompressor(zstd);
    for (const { frame, field } of compression.refused) {
      if (field === "structure") continue;
      expect(fieldOf(() => taker.decompress(fromHex(frame), compression.bytes_max))).toBe(field);
    }
  });

  it("WIRE-45: reads what a frame declares", () => {
    for (const { frame, content } of compression.frames) {
      expect(readFrameHeader(fromHex(frame)).contentBytes).toBe(content.length / 2);
    }
    const { id } = compression.dictionary;
    expect(readFrameHeader(fromHex(compression.frames[1]!.frame)).dictionary).toBe(id);
  });
});

describe("dictionaries", () => {
  it("WIRE-47: an id follows from the content and is in the capability", () => {
    const { id, capability } = compression.dictionary;
    expect(dictionaryOf(DICTIONARY)).toMatchObject({ id, capability });
  });

  it.each([
    ["too short", DICTIONARY.subarray(0, 255)],
    ["in no known format", Uint8Array.of(0, ...DICTIONARY.subarray(1))],
    ["of another id", Uint8Array.from(DICTIONARY, (byte, index) => (index === 4 ? byte ^ 1 : byte))],
    ["damaged at its end", Uint8Array.from(DICTIONARY, (byte, index) => (index === DICTIONARY.length - 1 ? byte ^ 1 : byte))],
  ])("WIRE-47: refuses one that is %s", async (_, data) => {
    const taker = await decompressor();
    expect(() => taker.add(data)).toThrow(WireError);
    expect(taker.capabilities).toEqual([]);
  });

  it("WIRE-47: a frame made with a dictionary needs it", async () => {
    const { frame, content } = compression.frames[1]!;
    const taker = await decompressor();
    expect(fieldOf(() => taker.decompress(fromHex(frame)))).toBe("dictionary");
    taker.add(DICTIONARY);
    expect(toHex(taker.decompress(fromHex(frame)))).toBe(content);
    taker.add(DICTIONARY);
    expect(taker.capabilities).toEqual([compression.dictionary.capability]);
    expect(taker.capabilities.length).toBeLessThanOrEqual(DICTIONARIES_HELD_MAX);
  });
});
