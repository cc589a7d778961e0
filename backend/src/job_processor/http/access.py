"""Authentication and authorisation, once per request and only here: no login, a trusted proxy, an API key, or a session
of the page."""

from enum import StrEnum

from starlette.requests import Request
from starlette.types import Scope

from job_processor.acts.credentials import Credentials
from job_processor.acts.rate_limits import RateLimits
from job_processor.acts.refusals import Refusals
from job_processor.core.access import EVERYONE, NOBODY, PROXY, Principal, PrincipalKind, Requester, Right
from job_processor.core.key_text import id_of
from job_processor.http.connection_limits import client_address
from job_processor.http.problems import RequestRefused
from job_processor.http.rate_limit import RateLimiter
from job_processor.http.scope_keys import HEADERS_BY_NAME, PRINCIPAL
from job_processor.oidc.base import People
from job_processor.oidc.errors import TokenRefused

SESSION_COOKIE = "__Host-jp_session"
"""Browsers accept a name with ``__Host-`` only with Secure, for one host and for all paths."""
_SAFE = frozenset({"GET", "HEAD"})


class Needs(StrEnum):
    """What an operation requires of its requester."""

    NOTHING = "nothing"
    """Anybody may: health checks, signing in, and callbacks, which authenticate themselves."""
    PRINCIPAL = "principal"
    """Any valid key or session."""
    READ = Right.READ.value
    SUBMIT = Right.SUBMIT.value
    OPERATE = Right.OPERATE.value
    ADMIN = Right.ADMIN.value


_RIGHTS = {needs: Right(needs.value) for needs in Needs if needs.value in {right.value for right in Right}}


class Auth(StrEnum):
    OFF = "off"
    PROXY = "proxy"
    KEYS = "keys"


class Gate:
    """``people``: the people that an identity provider knows; ``None``: there is no identity provider."""

    def __init__(
        self,
        auth: Auth,
        credentials: Credentials,
        refusals: Refusals,
        rate_limits: RateLimits,
        *,
        people: People | None = None,
    ) -> None:
        self.auth = auth
        self._credentials = credentials
        self._refusals = refusals
        self._limiter = RateLimiter(rate_limits)
        # Without a login all requests come from this machine.
        self._limits_addresses = auth is not Auth.OFF
        self._people = people
        self._without_key = None if auth is Auth.KEYS else EVERYONE if auth is Auth.OFF else PROXY
        """Who makes each request; ``None``: its key or session tells."""

    def admit_at_once(self, scope: Scope, needs: Needs, *, all_flows: bool = False) -> bool:
        """Admit a request without waiting, from the caches; this is possible for nearly every request with a key.
        ``False``: nothing was decided or counted; call ``admit``."""
        principal = self._without_key or self._credentials.of_header(scope[HEADERS_BY_NAME].get(b"authorization", b""))
        if principal is None or principal is PROXY:
            return False
        right = _RIGHTS.get(needs)
        if right is None or not principal.may(right) or (all_flows and principal.flows is not None):
            return False
        if principal.owner and not self._limiter.count_at_once(scope, principal):
            return False
        scope[PRINCIPAL] = principal
        return True

    async def admit(self, scope: Scope, needs: Needs, route: str, *, all_flows: bool = False) -> None:
        """Decide who asks, and whether they may. Raises ``RequestRefused`` (401, 403, 429) and ``StoreUnavailable``.

        A request with a valid key counts for that key, any other for its address.

        ``all_flows``: not for a key that is limited to flows. ``route``: method and path, for the audit.
        """
        scope[PRINCIPAL] = NOBODY
        try:
            if needs is Needs.NOTHING:
                await self.count_address(scope)
                return
            principal = self._without_key or await self._principal(scope)
            scope[PRINCIPAL] = principal
            if principal.owner:
                await self._limiter.count_principal(scope, principal)
            elif principal.kind is PrincipalKind.PROXY:
                await self.count_address(scope)
            check_rights(principal, needs, all_flows=all_flows)
        except RequestRefused as refused:
            # The page asks who is signed in, to learn whether a sign-in is needed: this 401 is no failed attempt.
            if needs is not Needs.PRINCIPAL or refused.code != "no_key":
                self.note_refusal(scope, route, refused.code)
            raise

    async def charge(self, scope: Scope, more: int) -> None:
        """Count ``more`` further requests for the key of this request. Raises ``RequestRefused`` (429)."""
        principal: Principal = scope[PRINCIPAL]
        for _ in range(more if principal.owner else 0):
            await self._limiter.count_principal(scope, principal)

    def note_refusal(self, scope: Scope, route: str, code: str) -> None:
        self._refusals.note(self.requester(Request(scope)), route, code)

    def requester(self, request: Request) -> Requester:
        """Who asks, from where, in which request."""
        return Requester(principal_of(request), client_address(request), request.scope.get("request_id", ""))

    def session_in(self, scope: Scope) -> str | None:
        """The id of the session that a request's cookie names, valid or not; ``None``: it has none of ours."""
        value = _session_in(scope)
        return None if value is None else self._credentials.session_named(value)

    async def count_address(self, scope: Scope) -> None:
        """Count a request without a key for its address. Raises ``RequestRefused`` (429)."""
        if self._limits_addresses:
            await self._limiter.count_address(scope, self._address(scope))

    async def of_key(self, scope: Scope, text: bytes) -> Principal:
        """The principal of an API key. Raises ``RequestRefused`` (401; 429 after many wrong ones)."""
        principal = await self._credentials.of_key(text)
        if principal is None:
            # Only after the look-up: a valid key is never refused because of wrong keys from the same address.
            await self._limiter.count_wrong_key(scope, self._address(scope))
            raise wrong_key(text.decode("latin-1"))
        return principal

    def _address(self, scope: Scope) -> str:
        return client_address(Request(scope))

    async def _principal(self, scope: Scope) -> Principal:
        bearer = _header(scope, b"authorization")
        if bearer:
            if bearer[:7].lower() != b"bearer ":
                await self.count_address(scope)
                raise _unauthorized("no_key", "Send the API key as `Authorization: Bearer jp_…`.")
            return await self._of_bearer(scope, bearer[7:].strip())
        value = _session_in(scope)
        principal = None if value is None else await self._credentials.of_session(value)
        if principal is None or (principal.kind is PrincipalKind.PERSON and self._people is None):
            await self.count_address(scope)
            raise _unauthorized("no_key", "An API key is needed: `Authorization: Bearer jp_…`; on the page, sign in.")
        _check_same_origin(scope)
        return principal

    async def _of_bearer(self, scope: Scope, text: bytes) -> Principal:
        """The principal of an API key or, if access tokens are accepted, of an access token.

        Raises ``RequestRefused`` (401, 403) and ``ProviderUnavailable``.
        """
        if self._people is None or not self._people.take_tokens or text.startswith(b"jp_"):
            return await self.of_key(scope, text)
        try:
            principal = await self._people.of_token(text.decode("latin-1"))
        except TokenRefused as refused:
            await self._limiter.count_wrong_key(scope, self._address(scope))
            detail = f"This is neither an API key nor a valid access token. {refused}"
            raise _unauthorized("invalid_token", detail, error=True) from None
        # Set even if the request is refused: the audit names the person.
        scope[PRINCIPAL] = principal
        check_role(principal)
        return principal


def check_role(principal: Principal) -> None:
    """Raises ``RequestRefused`` (403) for a person to whom the identity provider gives no role here."""
    if not principal.rights:
        raise RequestRefused(
            403, "no_role", "The identity provider knows who this is, but gives no role here (OIDC_ROLE_CLAIM)."
        )


def principal_of(request: Request) -> Principal:
    principal: Principal = request.scope[PRINCIPAL]
    return principal


def check_rights(principal: Principal, needs: Needs, *, all_flows: bool = False) -> None:
    """Raises ``RequestRefused`` (403) if the principal lacks the right, or ``all_flows`` and it is limited to some."""
    right = _RIGHTS.get(needs)
    if right is not None and not principal.may(right):
        had = ", ".join(sorted(principal.rights)) or "none"
        raise RequestRefused(
            403,
            "missing_right",
            f"This needs the right `{needs.value}`; the rights here are: {had}.",
            headers={"www-authenticate": f'Bearer error="insufficient_scope", scope="{needs.value}"'},
        )
    if all_flows and principal.flows is not None:
        raise RequestRefused(403, "limited_to_flows", "This shows all flows; the key is limited to some.")


def _check_same_origin(scope: Scope) -> None:
    """A browser sends the cookie by itself, so a change must come from our own page (CSRF). Raises ``RequestRefused``.

    SameSite=Strict is not enough: a page of another subdomain of the same site passes it. Browsers send Sec-Fetch-Site
    over https and to loopback, and Origin with every change.
    """
    if scope["method"] in _SAFE:
        return
    site, origin, host = (_header(scope, name) for name in (b"sec-fetch-site", b"origin", b"host"))
    if site == b"same-origin" or (not site and host and origin.partition(b"://")[2].lower() == host.lower()):
        return
    raise RequestRefused(403, "cross_site", "With a session cookie, changes are allowed from the page itself only.")


def _header(scope: Scope, wanted: bytes) -> bytes:
    found: bytes = scope[HEADERS_BY_NAME].get(wanted, b"")
    return found


def _session_in(scope: Scope) -> bytes | None:
    """The value of the session's cookie, valid or not."""
    cookies = (value for name, value in scope["headers"] if name == b"cookie")
    for part in (part for cookie in cookies for part in cookie.split(b";")):
        name, _, value = part.strip().partition(b"=")
        if name == SESSION_COOKIE.encode():
            found: bytes = value
            return found
    return None


def wrong_key(text: str) -> RequestRefused:
    """The 401 for a key that is not valid. It does not say whether the key is wrong, expired or revoked."""
    if id_of(text) is None:
        detail = "This is not an API key of this product, or it was mistyped or cut: its checksum does not fit."
        return _unauthorized("malformed_key", detail, error=True)
    return _unauthorized("invalid_key", "The API key is wrong, expired or revoked.", error=True)


def access_ended() -> RequestRefused:
    """The 401 for a request whose key or session ended while it waited."""
    return _unauthorized("invalid_key", "The key or session has ended.", error=True)


def _unauthorized(code: str, detail: str, *, error: bool = False) -> RequestRefused:
    challenge = 'Bearer realm="job-processor"' + (', error="invalid_token"' if error else "")
    return RequestRefused(401, code, detail, headers={"www-authenticate": challenge})
