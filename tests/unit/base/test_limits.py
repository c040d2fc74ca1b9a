"""Limits that depend on each other."""

from theta.base import limits
from theta.node.catch_up import COMMIT_BYTES_TARGET
from theta.node.spreading import COMMIT_UNITS_BYTES_MAX


def test_a_packet_fits_its_record_and_frame() -> None:
    overhead = 16 + 8 * 4 + 32 + 64 + 64
    assert limits.PACKET_BYTES_MAX + overhead <= limits.RECORD_BYTES_MAX
    assert limits.PACKET_BYTES_MAX + overhead <= limits.CLIENT_FRAME_BYTES_MAX


def test_a_full_packet_fits_a_full_bucket() -> None:
    assert limits.PACKET_COMMANDS_MAX <= limits.COMMAND_BURST_MAX


def test_the_widest_commands_fit_a_packet() -> None:
    assert limits.MOVED_VERTICES_MAX * (16 + 24 + 24) + 200 <= limits.PACKET_BYTES_MAX
    assert limits.GESTURES_PER_COMMAND_MAX * 19 + 200 <= limits.PACKET_BYTES_MAX


def test_the_largest_asset_fits_its_room_and_its_patch_a_frame() -> None:
    smallest = limits.ASSET_CORNERS_MAX * (24 + 4) + limits.ASSET_FACES_MAX * 4 + 64
    assert smallest <= limits.ASSET_BYTES_MAX, "as many faces and corners as allowed, nothing shared"
    assert min(limits.ASSETS_BYTES_MAX, limits.ASSET_UPLOADS_BYTES_MAX) >= limits.ASSET_BYTES_MAX
    # Separated, each corner may be a vertex (id, position) and an edge (id, ends) of its own.
    patch = limits.ASSET_CORNERS_MAX * (16 + 24 + 16 + 8 + 4) + limits.ASSET_FACES_MAX * (16 + 4) + 1024
    assert patch <= COMMIT_UNITS_BYTES_MAX, "an edit of it must not bring the whole document"
    assert COMMIT_UNITS_BYTES_MAX + COMMIT_BYTES_TARGET + limits.RECORD_BYTES_MAX + 1024 <= limits.FRAME_BYTES_MAX
    assert limits.ASSET_PART_BYTES_MAX + 128 <= limits.CLIENT_FRAME_BYTES_MAX


def test_the_largest_asset_can_be_paid_for() -> None:
    assert 1 + limits.ASSET_FACES_MAX // limits.IMPORTED_FACES_PER_TOKEN <= limits.COMMAND_BURST_MAX


def test_all_objects_and_people_fit_the_world() -> None:
    assert limits.OBJECTS_CREATED_MAX + limits.PEERS_MAX <= limits.ENTITIES_MAX


def test_every_limit_is_a_positive_number() -> None:
    named = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert named
    assert all(isinstance(value, int | float) and value > 0 for value in named.values())
