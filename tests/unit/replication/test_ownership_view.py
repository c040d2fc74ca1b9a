"""A participant's view of who owns what."""

from theta.base.limits import OWNERSHIP_REPEAT_SECONDS
from theta.replication.ownership import ROOM, Grip, Holding, Refusal
from theta.replication.ownership_view import Correction, OwnershipView
from theta.wire.message import Message
from theta.wire.ownership_messages import (
    ClaimOwnership,
    OwnershipChanged,
    OwnershipRefused,
    OwnershipRow,
    ReleaseOwnership,
)

ANNA, BEN, CUP = 1, 2, 2**32 + 5


def told(owner: int, ownership: int, authority: int, grip: Grip) -> OwnershipChanged:
    return OwnershipChanged([OwnershipRow(CUP, owner, ownership, authority, grip)])


def refused(ownership: int, authority: int, reason: Refusal, row: OwnershipRow) -> OwnershipRefused:
    return OwnershipRefused(ownership, authority, reason.value, row)


def messages(view: OwnershipView) -> list[Message]:
    return list(iter(view.poll_message, None))


def test_rep_65_a_grab_is_shown_at_once_and_confirmed() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    assert view.holding(CUP) == Holding(CUP, ANNA, 1, 0, Grip.GRABBED)
    assert view.owned == [CUP]
    assert messages(view) == [ClaimOwnership(CUP, 1, 0)]
    view.handle_changed(0.1, told(ANNA, 1, 0, Grip.GRABBED))
    assert view.holding(CUP) == Holding(CUP, ANNA, 1, 0, Grip.GRABBED)
    assert view.timeout is None
    assert messages(view) == []
    assert view.poll_correction() is None


def test_rep_65_who_loses_a_grab_is_corrected() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.handle_changed(0.1, told(BEN, 1, 0, Grip.GRABBED))
    assert view.holding(CUP) == Holding(CUP, BEN, 1, 0, Grip.GRABBED)
    assert view.owned == []
    assert view.poll_correction() == Correction(Holding(CUP, BEN, 1, 0, Grip.GRABBED))
    assert messages(view) == [ClaimOwnership(CUP, 1, 0)], "said once, and not again"


def test_rep_65_a_grab_goes_on_against_a_touch_and_against_nobody() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.handle_changed(0.1, told(BEN, 0, 1, Grip.TOUCHED))
    assert messages(view) == [ClaimOwnership(CUP, 1, 0)], "an older touch decides nothing"
    view.handle_refused(0.2, refused(1, 0, Refusal.OUTDATED, OwnershipRow(CUP, ROOM, 4, 2, Grip.FREE)))
    assert messages(view) == [ClaimOwnership(CUP, 5, 0)]
    view.handle_changed(0.3, told(BEN, 5, 3, Grip.TOUCHED))
    assert messages(view) == [ClaimOwnership(CUP, 6, 0)]
    assert view.owns(CUP)
    assert view.poll_correction() is None


def test_rep_65_a_touch_gives_way() -> None:
    view = OwnershipView(ANNA)
    view.touch(0.0, CUP)
    assert messages(view) == [ClaimOwnership(CUP, 0, 1)]
    view.handle_changed(0.1, told(ROOM, 3, 1, Grip.FREE))
    assert messages(view) == [ClaimOwnership(CUP, 3, 2)], "nobody has it"
    view.handle_changed(0.1, told(BEN, 3, 2, Grip.TOUCHED))
    assert view.poll_correction() == Correction(Holding(CUP, BEN, 3, 2, Grip.TOUCHED))
    view.handle_changed(0.1, told(BEN, 4, 0, Grip.GRABBED))
    view.touch(0.2, CUP)
    assert messages(view) == [], "what somebody holds is not touched"


def test_rep_65_refusals_but_too_late_ones_end_a_claim() -> None:
    view = OwnershipView(ANNA)
    held = OwnershipRow(CUP, BEN, 0, 0, Grip.GRABBED)
    for reason in (Refusal.HELD, Refusal.TOO_MANY, Refusal.UNKNOWN_ENTITY, Refusal.NOT_ALLOWED):
        view.touch(0.0, CUP)
        view.handle_refused(0.1, refused(0, 9, reason, OwnershipRow(CUP, ROOM, 0, 0, Grip.FREE)))
        assert view.owns(CUP), "another claim's refusal"
        view.handle_refused(0.1, refused(0, 1, reason, OwnershipRow(CUP, ROOM, 0, 0, Grip.FREE)))
        assert not view.owns(CUP)
        assert view.poll_correction() == Correction(Holding(CUP), reason)
    view.grab(0.0, CUP)
    view.handle_refused(0.1, refused(1, 0, Refusal.NOT_ALLOWED, held))
    assert view.poll_correction() == Correction(Holding(CUP, BEN, 0, 0, Grip.GRABBED), Refusal.NOT_ALLOWED)


def test_rep_65_it_lets_go_and_throws() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.handle_changed(0.1, told(ANNA, 1, 0, Grip.GRABBED))
    messages(view)
    view.release(0.2, CUP, keep=True)
    assert messages(view) == [ReleaseOwnership(CUP, 1, 0, True)]
    assert view.holding(CUP) == Holding(CUP, ANNA, 1, 1, Grip.TOUCHED)
    view.handle_changed(0.3, told(ANNA, 1, 1, Grip.TOUCHED))
    view.release(0.4, CUP)
    assert messages(view) == [ReleaseOwnership(CUP, 1, 1, False)]
    assert view.holding(CUP) == Holding(CUP, ROOM, 1, 2, Grip.FREE)
    assert not view.owns(CUP)
    view.handle_changed(0.5, told(ROOM, 1, 2, Grip.FREE))
    assert view.timeout is None
    view.release(0.6, CUP)
    assert messages(view) == [], "what one has not, one does not release"


def test_rep_65_what_is_let_go_before_the_answer_is_released_when_it_comes() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.release(0.1, CUP)
    assert messages(view) == [ClaimOwnership(CUP, 1, 0)]
    assert view.holding(CUP) == Holding(CUP)
    view.handle_changed(0.2, told(ANNA, 1, 0, Grip.GRABBED))
    assert messages(view) == [ReleaseOwnership(CUP, 1, 0, False)]
    view.handle_changed(0.3, told(ROOM, 1, 1, Grip.FREE))
    assert messages(view) == []


def test_rep_65_what_is_thrown_before_the_answer_keeps_its_grab() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.release(0.1, CUP, keep=True)
    assert messages(view) == [ClaimOwnership(CUP, 1, 0)]
    assert view.holding(CUP) == Holding(CUP, ANNA, 1, 0, Grip.TOUCHED)
    view.handle_changed(0.2, told(ANNA, 1, 0, Grip.GRABBED))
    assert messages(view) == [ReleaseOwnership(CUP, 1, 0, True)]


def test_rep_65_older_news_is_passed_over() -> None:
    view = OwnershipView(ANNA)
    view.handle_changed(0.0, told(BEN, 3, 1, Grip.GRABBED))
    view.handle_changed(0.0, told(ROOM, 2, 9, Grip.FREE))
    view.handle_changed(0.0, told(ROOM, 3, 0, Grip.FREE))
    assert view.holding(CUP) == Holding(CUP, BEN, 3, 1, Grip.GRABBED)
    view.grab(0.0, CUP)
    assert messages(view) == [ClaimOwnership(CUP, 4, 0)]


def test_rep_65_what_is_taken_away_is_told() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.handle_changed(0.1, told(ANNA, 1, 0, Grip.GRABBED))
    view.handle_changed(0.2, told(ROOM, 1, 1, Grip.FREE))
    assert view.poll_correction() == Correction(Holding(CUP, ROOM, 1, 1, Grip.FREE))
    assert messages(view) == [ClaimOwnership(CUP, 1, 0)], "it is not claimed again"


def test_rep_65_claims_are_said_again_until_they_are_answered() -> None:
    view = OwnershipView(ANNA)
    view.grab(1.0, CUP)
    messages(view)
    assert view.timeout == 1.0 + OWNERSHIP_REPEAT_SECONDS
    view.handle_timeout(1.0 + OWNERSHIP_REPEAT_SECONDS - 0.001)
    assert messages(view) == []
    view.handle_timeout(1.0 + OWNERSHIP_REPEAT_SECONDS)
    assert messages(view) == [ClaimOwnership(CUP, 1, 0)]
    view.handle_despawned(CUP)
    assert view.holding(CUP) == Holding(CUP)
    assert not view.owns(CUP)
    assert view.timeout is None


def test_rep_76_after_a_lost_connection_everything_open_is_asked_again_and_what_is_held_is_asked_after() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.handle_changed(0.1, told(ANNA, 1, 0, Grip.GRABBED))
    view.grab(0.2, CUP + 1)
    assert view.is_granted(CUP)
    assert not view.is_granted(CUP + 1)
    messages(view)
    view.handle_resumed(0.3)
    assert messages(view) == [ClaimOwnership(CUP + 1, 1, 0), ClaimOwnership(CUP, 1, 0)]
    assert not view.is_granted(CUP), "not until the room says so again"
    assert view.timeout == 0.3 + OWNERSHIP_REPEAT_SECONDS
    view.handle_changed(0.4, told(ANNA, 1, 0, Grip.GRABBED))
    assert view.is_granted(CUP)
    view.handle_resumed(0.5)
    messages(view)
    view.handle_refused(0.6, refused(1, 0, Refusal.OUTDATED, OwnershipRow(CUP, BEN, 2, 0, Grip.GRABBED)))
    assert view.poll_correction() == Correction(Holding(CUP, BEN, 2, 0, Grip.GRABBED))
    assert not view.owns(CUP)


def test_rep_65_holdings_that_do_not_concern_it_are_forgotten_the_oldest_first() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.handle_changed(0.1, told(ANNA, 1, 0, Grip.GRABBED))
    rows = [OwnershipRow(CUP + place, BEN, 7, 0, Grip.GRABBED) for place in range(1, 6)]
    view.handle_changed(0.2, OwnershipChanged(rows))
    view.forget_free(6)
    assert view.holding(CUP + 1).owner == BEN
    view.forget_free(3)
    assert [view.holding(CUP + place).owner for place in range(6)] == [ANNA, ROOM, ROOM, ROOM, BEN, BEN]
    view.forget_free(0)
    assert [view.holding(CUP + place).owner for place in range(6)] == [ANNA, *[ROOM] * 5]


def test_rep_83_after_a_lost_connection_it_asks_whether_it_still_has_what_it_had() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.grab(0.0, CUP + 1)
    view.handle_changed(0.1, told(ANNA, 1, 0, Grip.GRABBED))
    messages(view)
    view.handle_resumed(5.0)
    assert sorted(messages(view), key=str) == [ClaimOwnership(CUP, 1, 0), ClaimOwnership(CUP + 1, 1, 0)]
    assert not view.is_granted(CUP)
    view.handle_changed(5.1, told(ANNA, 1, 0, Grip.GRABBED))
    assert view.is_granted(CUP)
    view.handle_resumed(6.0)
    view.handle_refused(6.1, refused(1, 0, Refusal.OUTDATED, OwnershipRow(CUP, ROOM, 1, 1, Grip.FREE)))
    assert view.owns(CUP)
    assert messages(view)[-1] == ClaimOwnership(CUP, 2, 0), "nobody has it: it is taken again"


def test_rep_65_what_was_let_go_of_is_touched_again() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    view.handle_changed(0.1, told(ANNA, 1, 0, Grip.GRABBED))
    view.release(0.2, CUP)
    view.touch(0.2, CUP)
    assert messages(view)[1:] == [ReleaseOwnership(CUP, 1, 0, False), ReleaseOwnership(CUP, 1, 0, True)]
    view.handle_changed(0.3, told(ROOM, 1, 1, Grip.FREE))
    assert view.owns(CUP)
    assert messages(view) == [ClaimOwnership(CUP, 1, 2)]
    view.handle_refused(0.3, refused(1, 0, Refusal.NOT_OWNER, OwnershipRow(CUP, ROOM, 1, 1, Grip.FREE)))
    view.handle_changed(0.4, told(ANNA, 1, 2, Grip.TOUCHED))
    assert view.is_granted(CUP)


def test_holdings_that_nobody_here_needs_are_forgotten() -> None:
    view = OwnershipView(ANNA)
    view.grab(0.0, CUP)
    rows = [OwnershipRow(CUP + number, BEN, 3, 0, Grip.GRABBED) for number in range(1, 41)]
    view.handle_changed(0.0, OwnershipChanged(rows))
    view.forget_free(41)
    assert view.holding(CUP + 1).owner == BEN
    view.forget_free(32)
    assert view.holding(CUP).owner == ANNA
    assert [number for number in range(1, 41) if view.holding(CUP + number).owner == ROOM] == list(range(1, 13))
    view.grab(1.0, CUP + 1)
    view.handle_refused(1.1, refused(1, 0, Refusal.OUTDATED, rows[0]))
    assert not view.owns(CUP + 1), "somebody holds it, which is told again"
