"""The roles of people, and how a claim of the identity provider gives one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from job_processor.core.access import Right


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def rights(self) -> frozenset[Right]:
        return _RIGHTS[self]


_RIGHTS = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.OPERATOR: frozenset({Right.READ, Right.SUBMIT, Right.OPERATE}),
    Role.ADMIN: frozenset({Right.ADMIN}),
}
_LOWEST_FIRST = tuple(Role)


@dataclass(frozen=True, slots=True)
class RoleRules:
    """``claim``: its name, or the path to it with dots between the names. ``roles``: by value of the claim.
    ``default``: of somebody whose claim gives none; ``None``: refused."""

    claim: str
    roles: Mapping[str, Role]
    default: Role | None = None

    def role_of(self, claims: Mapping[str, object]) -> Role | None:
        """The highest role that the claims give, else the default."""
        # Whole values alone: a group named "not admin" must not become the role admin.
        given = [self.roles[value] for value in self._values(claims) if value in self.roles]
        return max(given, key=_LOWEST_FIRST.index, default=self.default)

    def is_claimed(self, claims: Mapping[str, object]) -> bool:
        """Whether the claim is there at all, whatever it gives."""
        return self._claim(claims) is not None

    def _values(self, claims: Mapping[str, object]) -> list[str]:
        if self.claim == "email" and claims.get("email_verified") is not True:
            # Some providers let people write any address there.
            return []
        found = self._claim(claims)
        values = found if isinstance(found, list) else [found]
        return [value for value in values if isinstance(value, str)]

    def _claim(self, claims: Mapping[str, object]) -> object:
        """A name with dots (``https://example.com/roles``) goes before a path (Keycloak: ``realm_access.roles``)."""
        if self.claim in claims:
            return claims[self.claim]
        found: object = claims
        for name in self.claim.split("."):
            if not isinstance(found, Mapping):
                return None
            found = found.get(name)
        return found
