"""spec/vectors/replication.json, read as another implementation would."""

import json
from typing import Any

import numpy as np
import pytest

from theta.base.errors import ProtocolError
from theta.replication.cells import CellState, cell_digests
from theta.replication.descriptors import SessionComponents
from theta.replication.receiving import StateReceiver
from theta.replication.snapshots import SnapshotReceiver
from theta.wire import codec
from theta.wire.compression import Decompressor
from theta.wire.state_messages import ComponentDescriptors, StateChunk, StateFrame
from tools import generate_vectors
from tools.state_vectors import cell_data

hexed = bytes.fromhex
VECTORS: dict[str, Any] = json.loads((generate_vectors.VECTORS / "replication.json").read_text(encoding="utf-8"))


def session() -> SessionComponents:
    message = codec.decode_from_room(hexed(VECTORS["descriptors"]))
    assert isinstance(message, ComponentDescriptors)
    found = SessionComponents()
    found.handle_descriptors(message)
    return found


def frame_of(vector: dict[str, Any]) -> StateFrame:
    frame = codec.decode_from_room(hexed(vector["frame"]))
    assert isinstance(frame, StateFrame)
    return frame


def after_the_last_frame() -> StateReceiver:
    receiver = StateReceiver(session().schema)
    for vector in VECTORS["frames"]:
        receiver.handle_frame(0.0, frame_of(vector))
    return receiver


def same(state: CellState, wanted: dict[str, Any]) -> bool:
    return bool(cell_data(state) == wanted)


def test_rep_6_to_rep_8_descriptors_give_these_layouts() -> None:
    found = session()
    for layout, wanted in zip(found.schema.layouts, VECTORS["layouts"], strict=True):
        told = {name: getattr(layout, name) for name in ("name", "scope", "groups", "natural_bytes", "objects")}
        assert told == wanted | {"groups": tuple(wanted["groups"]), "natural_bytes": tuple(wanted["natural_bytes"])}


def test_rep_10_to_rep_19_frames_make_these_cells_and_acknowledgements() -> None:
    receiver = StateReceiver(session().schema)
    for vector in VECTORS["frames"]:
        receiver.handle_frame(0.0, frame_of(vector))
        ack = receiver.poll_ack()
        assert vector["ack"] == (None if ack is None else codec.encode(ack).hex())
        assert dict(receiver.counts) == vector["counts"]
        assert sorted(map(str, receiver.cells)) == sorted(vector["cells"])
        for cell, wanted in vector["cells"].items():
            assert same(receiver.state(int(cell)), wanted), (vector["title"], cell)


def test_rep_8_lanes_restore_to_these_bytes() -> None:
    receiver, components = after_the_last_frame(), session().components
    assert VECTORS["restored"]
    for vector in VECTORS["restored"]:
        rows = receiver.state(vector["cell"]).components[vector["number"]]
        columns = components[vector["number"] - 1].lanes.restore(rows.lanes)
        assert columns[vector["field"]].tobytes().hex() == vector["bytes"]
        assert np.isfinite(columns[vector["field"]]).all()


@pytest.mark.parametrize("vector", VECTORS["refused_after_the_last_frame"], ids=lambda each: each["title"])
def test_rep_15_what_is_broken_is_refused_with_its_reason(vector: dict[str, str]) -> None:
    receiver = after_the_last_frame()
    before = {cell: cell_digests(receiver.state(cell)) for cell in receiver.cells}
    with pytest.raises(ProtocolError) as caught:
        receiver.handle_body(0.0, 71, hexed(vector["body"]))
    assert str(caught.value) == vector["error"]
    assert {cell: cell_digests(receiver.state(cell)) for cell in receiver.cells} == before


def test_rep_20_chunks_make_these_cells() -> None:
    found = session()
    vector = VECTORS["snapshot"]
    receiver = StateReceiver(found.schema)
    taking = SnapshotReceiver(receiver, Decompressor())
    chunks = []
    for text in vector["chunks"]:
        chunk = codec.decode_from_room(hexed(text))
        assert isinstance(chunk, StateChunk)
        chunks.append(chunk)
        taking.handle_chunk(0.0, chunk, found.manifest)
    assert any(len(chunk.data) < chunk.size for chunk in chunks), "one is compressed"
    assert any(len(chunk.data) == chunk.size for chunk in chunks), "one is not"
    assert any(chunk.parts > 1 for chunk in chunks), "one section is in parts"
    received = taking.poll_received()
    assert received is not None
    assert codec.encode(received).hex() == vector["received"]
    assert sorted(map(str, receiver.cells)) == sorted(vector["cells"])
    for cell, wanted in vector["cells"].items():
        assert same(receiver.state(int(cell)), wanted)
