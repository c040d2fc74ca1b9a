import pytest

from theta.commands.roles import ROLES, higher_role, may_edit
from theta.wire.types import RoleName


def test_viewers_look_and_others_edit() -> None:
    assert {role: may_edit(role) for role in ROLES} == {"viewer": False, "editor": True, "admin": True}


@pytest.mark.parametrize("first", ROLES)
@pytest.mark.parametrize("second", ROLES)
def test_of_two_roles_the_higher_counts(first: RoleName, second: RoleName) -> None:
    assert higher_role(first, second) == ROLES[max(ROLES.index(first), ROLES.index(second))]
