import pytest

from theta.commands.roles import ROLES, at_least, higher_role, lower_role, may_edit
from theta.wire.types import RoleName


def test_viewers_look_and_others_edit() -> None:
    assert {role: may_edit(role) for role in ROLES} == {"viewer": False, "editor": True, "admin": True}


@pytest.mark.parametrize("first", ROLES)
@pytest.mark.parametrize("second", ROLES)
def test_of_two_roles_the_higher_counts(first: RoleName, second: RoleName) -> None:
    assert higher_role(first, second) == ROLES[max(ROLES.index(first), ROLES.index(second))]


@pytest.mark.parametrize("first", ROLES)
@pytest.mark.parametrize("second", ROLES)
def test_of_two_roles_one_may_do_less(first: RoleName, second: RoleName) -> None:
    assert lower_role(first, second) == ROLES[min(ROLES.index(first), ROLES.index(second))]
    assert at_least(first, second) == (ROLES.index(first) >= ROLES.index(second))
