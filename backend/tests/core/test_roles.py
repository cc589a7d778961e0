"""Which role a claim gives."""

import pytest

from job_processor.core.access import Principal, PrincipalKind, Right
from job_processor.core.roles import Role, RoleRules

RULES = {"admins": Role.ADMIN, "ops": Role.OPERATOR, "all": Role.VIEWER, "ann@example.com": Role.ADMIN}


@pytest.mark.parametrize(
    ("claim", "claims", "role"),
    [
        ("roles", {"roles": ["all", "admins", "ops"]}, Role.ADMIN),
        ("roles", {"roles": ["ops", "all"]}, Role.OPERATOR),
        ("roles", {"roles": "all"}, Role.VIEWER),
        ("roles", {"roles": ["staff"]}, None),
        ("roles", {"roles": []}, None),
        ("roles", {}, None),
        ("roles", {"roles": None}, None),
        ("roles", {"roles": {"admins": True}}, None),
        ("roles", {"roles": [["admins"], {"admins": 1}, 7, None]}, None),
        # Whole values alone, and as they are written.
        ("roles", {"roles": "not admins"}, None),
        ("roles", {"roles": "ops admins"}, None),
        ("roles", {"roles": ["Admins", "admins ", "/admins"]}, None),
        ("realm_access.roles", {"realm_access": {"roles": ["ops"]}}, Role.OPERATOR),
        ("realm_access.roles", {"realm_access": ["ops"]}, None),
        ("realm_access.roles", {"roles": ["ops"]}, None),
        ("https://example.com/roles", {"https://example.com/roles": ["ops"]}, Role.OPERATOR),
        ("a.b", {"a.b": "ops", "a": {"b": "admins"}}, Role.OPERATOR),
        # An address that nobody has verified may be anybody's.
        ("email", {"email": "ann@example.com", "email_verified": True}, Role.ADMIN),
        ("email", {"email": "ann@example.com"}, None),
        ("email", {"email": "ann@example.com", "email_verified": False}, None),
        ("email", {"email": "ann@example.com", "email_verified": "true"}, None),
    ],
)
def test_the_highest_role_of_the_claim_counts(claim: str, claims: dict[str, object], role: Role | None) -> None:
    assert RoleRules(claim, RULES).role_of(claims) is role
    assert RoleRules(claim, RULES, Role.VIEWER).role_of(claims) is (role or Role.VIEWER)


def test_what_each_role_may() -> None:
    may = {
        role: {right for right in Right if Principal(PrincipalKind.PERSON, rights=role.rights).may(right)}
        for role in Role
    }
    assert may == {
        Role.VIEWER: {Right.READ},
        Role.OPERATOR: {Right.READ, Right.SUBMIT, Right.OPERATE},
        Role.ADMIN: set(Right),
    }
