import pytest

from tests.unit.commands.rooms import ANNA, BEN, NOW, Room, later
from theta.base import limits
from theta.commands.refusals import RateLimited, TooExpensive
from theta.editor.mesh_operations import Subdivide


def test_cmd_15_what_works_on_a_whole_mesh_costs_more() -> None:
    room = Room()
    speaker = room.join()
    dear = Subdivide(b"e" * 16, "linear")
    room.admit(speaker, speaker.packet(*[dear] * 2))  # 82 of 100 tokens
    with pytest.raises(RateLimited) as caught:
        room.admission.admit(NOW, speaker.record, "editor", speaker.packet(dear))
    # The bucket holds 17 after the command's own token, which is paid for good.
    assert caught.value.retry_after_seconds == pytest.approx((40 - 17) / limits.COMMANDS_PER_SECOND)
    other = room.join(BEN, b"j" * 16, b"t" * 16)
    with pytest.raises(TooExpensive):
        room.admission.admit(NOW, other.record, "editor", other.packet(*[dear] * 3))


def test_cmd_15_two_sessions_that_wait_for_a_full_bucket_do_not_empty_it_for_each_other() -> None:
    room = Room()
    one, other = room.join(), room.join(ANNA, b"j" * 16, b"t" * 16)
    dear = Subdivide(b"e" * 16, "linear")
    room.admit(other, other.packet(*[dear] * 2))  # 82 of 100 tokens
    waiting = {each: each.packet(*[dear] * 2) for each in (one, other)}
    at = dict.fromkeys(waiting, 0.0)
    tries = 0
    while waiting:
        speaker = min(waiting, key=at.__getitem__)
        now = later(at[speaker])
        try:
            record = room.admission.admit(now, speaker.record, "editor", waiting[speaker]).record
            assert record is not None
            room.log.accept(record, verify=False)
            del waiting[speaker]
        except RateLimited as refusal:
            at[speaker] += refusal.retry_after_seconds + 0.001
        tries += 1
        assert tries < 12, "they wait for ever"


def test_cmd_15_who_comes_again_too_early_pays_for_the_commands_again() -> None:
    room = Room()
    speaker = room.join()
    dear = Subdivide(b"e" * 16, "linear")
    room.admit(speaker, speaker.packet(*[dear] * 2))  # 82 of 100 tokens
    packet = speaker.packet(dear)
    waits = []
    for _ in range(3):
        with pytest.raises(RateLimited) as caught:
            room.admission.admit(NOW, speaker.record, "editor", packet)
        waits.append(round(caught.value.retry_after_seconds * limits.COMMANDS_PER_SECOND))
    assert waits == [23, 24, 25]
