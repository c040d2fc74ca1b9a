"""Limits that depend on each other."""

from theta.base import limits


def test_a_packet_fits_its_record_and_frame() -> None:
    overhead = 16 + 8 * 4 + 32 + 64 + 64
    assert limits.PACKET_BYTES_MAX + overhead <= limits.RECORD_BYTES_MAX
    assert limits.PACKET_BYTES_MAX + overhead <= limits.CLIENT_FRAME_BYTES_MAX


def test_a_full_packet_fits_a_full_bucket() -> None:
    assert limits.PACKET_COMMANDS_MAX <= limits.COMMAND_BURST_MAX


def test_the_widest_commands_fit_a_packet() -> None:
    assert limits.MOVED_VERTICES_MAX * (16 + 24 + 24) + 200 <= limits.PACKET_BYTES_MAX
    assert limits.GESTURES_PER_COMMAND_MAX * 19 + 200 <= limits.PACKET_BYTES_MAX


def test_all_objects_and_people_fit_the_world() -> None:
    assert limits.OBJECTS_CREATED_MAX + limits.PEERS_MAX <= limits.ENTITIES_MAX


def test_every_limit_is_a_positive_number() -> None:
    named = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert named
    assert all(isinstance(value, int | float) and value > 0 for value in named.values())
