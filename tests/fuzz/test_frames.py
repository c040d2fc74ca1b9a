"""The corpus of fuzz/fuzz_frames.py replays without atheris: the same frames however they are cut, bounded memory."""

import pytest

from fuzz import fuzz_frames as target
from tests.fuzz.corpora import assert_replays_within, assert_seeds_are_kept
from theta.adapters.quic_frames import FrameReader, Inbox
from theta.adapters.quic_streams import LaneStreams, Ready, SessionEnded
from theta.adapters.webrtc_lanes import ReliableChannel
from theta.adapters.webtransport_capsules import CapsuleReader
from theta.adapters.webtransport_carrier import WebTransportCarrier
from theta.base.errors import FrameTooLarge
from theta.node.lanes import Lane
from theta.wire import codec

PEAK_BYTES_MAX = 8 * 1024 * 1024
FILES = sorted(target.CORPUS.iterdir())


def test_the_corpus_replays_within_its_memory() -> None:
    assert_replays_within(PEAK_BYTES_MAX, FILES, target.read_anything)


def test_the_seeds_are_in_the_corpus() -> None:
    assert_seeds_are_kept(FILES, target.seeds(), len(target.READERS))


def test_the_seeds_begin_and_end_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[type[object]] = []
    handle = WebTransportCarrier.handle_event

    def watch(carrier: WebTransportCarrier, event: object) -> list[object]:
        found: list[object] = list(handle(carrier, event))  # type: ignore[arg-type]
        seen.extend(map(type, found))
        return found

    monkeypatch.setattr(WebTransportCarrier, "handle_event", watch)
    for seed in target.seeds():
        target.read_anything(seed)
    assert seen.count(Ready) == 2, "a room and a participant"
    assert SessionEnded in seen


@pytest.mark.parametrize("seed", range(len(target.seeds())))
def test_the_target_finds_an_error_wherever_it_is(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("x")

    for owner, name in (
        (FrameReader, "_next"),
        (Inbox, "take"),
        (LaneStreams, "_lane_of"),
        (ReliableChannel, "handle_text"),
        (ReliableChannel, "handle_piece"),
        (CapsuleReader, "feed"),
        (WebTransportCarrier, "_handle_http_stream"),
        (codec, "decode_from_room"),
    ):
        monkeypatch.setattr(owner, name, broken)
    with pytest.raises(KeyError):
        target.read_anything(target.seeds()[seed])


def test_a_refused_frame_is_refused_again_and_never_gathered() -> None:
    reader = FrameReader(Lane.CONTROL, 10)
    for _ in range(2):
        with pytest.raises(FrameTooLarge):
            list(reader.feed(b"\x0b\0\0\0"))
