"""spec/vectors/state_motion.json, read as another implementation would."""

import json
from math import inf
from typing import Any

import numpy as np
import pytest

from theta.ecs.evolution import read_descriptor
from theta.replication.interpolation import InterpolationBuffer, PlaybackClock, Track
from theta.replication.owned_state import OwnedStateSender
from theta.replication.ownership import is_newer
from theta.replication.ownership_view import OwnershipView
from theta.replication.prediction import Pose, Prediction
from theta.replication.receiving import Written
from theta.replication.schema import Schema
from theta.wire import codec
from theta.wire.ownership_messages import OwnershipChanged, OwnershipRefused, OwnershipRow
from tools import generate_vectors
from tools.motion_vectors import STEPS, do_in_view, holding_data
from tools.state_vectors import DESCRIPTORS
from tools.vector_people import ANNA_ACTOR, plain

VECTORS: dict[str, Any] = json.loads((generate_vectors.VECTORS / "state_motion.json").read_text(encoding="utf-8"))
CLOSE = 1e-9


def read_row(data: dict[str, Any]) -> OwnershipRow:
    return OwnershipRow(int(data["entity"]), int(data["owner"]), data["ownership"], data["authority"], data["grip"])


def read_step(step: dict[str, Any]) -> dict[str, Any]:
    found = dict(step)
    if "entity" in step:
        found["entity"] = int(step["entity"])
    if "message" in step:
        told = step["message"]
        if told["type"] == "OwnershipChanged":
            found["message"] = OwnershipChanged([read_row(row) for row in told["rows"]])
        else:
            row = read_row(told["row"])
            found["message"] = OwnershipRefused(told["ownership"], told["authority"], told["reason"], row)
    return found


def pose_of(data: list[list[float]]) -> Pose:
    (x, y, z), (a, b, c, d) = data
    return Pose((x, y, z), (a, b, c, d))


def test_rep_60_serial_numbers_compare_like_this() -> None:
    assert len(VECTORS["newer"]) == 36
    for vector in VECTORS["newer"]:
        assert is_newer(vector["one"], vector["other"]) is vector["newer"], vector


@pytest.mark.parametrize("vector", VECTORS["views"], ids=lambda each: each["title"])
def test_rep_65_a_participants_view_does_this(vector: dict[str, Any]) -> None:
    view = OwnershipView(ANNA_ACTOR)
    for step in vector["steps"]:
        do_in_view(view, step["now"], read_step(step))
        sent = [{"type": type(each).__name__, **plain(each)} for each in iter(view.poll_message, None)]
        assert sent == step["messages"]
        corrections = [(holding_data(each.holding), each.refusal) for each in iter(view.poll_correction, None)]
        assert corrections == [(each["holding"], each["refusal"]) for each in step["corrections"]]
        for holding in step["holdings"]:
            assert holding_data(view.holding(int(holding["entity"]))) == holding
        assert [str(entity) for entity in view.owned] == step["owned"]
        assert view.timeout == step["timeout"]


@pytest.mark.parametrize("vector", VECTORS["clocks"])
def test_rep_68_the_rooms_time_is_shown_like_this(vector: dict[str, Any]) -> None:
    clock = PlaybackClock(vector["tick_seconds"])
    for event in vector["events"]:
        if "tick" in event:
            clock.handle_tick(event["now"], event["tick"])
            assert clock.delay == pytest.approx(event["delay"], abs=CLOSE)
            assert clock.jitter == pytest.approx(event["jitter"], abs=CLOSE)
        else:
            assert clock.advance(event["now"]) == pytest.approx(event["shown"], abs=CLOSE)


@pytest.mark.parametrize("vector", VECTORS["buffers"])
def test_rep_69_to_rep_71_values_are_these(vector: dict[str, Any]) -> None:
    tracks = [Track(**{**each, "jump": inf if each["jump"] is None else each["jump"]}) for each in vector["tracks"]]
    buffer = InterpolationBuffer(tracks)
    for event in vector["events"]:
        slots, time = np.array(event["slots"]), event["time"]
        match event["do"]:
            case "samples":
                buffer.handle_samples(time, slots, {name: np.array(each) for name, each in event["columns"].items()})
            case "rest":
                buffer.handle_rest(time, slots)
            case "forget":
                buffer.forget(slots)
            case _:
                for name, values in buffer.values_at(time, slots).items():
                    assert np.abs(values - np.array(event["values"][name])).max() < CLOSE


@pytest.mark.parametrize("vector", VECTORS["predictions"], ids=lambda each: each["step"])
def test_rep_72_and_rep_73_a_predicted_object_is_here(vector: dict[str, Any]) -> None:
    held = Prediction(0.0, pose_of(vector["start"]), STEPS[vector["step"]])
    for event in vector["events"]:
        pose = pose_of(event["pose"])
        match event["do"]:
            case "input":
                held.handle_input(event["sequence"], pose)
            case "answer":
                held.handle_answer(event["now"], event["sequence"], pose)
            case _:
                shown = held.shown(event["now"])
                assert shown.position == pytest.approx(pose.position, abs=CLOSE)
                assert shown.rotation == pytest.approx(pose.rotation, abs=CLOSE)
                assert held.unanswered == event["unanswered"]


@pytest.mark.parametrize("vector", VECTORS["uploads"])
def test_rep_66_owned_entities_are_told_in_these_bytes(vector: dict[str, Any]) -> None:
    schema = Schema.of(read_descriptor(each) for each in DESCRIPTORS)
    written = {}
    for each in vector["written"]:
        lanes = np.array([[int(lane) for lane in row.split()] for row in each["lanes"]], np.int64)
        lanes = lanes.reshape(len(each["entities"]), schema.layouts[each["number"]].lane_count)
        objects = tuple(tuple(bytes.fromhex(value) for value in field) for field in each["objects"])
        entities = np.array([int(entity) for entity in each["entities"]], np.uint64)
        written[each["number"]] = Written(entities, lanes, objects)
    owned = [int(entity) for entity in vector["entities"]]
    found = OwnedStateSender(schema).messages(0.0, vector["tick"], owned, vector["ownerships"], written)
    assert [codec.encode(message).hex() for message in found] == vector["messages"]
