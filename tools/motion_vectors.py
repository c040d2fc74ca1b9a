"""Ownership as a participant sees it, interpolation, prediction: spec/vectors/state_motion.json (REP-60 … REP-73)."""

from math import isfinite
from random import Random
from typing import Any

import numpy as np

from theta.base.limits import U32_MAX
from theta.ecs.evolution import read_descriptor
from theta.replication.interpolation import InterpolationBuffer, PlaybackClock, Track
from theta.replication.owned_state import OwnedStateSender
from theta.replication.ownership import Grip, Holding, Refusal, is_newer
from theta.replication.ownership_view import OwnershipView
from theta.replication.prediction import Pose, Prediction, step_by, step_to
from theta.replication.receiving import Written
from theta.replication.schema import Schema
from theta.wire import codec
from theta.wire import messages as wire
from theta.wire.ownership_messages import OwnershipChanged, OwnershipRefused, OwnershipRow
from tools.state_vectors import DESCRIPTORS
from tools.vector_people import ANNA_ACTOR, BEN_ACTOR, plain

TICK_SECONDS = 1 / 30
CUP, LAMP = 2**63 + 5, 2**32 + 70_000
STEPS = {"to": step_to, "by": step_by}
Step = dict[str, Any]


def motion_vectors() -> dict[str, Any]:
    """The whole file."""
    numbers = (0, 1, 2**31 - 1, 2**31, 2**31 + 1, U32_MAX)
    return {
        "newer": [{"one": one, "other": other, "newer": is_newer(one, other)} for one in numbers for other in numbers],
        "views": [{"title": title, "steps": view_steps(steps)} for title, steps in (*_contests(), *_partings())],
        "clocks": [clock_vector(spread) for spread in (0.0, 0.02, 0.7)],
        "buffers": [buffer_vector(seed) for seed in range(3)],
        "predictions": [prediction_vector(name) for name in STEPS],
        "uploads": [upload_vector(entities, limit) for entities, limit in ((1, 4), (20, 4), (40, 90))],
    }


# -- ownership -------------------------------------------------------------------------------------------------------


def view_steps(steps: list[Step]) -> list[Step]:
    """Each step, and what Anna's view says after it."""
    view = OwnershipView(ANNA_ACTOR)
    found = []
    for number, step in enumerate(steps):
        now = number * 0.25
        do_in_view(view, now, step)
        corrections = [
            {"holding": holding_data(each.holding), "refusal": None if each.refusal is None else each.refusal.value}
            for each in iter(view.poll_correction, None)
        ]
        found.append(
            {
                "now": now,
                **_plain_step(step),
                "messages": [{"type": type(each).__name__, **plain(each)} for each in iter(view.poll_message, None)],
                "corrections": corrections,
                "holdings": [holding_data(view.holding(entity)) for entity in (CUP, LAMP)],
                "owned": [str(entity) for entity in view.owned],
                "timeout": view.timeout,
            }
        )
    return found


def do_in_view(view: OwnershipView, now: float, step: Step) -> None:
    """What a step says."""
    match step["do"]:
        case "grab":
            view.grab(now, step["entity"])
        case "touch":
            view.touch(now, step["entity"])
        case "release":
            view.release(now, step["entity"], step["keep"])
        case "despawned":
            view.handle_despawned(step["entity"])
        case "timeout":
            view.handle_timeout(now)
        case "told":
            message = step["message"]
            if isinstance(message, OwnershipChanged):
                view.handle_changed(now, message)
            else:
                view.handle_refused(now, message)


def holding_data(holding: Holding) -> Step:
    """A holding as the vectors write it."""
    return {
        "entity": str(holding.entity),
        "owner": str(holding.owner),
        "ownership": holding.ownership,
        "authority": holding.authority,
        "grip": int(holding.grip),
    }


def _plain_step(step: Step) -> Step:
    found = dict(step)
    if "entity" in found:
        found["entity"] = str(found["entity"])
    if "message" in found:
        message: wire.Message = found["message"]
        found["message"] = {"type": type(message).__name__, **plain(message)}
    return found


def _do(what: str, entity: int = CUP, **more: Any) -> Step:
    return {"do": what, "entity": entity, **more}


def _row(owner: int, ownership: int, authority: int, grip: Grip, entity: int = CUP) -> OwnershipRow:
    return OwnershipRow(entity, owner, ownership, authority, int(grip))


def _told(*rows: OwnershipRow) -> Step:
    return {"do": "told", "message": OwnershipChanged(list(rows))}


def _refused(ownership: int, authority: int, reason: Refusal, row: OwnershipRow) -> Step:
    return {"do": "told", "message": OwnershipRefused(ownership, authority, reason.value, row)}


_TIMEOUT: Step = {"do": "timeout"}


def _contests() -> list[tuple[str, list[Step]]]:
    """Who else wants it, and what the room says to that."""
    touched, grabbed, free = Grip.TOUCHED, Grip.GRABBED, Grip.FREE
    return [
        ("a grab that another has won", [_do("grab"), _told(_row(BEN_ACTOR, 1, 0, grabbed)), _TIMEOUT, _TIMEOUT]),
        (
            "a grab against touches and against nobody",
            [
                _do("grab"),
                _told(_row(BEN_ACTOR, 0, 1, touched)),
                _refused(1, 0, Refusal.OUTDATED, _row(0, 4, 2, free)),
                _told(_row(BEN_ACTOR, 5, 3, touched)),
                _told(_row(ANNA_ACTOR, 6, 0, grabbed)),
                _told(_row(BEN_ACTOR, 5, 9, touched)),
            ],
        ),
        (
            "touches",
            [
                _do("touch"),
                _told(_row(0, 3, 1, free)),
                _told(_row(BEN_ACTOR, 3, 2, touched)),
                _do("touch"),
                _told(_row(BEN_ACTOR, 4, 0, grabbed)),
                _do("touch"),
                _do("grab"),
            ],
        ),
        (
            "refusals",
            [
                _do("touch"),
                _refused(0, 9, Refusal.HELD, _row(0, 0, 0, free)),
                _refused(0, 1, Refusal.HELD, _row(BEN_ACTOR, 0, 0, grabbed)),
                _do("grab", LAMP),
                _refused(1, 0, Refusal.NOT_ALLOWED, _row(0, 0, 0, free, LAMP)),
            ],
        ),
    ]


def _partings() -> list[tuple[str, list[Step]]]:
    """How things are let go of, and end."""
    touched, grabbed, free = Grip.TOUCHED, Grip.GRABBED, Grip.FREE
    release, throw = _do("release", keep=False), _do("release", keep=True)
    return [
        (
            "a grab that is confirmed, thrown and let go",
            [
                _do("grab"),
                _TIMEOUT,
                _TIMEOUT,
                _told(_row(ANNA_ACTOR, 1, 0, grabbed), _row(BEN_ACTOR, 3, 1, touched, LAMP)),
                throw,
                _told(_row(ANNA_ACTOR, 1, 1, touched)),
                release,
                _TIMEOUT,
                _told(_row(0, 1, 2, free)),
                release,
            ],
        ),
        (
            "let go before the answer",
            [
                _do("grab"),
                release,
                _told(_row(ANNA_ACTOR, 1, 0, grabbed)),
                _TIMEOUT,
                _TIMEOUT,
                _told(_row(0, 1, 1, free)),
            ],
        ),
        (
            "thrown before the answer, and grabbed again",
            [
                _do("grab"),
                throw,
                _told(_row(ANNA_ACTOR, 1, 0, grabbed)),
                _do("grab"),
                _told(_row(ANNA_ACTOR, 1, 1, touched)),
                _do("grab"),
            ],
        ),
        (
            "taken away, ended, and numbers that wrap around",
            [
                _told(_row(BEN_ACTOR, U32_MAX, 7, touched)),
                _do("grab"),
                _told(_row(ANNA_ACTOR, 0, 0, grabbed)),
                _told(_row(BEN_ACTOR, U32_MAX, 9, touched)),
                _told(_row(0, 0, 1, free)),
                _do("grab", LAMP),
                _do("despawned", LAMP),
            ],
        ),
    ]


# -- interpolation ---------------------------------------------------------------------------------------------------


def clock_vector(spread: float) -> dict[str, Any]:
    """Ticks that come up to `spread` seconds late, and what is shown in between; a long silence at the end."""
    random = Random(11)
    arrivals = sorted((tick * TICK_SECONDS + random.random() * spread, tick) for tick in range(5, 60))
    arrivals += [(9.0, 90), (9.04, 200), (9.08, 201)]
    clock = PlaybackClock(TICK_SECONDS)
    events: list[dict[str, Any]] = []
    for number in range(900):
        now = number / 90
        while arrivals and arrivals[0][0] <= now:
            at, tick = arrivals.pop(0)
            clock.handle_tick(at, tick)
            events.append({"now": at, "tick": tick, "delay": clock.delay, "jitter": clock.jitter})
        if number % 20 == 0:
            events.append({"now": now, "shown": clock.advance(now)})
    return {"tick_seconds": TICK_SECONDS, "events": events}


def buffer_vector(seed: int) -> dict[str, Any]:
    """Three entities that move, turn, rest, leap and come late; and where they are in between."""
    random = Random(seed)
    tracks = (Track("metres", 3, jump=2.0), Track("rotation", 4, is_rotation=True), Track("size", 1))
    buffer = InterpolationBuffer(tracks)
    events: list[dict[str, Any]] = []
    time = 1.0
    for _ in range(18):
        time += random.choice((0.0, -TICK_SECONDS, *(TICK_SECONDS,) * 6, 2 * TICK_SECONDS, 1.0))
        slots = sorted(random.sample((0, 3, 70), random.randint(1, 3)))
        kind = random.choice(("samples",) * 10 + ("rest", "rest", "forget"))
        event: dict[str, Any] = {"do": kind, "time": time, "slots": slots}
        if kind == "samples":
            columns = {name: _column(random, name, len(slots)) for name in ("metres", "rotation", "size")}
            event["columns"] = {name: values.tolist() for name, values in columns.items()}
            buffer.handle_samples(time, np.array(slots), columns)
        elif kind == "rest":
            buffer.handle_rest(time, np.array(slots))
        else:
            buffer.forget(np.array(slots))
        events.append(event)
        for _ in range(2):
            at = time + 0.1 + _number(random, 0.3)
            found = buffer.values_at(at, np.array([0, 3, 70]))
            values = {name: array.tolist() for name, array in found.items()}
            events.append({"do": "show", "time": at, "slots": [0, 3, 70], "values": values})
    told = [{**vars(each), "jump": each.jump if isfinite(each.jump) else None} for each in tracks]
    return {"tracks": told, "events": events}


def _number(random: Random, most: float) -> float:
    return round(random.uniform(-most, most), 3)


def _column(random: Random, name: str, rows: int) -> Any:
    if name == "rotation":
        return np.array([_turn(_number(random, 3.0)) for _ in range(rows)])
    width = 3 if name == "metres" else 1
    spread = random.choice((0.2, 0.2, 3.0))
    return np.array([[_number(random, spread) for _ in range(width)] for _ in range(rows)])


def _turn(half: float) -> tuple[float, float, float, float]:
    """A turn by four times the arc tangent of `half`, without functions that other machines round otherwise."""
    sine, cosine = 2.0 * half / (1.0 + half * half), (1.0 - half * half) / (1.0 + half * half)
    return (0.6 * sine, 0.0, 0.8 * sine, cosine)


# -- prediction ------------------------------------------------------------------------------------------------------


def prediction_vector(name: str) -> dict[str, Any]:
    """Inputs and answers that are late, lost and corrected; what is shown after each."""
    random = Random(3)
    start = Pose((1.0, 0.5, -0.25), _turn(0.3))
    held: Prediction[Pose] = Prediction(0.0, start, STEPS[name])
    events: list[dict[str, Any]] = []
    sequence, room = U32_MAX - 20, start
    for number in range(24):
        now = number / 30
        sequence = (sequence + 1) & U32_MAX
        what = Pose((_number(random, 0.1), _number(random, 0.2), 0.0), _turn(_number(random, 0.1)))
        held.handle_input(sequence, what)
        events.append({"do": "input", "now": now, "sequence": sequence, "pose": _pose(what)})
        if random.random() < 0.6:
            answered = (sequence - random.choice((0, 3, 3, 5))) & U32_MAX
            room = Pose(
                (room.position[0] + random.choice((0.01, 0.01, 1.5)), 0.1 * number, 0.0), _turn(0.3 + 0.01 * number)
            )
            held.handle_answer(now, answered, room)
            events.append({"do": "answer", "now": now, "sequence": answered, "pose": _pose(room)})
        events += [
            {"do": "show", "now": at, "pose": _pose(held.shown(at)), "unanswered": held.unanswered}
            for at in (now, now + 0.02)
        ]
    return {"step": name, "start": _pose(start), "events": events}


def _pose(pose: Pose) -> list[list[float]]:
    return [list(pose.position), list(pose.rotation)]


# -- what owners send ------------------------------------------------------------------------------------------------


def upload_vector(count: int, object_bytes_max: int) -> dict[str, Any]:
    """Entities with values of the components of replication.json, and the messages that tell of them."""
    random = Random(count)
    schema = Schema.of(read_descriptor(each) for each in DESCRIPTORS)
    entities = [generation << 32 | slot for slot, generation in enumerate(random.choices((1, 2**31, U32_MAX), k=count))]
    ownerships = [random.choice((0, 1, U32_MAX)) for _ in entities]
    written: dict[int, Written] = {}
    for number, layout in enumerate(schema.layouts[1:], 1):
        having = random.sample(entities, random.randint(1, count))
        lanes = [
            [random.choice((-1, 1)) * random.randrange(1 << (8 * size - 1)) for size in layout.lane_bytes]
            for _ in having
        ]
        objects = tuple(
            tuple(random.randbytes(random.randint(0, object_bytes_max)) for _ in having) for _ in range(layout.objects)
        )
        values = np.array(lanes, np.int64).reshape(len(having), layout.lane_count)
        written[number] = Written(np.array(having, np.uint64), values, objects)
    messages = OwnedStateSender(schema).messages(0.0, 70_000, entities, ownerships, written)
    return {
        "tick": 70_000,
        "entities": [str(entity) for entity in entities],
        "ownerships": ownerships,
        "written": [
            {
                "number": number,
                "entities": [str(entity) for entity in values.entities.tolist()],
                "lanes": [" ".join(map(str, row)) for row in values.lanes.tolist()],
                "objects": [[value.hex() for value in field] for field in values.objects],
            }
            for number, values in written.items()
        ],
        "messages": [codec.encode(message).hex() for message in messages],
    }
