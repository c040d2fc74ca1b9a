"""Capsules on a WebTransport session's stream (RFC 9297, 3.2): the one that ends it, and all others passed over."""

from collections.abc import Iterator
from typing import NamedTuple

from aioquic._buffer import Buffer, BufferReadError
from aioquic.buffer import encode_uint_var

from theta.base.errors import ProtocolError

CLOSE_SESSION = 0x2843
"""CLOSE_WEBTRANSPORT_SESSION (draft-ietf-webtrans-http3, 6)."""
_REASON_BYTES_MAX = 1_024
_CODE_BYTES = 4


class SessionClosed(NamedTuple):
    """What CLOSE_WEBTRANSPORT_SESSION says."""

    code: int
    reason: str


def close_capsule(code: int, reason: str) -> bytes:
    """CLOSE_WEBTRANSPORT_SESSION with a code of 32 bits and a reason of at most 1,024 bytes of UTF-8."""
    said = reason.encode("utf-8")
    assert len(said) <= _REASON_BYTES_MAX
    payload = code.to_bytes(_CODE_BYTES, "big") + said
    return encode_uint_var(CLOSE_SESSION) + encode_uint_var(len(payload)) + payload


class CapsuleReader:
    """Finds the capsules in what comes on the stream; of one that means nothing here, nothing is kept."""

    def __init__(self) -> None:
        self._gathered = b""
        self._skip_bytes = 0

    def feed(self, data: bytes) -> Iterator[SessionClosed]:
        """The ends that `data` makes whole.

        Raises:
            ProtocolError: an end whose length cannot be right.
        """
        skipped = min(self._skip_bytes, len(data))
        self._skip_bytes -= skipped
        self._gathered += data[skipped:]
        while self._gathered:
            buffer = Buffer(data=self._gathered)
            try:
                kind, size = buffer.pull_uint_var(), buffer.pull_uint_var()
            except BufferReadError:
                return
            start = buffer.tell()
            if kind != CLOSE_SESSION:
                self._skip_bytes = max(0, size - (len(self._gathered) - start))
                self._gathered = self._gathered[start + size :]
                continue
            if not _CODE_BYTES <= size <= _CODE_BYTES + _REASON_BYTES_MAX:
                raise ProtocolError(f"a session's end of {size} bytes")
            if len(self._gathered) < start + size:
                return
            payload, self._gathered = self._gathered[start : start + size], self._gathered[start + size :]
            code, reason = payload[:_CODE_BYTES], payload[_CODE_BYTES:]
            yield SessionClosed(int.from_bytes(code, "big"), reason.decode("utf-8", "replace"))
