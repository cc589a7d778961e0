"""The roles of people, and their mapping from a claim of the identity provider."""

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
    """The mapping from a claim to a role. ``claim``: its name, or a path of names separated by dots. ``roles``: the
    role for each value of the claim. ``default``: the role if no value matches; ``None``: sign-in is refused."""

    claim: str
    roles: Mapping[str, Role]
    default: Role | None = None

    def role_of(self, claims: Mapping[str, object]) -> Role | None:
        """The highest role that the claims map to, else the default."""
        # Only whole values match: a group named "not admin" must not map to the role admin.
        given = [self.roles[value] for value in self._values(claims) if value in self.roles]
        return max(given, key=_LOWEST_FIRST.index, default=self.default)

    def is_claimed(self, claims: Mapping[str, object]) -> bool:
        """Whether the claim exists, whatever its value."""
        return self._claim(claims) is not None

    def _values(self, claims: Mapping[str, object]) -> list[str]:
        if self.claim == "email" and claims.get("email_verified") is not True:
            # Some providers let people set an unverified address.
            return []
        found = self._claim(claims)
        values = found if isinstance(found, list) else [found]
        return [value for value in values if isinstance(value, str)]

    def _claim(self, claims: Mapping[str, object]) -> object:
        """The claim's value. A claim whose name contains dots (``https://example.com/roles``) has precedence over a
        path (Keycloak: ``realm_access.roles``)."""
        if self.claim in claims:
            return claims[self.claim]
        found: object = claims
        for name in self.claim.split("."):
            if not isinstance(found, Mapping):
                return None
            found = found.get(name)
        return found
