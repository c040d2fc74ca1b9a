"""The state plane's vectors, spec/vectors/replication.json: frames in order, the cells after each, what is refused."""

from random import Random
from typing import Any

import numpy as np

from theta.base.errors import ProtocolError
from theta.base.identifiers import name_id
from theta.base.limits import CELL_ENTITIES_MAX, STATE_BODY_BYTES_MAX
from theta.ecs.evolution import RemoteComponent, read_descriptor
from theta.ecs.registry import descriptor_bytes
from theta.replication.body_code import code_bodies, restore_body
from theta.replication.cells import CellState, cell_digests
from theta.replication.descriptors import manifest_hash
from theta.replication.history import History
from theta.replication.receiving import StateReceiver
from theta.replication.schema import Schema
from theta.replication.sections import encode_sections
from theta.replication.snapshots import SnapshotReceiver, encode_snapshot
from theta.wire import codec
from theta.wire.compression import Compressor, Decompressor
from theta.wire.state_messages import ComponentDescriptors, StateFrame

CELLS = 3
FAR_CELL = 300


def _descriptor(name: str, fields: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"name": name, "id": f"{name_id(name):016x}", "plane": "state", "fields": fields} | more


DESCRIPTORS = [
    _descriptor(
        "theta.vectors.Pose",
        [
            {
                "name": "metres",
                "kind": "column",
                "dtype": "<f4",
                "width": 3,
                "codec": {"name": "fixed-point", "step": 0.004, "low": -4096.0, "high": 4096.0},
            },
            {
                "name": "rotation",
                "kind": "column",
                "dtype": "<f4",
                "width": 4,
                "codec": {"name": "smallest-three", "bits": 10},
            },
        ],
        position="metres",
    ),
    _descriptor(
        "theta.vectors.Motion",
        [
            {"name": "linear", "kind": "column", "dtype": "<f4", "width": 3},
            {"name": "count", "kind": "column", "dtype": "<u8", "width": 1},
            {"name": "flags", "kind": "column", "dtype": "<u1", "width": 5, "codec": {"name": "bits", "count": 1}},
        ],
    ),
    _descriptor(
        "theta.vectors.Paper",
        [
            {"name": "pages", "kind": "column", "dtype": "<i2", "width": 1},
            {"name": "author", "kind": "blob", "length": 4},
            {"name": "text", "kind": "text", "characters_max": 300},
        ],
    ),
    _descriptor("theta.vectors.Tool", [{"name": "tool", "kind": "column", "dtype": "<u4", "width": 1}], scope="editor"),
]


class Room:
    """What happens, in a history; places are by cell and index."""

    def __init__(self) -> None:
        self.components: list[RemoteComponent] = [read_descriptor(each) for each in DESCRIPTORS]
        self.schema = Schema.of(self.components)
        self.history = History(self.schema)
        self.history.set_scopes(np.array([CELLS - 1]), np.array([1]))
        self.random = Random(20260817)

    def place(self, places: dict[int, int]) -> None:
        """Who is where: entities by place, 0 for nobody."""
        self.history.write_members(np.array(list(places)), np.array(list(places.values()), np.uint64))

    def write(self, number: int, slots: list[int], reach: float) -> None:
        """New values for some, as far apart as `reach` says."""
        component = self.components[number - 1]
        columns = {}
        for name, field_codec, _, _ in component.lanes.codecs:
            column = field_codec.column
            shape = (len(slots), column.width)
            drawn = np.array([self.random.uniform(-reach, reach) for _ in range(shape[0] * shape[1])]).reshape(shape)
            columns[name] = np.abs(drawn).astype(column.dtype) if column.dtype[1] == "u" else drawn.astype(column.dtype)
        lanes = component.lanes.quantise(columns, len(slots))
        objects = [
            [f"{name} {slot}".encode() if name == "text" else bytes([slot] * 4) for slot in slots]
            for name, _ in component.lanes.objects
        ]
        self.history.write(number, np.array(slots), lanes, objects)

    def body(self, cells: list[int], age: int) -> bytes:
        """The sections of cells."""
        return encode_sections(self.history, np.array(cells), np.full(len(cells), age)).body


def entity(slot: int, generation: int = 1) -> int:
    """An entity's id."""
    return generation << 32 | slot


def _happenings(room: Room) -> list[tuple[str, bytes]]:
    """Bodies with their titles, each of another tick."""
    told: list[tuple[str, bytes]] = []

    def tell(title: str, cells: list[int], age: int) -> None:
        told.append((title, room.body(cells, age)))

    room.history.begin_tick(1)
    room.place({at: entity(at) for at in range(6)} | {CELL_ENTITIES_MAX + 2: entity(9)})
    room.place({(CELLS - 1) * CELL_ENTITIES_MAX: entity(0)})
    for number, slots in ((1, [0, 1, 2, 3, 4, 5, 9]), (2, [0, 1, 9]), (3, [2]), (4, [0])):
        room.write(number, slots, 90.0)
    tell("everything, from nothing", [0, 1, 2], 0)
    room.history.begin_tick(2)
    room.write(1, [0, 1, 2, 3, 4, 5], 0.3)
    tell("poses, small and large differences", [0], 1)
    room.history.begin_tick(3)
    room.write(2, [1, 9], 1e9)
    room.write(3, [2, 3], 30_000.0)
    room.write(4, [0], 4e9)
    tell("whole numbers, text and a component that comes", [0, 1, 2], 1)
    room.history.begin_tick(4)
    room.history.remove(2, np.array([1]))
    room.history.despawn(np.array([5]))
    room.place({5: 0, 3: 0, 4: entity(20), FAR_CELL * CELL_ENTITIES_MAX: entity(3), CELL_ENTITIES_MAX: entity(4)})
    room.write(1, [20], 5.0)
    tell("one ends, two leave, one takes a place, a component goes", [0, 1, FAR_CELL], 2)
    room.history.begin_tick(70)
    tell("nothing changed since long", [0], 1)
    room.write(1, [0], 1.0)
    tell("what had not changed since long changes: the baseline is the newest state before", [0], 63)
    return told


def cell_data(state: CellState) -> dict[str, Any]:
    """A cell's state as plain data: entities and lanes as decimal strings, object fields as hex."""
    return {
        "tick": state.tick,
        "entities": [str(each) for each in state.entities.tolist()],
        "components": {
            str(number): {
                "present": rows.present,
                "lanes": [[str(lane) for lane in row] for row in rows.lanes.tolist()],
                "objects": [[value.hex() for value in values] for values in rows.objects],
            }
            for number, rows in sorted(state.components.items())
        },
        "digests": {str(number): digest.hex() for number, digest in cell_digests(state).items()},
    }


def _frame(sequence: int, tick: int, body: bytes) -> StateFrame:
    # Every other one is left as it is, as a room may.
    (code,) = code_bodies([body if sequence % 2 else b""])
    return StateFrame(sequence, tick, 0, code is not None, body if code is None else code)


def _code_of(body: bytes) -> bytes:
    """A body's code as the rule has it, bit by bit."""
    text = ""
    for byte in body:
        number = byte - 256 if byte > 127 else byte
        size = min(abs(number).bit_length(), 7)
        text += f"{size:03b}"
        if size:
            text += f"{number if number > 0 else max(number, -127) + 2**size - 1:0{size}b}"
        if number <= -127:
            text += "1" if number == -128 else "0"
    text += "1" * (-len(text) % 8)
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))


def _codes() -> dict[str, Any]:
    """Bodies in fewer bits (REP-30), and what is none; bodies that get longer are here too, as a room does not send."""
    bodies = [bytes([byte]) * 8 for byte in range(256)]
    bodies += [b"", bytes(range(256)), bytes(STATE_BODY_BYTES_MAX), b"\x00\x01\xff\x80\x81\x7f"]
    refused = []
    for title, text in _REFUSED_CODES:
        try:
            restore_body(bytes.fromhex(text))
        except ProtocolError as error:
            refused.append({"title": title, "code": text, "error": str(error)})
        else:
            raise AssertionError(f"not refused: {title}")
    return {"told": [{"body": each.hex(), "code": _code_of(each).hex()} for each in bodies], "refused": refused}


_REFUSED_CODES = (
    ("zeros after the last number", "02"),
    ("a number cut off", "f0"),
    ("nothing but ones", "ff"),
    ("a whole byte of ones after the last number", "000000ff"),
    ("more than a body holds", "00" * 423),
)


def _frames(receiver: StateReceiver, told: list[tuple[str, bytes]], ticks: list[int]) -> list[dict[str, Any]]:
    found = []
    for sequence, ((title, body), tick) in enumerate(zip(told, ticks, strict=True), 1):
        frame = _frame(sequence, tick, body)
        receiver.handle_frame(0.0, frame)
        ack = receiver.poll_ack()
        found.append(
            {
                "title": title,
                "frame": codec.encode(frame).hex(),
                "ack": None if ack is None else codec.encode(ack).hex(),
                "counts": dict(sorted(receiver.counts.items())),
                "cells": {str(cell): cell_data(receiver.state(cell)) for cell in sorted(receiver.cells)},
            }
        )
    return found


_REFUSED = (
    ("the bytes end within the cell", "80"),
    ("a varint that is not in its shortest form", "80000000"),
    ("a cell over the limit", "ffffffff0f0000"),
    ("an age over the limit", "004000"),
    ("a number that nobody told of", "0001011501000000"),
    ("parts out of order", "0001020601000005020000"),
    ("no rows", "000101060000"),
    ("an index in two parts of a component", "00010206010000070100" + "00"),
    ("a cell told twice", "000100000100"),
    ("widths of more groups than there are", "00010106010040"),
    ("a width over the natural one", "0001010601000800"),
    ("lanes cut off", "0001010601000300"),
    ("an object field cut off", "0001010e0100307f00"),
    ("an object field over its limit", "0001010e010030818004"),
    ("a difference in a section from nothing", "00000106010000"),
    ("a delta of entities", "0001010201000000"),
    ("somebody leaves an index that nobody has", "000101000080" + "00"),
    ("somebody comes to an index that is taken", "000101010100050701"),
    ("an entity of generation 0", "0001010100800107"),
    ("an entity with two indices", "0001010100c005070107" + "01"),
    ("full where it is already", "00010105010000"),
    ("a component where nobody is", "00010105008000"),
    ("a difference to nothing", "0001010a020000"),
    ("a component removed where it is not", "000101080200"),
)


def _refused(receiver: StateReceiver) -> list[dict[str, Any]]:
    found = []
    for title, text in _REFUSED:
        try:
            receiver.handle_body(0.0, 71, bytes.fromhex(text))
        except ProtocolError as error:
            found.append({"title": title, "body": text, "error": str(error)})
        else:
            raise AssertionError(f"not refused: {title}")
    return found


def _snapshot(room: Room, manifest: bytes) -> dict[str, Any]:
    """A snapshot in chunks, some compressed, one section in parts; and the cells that it makes."""
    room.history.begin_tick(71)
    for slot in range(100, 116):
        room.place({CELL_ENTITIES_MAX * 40 + slot - 100: entity(slot)})
    room.write(2, list(range(100, 116)), 1e6)
    cells = np.array([0, 1, 40, FAR_CELL])
    snapshot = encode_snapshot(room.history, 1, cells, manifest, Compressor(), 320)
    receiver = StateReceiver(room.schema)
    taking = SnapshotReceiver(receiver, Decompressor())
    for chunk in snapshot.chunks:
        taking.handle_chunk(0.0, chunk, manifest)
    received = taking.poll_received()
    assert received is not None
    return {
        "chunks": [codec.encode(chunk).hex() for chunk in snapshot.chunks],
        "received": codec.encode(received).hex(),
        "cells": {str(cell): cell_data(receiver.state(cell)) for cell in sorted(receiver.cells)},
    }


def _restored(components: list[RemoteComponent], receiver: StateReceiver) -> list[dict[str, Any]]:
    """Lanes, and the bytes of the columns that they stand for."""
    found = []
    for number, component in enumerate(components, 1):
        for cell in sorted(receiver.cells):
            rows = receiver.state(cell).components.get(number)
            if rows is None:
                continue
            for name, values in component.lanes.restore(rows.lanes).items():
                found.append({"cell": cell, "number": number, "field": name, "bytes": values.tobytes().hex()})
    return found


def replication_vectors() -> dict[str, Any]:
    """The whole file."""
    room = Room()
    manifest = manifest_hash(DESCRIPTORS)
    texts = [descriptor_bytes(each).decode() for each in DESCRIPTORS]
    receiver = StateReceiver(room.schema)
    told = [each for each in _happenings(room) if each[1]]
    frames = _frames(receiver, told, [1, 2, 3, 4, 70])
    return {
        "descriptors": codec.encode(ComponentDescriptors(1, texts, manifest)).hex(),
        "layouts": [
            {
                "name": layout.name,
                "scope": layout.scope,
                "groups": list(layout.groups),
                "natural_bytes": list(layout.natural_bytes),
                "objects": layout.objects,
            }
            for layout in room.schema.layouts
        ],
        "frames": frames,
        "codes": _codes(),
        "restored": _restored(room.components, receiver),
        "refused_after_the_last_frame": _refused(receiver),
        "snapshot": _snapshot(room, manifest),
    }
