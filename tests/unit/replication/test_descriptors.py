"""What the components of a session are, told and taken."""

import json

import msgspec
import pytest

from tests.unit.replication.state_worlds import COMPONENTS, Pose
from theta.base.errors import ProtocolError, ProtocolMismatch
from theta.base.identifiers import blake2b_128
from theta.ecs.component import component_type
from theta.replication.descriptors import SessionComponents, component_descriptors, manifest_hash
from theta.replication.schema import Schema


def test_rep_6_descriptors_give_the_receiver_the_rooms_layouts() -> None:
    session = SessionComponents()
    session.handle_descriptors(component_descriptors(COMPONENTS))
    assert session.schema.layouts == Schema.of(COMPONENTS).layouts
    assert [each.name for each in session.components] == [each.name for each in COMPONENTS]
    pose = session.schema.layouts[1]
    assert (pose.groups, pose.natural_bytes, pose.objects) == ((3, 1, 3), (4, 1, 2), 0)


def test_rep_6_more_components_are_told_later_and_told_twice_is_fine() -> None:
    session = SessionComponents()
    first = component_descriptors(COMPONENTS[:1])
    session.handle_descriptors(first)
    session.handle_descriptors(component_descriptors(COMPONENTS, first=2))
    session.handle_descriptors(component_descriptors(COMPONENTS))
    assert session.schema.layouts == Schema.of(COMPONENTS).layouts
    assert session.manifest == component_descriptors(COMPONENTS).manifest


def test_rep_7_the_manifest_is_the_hash_of_the_descriptors() -> None:
    message = component_descriptors(COMPONENTS)
    assert message.manifest == blake2b_128("theta-components", *(text.encode() + b"\n" for text in message.descriptors))
    assert manifest_hash([json.loads(text) for text in message.descriptors]) == message.manifest
    broken = msgspec.structs.replace(message, manifest=bytes(16))
    session = SessionComponents()
    with pytest.raises(ProtocolMismatch):
        session.handle_descriptors(broken)
    assert session.components == []


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"name":"x"}', json.dumps(dict(component_type(Pose).descriptor(), id="0" * 16)), "[" * 5_000]
)
def test_rep_6_descriptors_that_cannot_be_are_refused(text: str) -> None:
    session = SessionComponents()
    session.handle_descriptors(component_descriptors(COMPONENTS[:1]))
    before = session.manifest
    message = component_descriptors(COMPONENTS, first=2)
    with pytest.raises(ProtocolError, match="ComponentDescriptors"):
        session.handle_descriptors(msgspec.structs.replace(message, descriptors=[text]))
    with pytest.raises(ProtocolError, match="ComponentDescriptors"):
        session.handle_descriptors(msgspec.structs.replace(message, first=5))
    assert (session.manifest, len(session.components)) == (before, 1)
