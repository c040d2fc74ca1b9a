import pytest

from tests.unit.commands.rooms import BEN, NOW, Room
from theta.base import limits
from theta.commands.refusals import RateLimited, TooMuchImported
from theta.editor.mesh_operations import Subdivide


def test_cmd_15_what_works_on_a_whole_mesh_costs_more() -> None:
    room = Room()
    speaker = room.join()
    dear = Subdivide(b"e" * 16, "linear")
    room.admit(speaker, speaker.packet(*[dear] * 2))  # 82 of 100 tokens
    with pytest.raises(RateLimited) as caught:
        room.admission.admit(NOW, speaker.record, "editor", speaker.packet(dear))
    # The bucket holds 17 after the command's own token; when it comes again it pays for that again.
    assert caught.value.retry_after_seconds == pytest.approx((41 - 17) / limits.COMMANDS_PER_SECOND)
    other = room.join(BEN, b"j" * 16, b"t" * 16)
    with pytest.raises(TooMuchImported):
        room.admission.admit(NOW, other.record, "editor", other.packet(*[dear] * 3))
