"""zstd frames (RFC 8878), made and taken: the one way for all who compress. spec/wire.md, WIRE-44 to WIRE-46.

What a frame's header says is judged before anything is decompressed: python-zstandard allocates what a frame declares,
whatever `max_output_size` says, and a frame of a few bytes may declare anything.

A Compressor or Decompressor is for one thread at a time.
"""

from collections.abc import Iterable
from typing import NamedTuple

import zstandard

from theta.base.errors import ProtocolError
from theta.base.limits import COMPRESSION_BYTES_MIN, COMPRESSION_WINDOW_BYTES_MAX, FRAME_BYTES_MAX
from theta.wire.dictionaries import Dictionary, loaded_by_zstd

LEVEL = 3
"""Of zstd's 1 to 22; benches/bench_compression.py measures it beside others."""
_MAGIC = b"\x28\xb5\x2f\xfd"


class BadCompression(ProtocolError):
    """A zstd frame that is not taken.

    Args:
        field: what is wrong with it: "magic", "content size", "window", "dictionary" or "structure".
        value: what it says there.
        limit: what is allowed, in words.
    """

    def __init__(self, field: str, value: object, limit: str) -> None:
        super().__init__(f"a zstd frame's {field} is {value}, but must be {limit}")
        self.field = field
        self.limit = limit


class FrameHeader(NamedTuple):
    """What a frame says of itself; `dictionary` is 0 for none, `content_bytes` None where it is not said."""

    content_bytes: int | None
    window_bytes: int
    dictionary: int


def read_frame_header(data: bytes) -> FrameHeader:
    """The header of the frame that `data` begins with.

    Raises:
        BadCompression: it begins with something else, or ends within the header.
    """
    if data[:4] != _MAGIC:
        raise BadCompression("magic", data[:4].hex() or "missing", _MAGIC.hex())
    try:
        found = zstandard.get_frame_parameters(data)
    except zstandard.ZstdError as error:
        raise BadCompression("structure", "cut off or damaged in its header", "whole") from error
    declared = None if found.content_size == zstandard.CONTENTSIZE_UNKNOWN else found.content_size
    return FrameHeader(declared, found.window_size, found.dict_id)


class Compressor:
    """Makes frames, with a dictionary or without.

    Args:
        dictionary: what whoever decompresses holds too.
        level: zstd's.
    """

    def __init__(self, dictionary: Dictionary | None = None, level: int = LEVEL) -> None:
        self.dictionary = dictionary
        loaded = loaded_by_zstd(dictionary.data) if dictionary is not None else None
        if loaded is not None:
            loaded.precompute_compress(level=level)
        self._zstd = zstandard.ZstdCompressor(level=level, dict_data=loaded)

    def compress(self, data: bytes, overhead: int = 0) -> bytes | None:
        """A frame that declares its size; None when `data` is under COMPRESSION_BYTES_MIN or would not get shorter.

        Args:
            data: at most FRAME_BYTES_MAX bytes.
            overhead: how many bytes the frame is going to be wrapped in.
        """
        if not COMPRESSION_BYTES_MIN <= len(data) <= FRAME_BYTES_MAX:
            return None
        frame = self._zstd.compress(data)
        return frame if len(frame) + overhead < len(data) else None


class Decompressor:
    """Takes frames, those made without a dictionary and those made with one of the given."""

    def __init__(self, dictionaries: Iterable[Dictionary] = ()) -> None:
        self._zstd = {0: zstandard.ZstdDecompressor()}
        for dictionary in dictionaries:
            self._zstd[dictionary.id] = zstandard.ZstdDecompressor(dict_data=loaded_by_zstd(dictionary.data))

    def decompress(self, data: bytes, bytes_max: int = FRAME_BYTES_MAX) -> bytes:
        """What is in the one frame that `data` is.

        Args:
            data: the frame, nothing before it and nothing after.
            bytes_max: the most that it may declare to hold.

        Raises:
            BadCompression: names what is wrong; nothing was decompressed unless it is "structure".
        """
        header = read_frame_header(data)
        if header.content_bytes is None or not 0 < header.content_bytes <= bytes_max:
            declared = "not declared" if header.content_bytes is None else header.content_bytes
            raise BadCompression("content size", declared, f"declared, and 1 to {bytes_max} bytes")
        if header.window_bytes > COMPRESSION_WINDOW_BYTES_MAX:
            raise BadCompression("window", header.window_bytes, f"at most {COMPRESSION_WINDOW_BYTES_MAX} bytes")
        zstd = self._zstd.get(header.dictionary)
        if zstd is None:
            raise BadCompression("dictionary", header.dictionary, "one that this session has")
        try:
            content = zstd.decompress(data, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise BadCompression("structure", "damaged, cut off or followed by more", "one whole frame") from error
        if len(content) != header.content_bytes:
            raise BadCompression("structure", f"{len(content)} bytes long", f"{header.content_bytes}, as it declares")
        return content
