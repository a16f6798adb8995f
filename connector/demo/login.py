"""The login host: tenant state, OpenID metadata and keys, and the token endpoint."""

import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from connector.demo import keys, people
from connector.demo.authorize import PATH as AUTHORIZE
from connector.demo.authorize import AuthorizeHost
from connector.demo.faults import Faults
from connector.demo.registration import (
    CLIENT_ID,
    CLIENT_SECRET,
    CONTEXT_IDENTIFIER,
    REDIRECT_URI,
    REFRESH_TOKEN,
    SERIAL,
    SYSTEM_USER_TOKEN,
    is_registered,
)
from connector.demo.serving import Reply, Request, json_reply
from connector.demo.sessions import Sessions
from connector.demo.sign_ins import SignIn, SignIns
from connector.demo.system_user import CLAIM, SystemUserExchange
from connector.demo.system_user import PATH as SYSTEM_USER

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CONTEXT_IDENTIFIER",
    "REDIRECT_URI",
    "REFRESH_TOKEN",
    "LoginHost",
    "is_running",
]

ID_TOKEN_SECONDS = 300
_RUNNING_STATES = ("Running", "OnlineMaintenance")
_OWN_CLAIMS = ("ctx", "webapi_url", "netserver_url", "associateid", "email", "upn", "identityprovider",
"initials",
               "so_primary_email_address", "is_administrator", "company_name", "serial", "system_token")  # fmt: skip


def is_running(state: str) -> bool:
    """Whether the API of a tenant in this state answers."""
    return state in _RUNNING_STATES


class TokenRefused(Exception):
    """The token endpoint says no, in OAuth's words."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error

    def reply(self) -> Reply:
        body = {"error": self.error, "error_description": str(self)}
        return json_reply(body, self.status, {"Cache-Control": "no-store"})


class LoginHost:
    """Answers the requests of the login host. The two URLs are set when both ports are known."""

    def __init__(
        self, faults: Faults, sessions: Sessions, sign_ins: SignIns, system_user: SystemUserExchange
    ) -> None:
        self.faults = faults
        self.sessions = sessions
        self.sign_ins = sign_ins
        self.authorize = AuthorizeHost(faults, sign_ins)
        self.system_user = system_user
        self.login_url = ""
        self.tenant_root = ""
        self._answers: dict[str, tuple[str, Callable[[Request], Reply]]] = {
            "/login/common/oauth/tokens": ("POST", self._tokens),
            SYSTEM_USER: ("POST", self._system_user),
            "/login/.well-known/openid-configuration": ("GET", self._metadata),
            "/login/.well-known/jwks": ("GET", lambda request: json_reply({"keys": [keys.public_key()]})),
        }

    def answer(self, request: Request) -> Reply:
        path = request.path.lower().rstrip("/")
        authorize = AUTHORIZE.fullmatch(path)
        if authorize and request.method in ("GET", "POST") and request.is_for_loopback:
            return self.authorize.answer(request, authorize[1])
        if path.startswith("/api/state/"):
            return self._state(request.path.rstrip("/").rsplit("/", 1)[1])
        known = self._answers.get(path)
        if known is None:
            return _plain(404)
        method, answer = known
        return answer(request) if request.method == method else _plain(405)

    def _now(self) -> datetime:
        """What this host's clock shows."""
        return datetime.fromtimestamp(time.time() + self.faults.clock_offset, UTC)

    def _state(self, context_identifier: str) -> Reply:
        known = context_identifier.lower() == CONTEXT_IDENTIFIER.lower()
        state = self.faults.state if known else "Unknown"
        # Seven digits after the point, as .NET writes it.
        valid_until = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
        body = {
            "ContextIdentifier": CONTEXT_IDENTIFIER if known else context_identifier,
            "Endpoint": self.tenant_root if known else None,
            "State": state,
            "IsRunning": is_running(state),
            "ValidUntil": valid_until,
            "Api": f"{self.tenant_root}/api" if known else None,
        }
        return json_reply(body)

    def _system_user(self, request: Request) -> Reply:
        return self.system_user.answer(request, self._now(), self.tenant_root)

    def _metadata(self, request: Request) -> Reply:
        base = f"{self.login_url}/login"
        metadata = {
            "issuer": self.login_url,
            "authorization_endpoint": f"{base}/common/oauth/authorize",
            "token_endpoint": f"{base}/common/oauth/tokens",
            "jwks_uri": f"{base}/.well-known/jwks",
            "scopes_supported": ["openid"],
            "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
            "response_modes_supported": ["form_post", "fragment", "query"],
            "grant_types_supported": ["implicit", "authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["plain", "S256"],
        }
        return json_reply(metadata)

    def _tokens(self, request: Request) -> Reply:
        try:
            if request.content_type != "application/x-www-form-urlencoded":
                raise TokenRefused(400, "invalid_request", "The request must be a form.")
            form = request.form
            _check_client(form, request)
            if form.get("grant_type") == "refresh_token":
                return self._refreshed(form)
            if form.get("grant_type") == "authorization_code":
                return self._redeemed(form)
            raise TokenRefused(
                400, "unsupported_grant_type", "Only refresh_token and authorization_code are supported."
            )
        except TokenRefused as refusal:
            return refusal.reply()

    def _refreshed(self, form: dict[str, str]) -> Reply:
        _check_redirect(form)
        token = form.get("refresh_token", "")
        sign_in = None if _same(token, REFRESH_TOKEN) else self.sign_ins.find(token)
        is_revoked = self.faults.refresh_token_revoked or (
            self._user(sign_in).associate_id in self.faults.revoked_users
        )
        if is_revoked or (sign_in is None and not _same(token, REFRESH_TOKEN)):
            raise TokenRefused(400, "invalid_grant", "The refresh token is unknown or was revoked.")
        return self._issued(sign_in, {})

    def _redeemed(self, form: dict[str, str]) -> Reply:
        _check_redirect(form)
        code, verifier = form.get("code", ""), form.get("code_verifier", "")
        grant = self.sign_ins.redeem(code, form["redirect_uri"], verifier)
        if grant is None:
            raise TokenRefused(
                400,
                "invalid_grant",
                "The code is unknown, used or too old, or it was issued for another request.",
            )
        more = {} if self.faults.no_refresh_token else {"refresh_token": self.sign_ins.keep(grant.sign_in)}
        return self._issued(grant.sign_in, more, grant.nonce)

    def _issued(self, sign_in: SignIn | None, more: dict[str, str], nonce: str = "") -> Reply:
        """Tokens for who signed in; None is the user behind the demo's own refresh token."""
        seconds = self.faults.access_token_seconds
        context = sign_in.context_identifier if sign_in else CONTEXT_IDENTIFIER
        claims = self._claims(self._user(sign_in), context) | ({"nonce": nonce} if nonce else {})
        body = {
            "token_type": "Bearer",
            "access_token": self.sessions.issue_token(
                sign_in.associate_id if sign_in else None, seconds, context
            ),
            "expires_in": seconds,
            **more,
            "id_token": keys.signed({name: value for name, value in claims.items() if value is not None}),
        }
        return json_reply(body, headers={"Cache-Control": "no-store"})

    def _user(self, sign_in: SignIn | None) -> people.Associate:
        return people.ASSOCIATES[sign_in.associate_id if sign_in else self.faults.api_user]

    def _claims(self, user: people.Associate, context: str) -> dict[str, Any]:
        root = self.tenant_root.replace(CONTEXT_IDENTIFIER, context)
        own = {
            "ctx": context, "webapi_url": f"{root}/api/",
            "netserver_url": f"{root}/Remote/Services88/", "associateid": str(user.associate_id),
            "email": user.email, "upn": user.email, "identityprovider": "superid", "initials": user.name,
            "so_primary_email_address": user.email, "is_administrator": str(user.is_administrator),
            "company_name": people.OWN_NAME, "serial": SERIAL,
            "system_token": SYSTEM_USER_TOKEN if user.is_administrator else None,
        }  # fmt: skip
        now = int(self._now().timestamp())
        claims: dict[str, Any] = {
            "sub": user.email, "iat": now, "nbf": now - 5, "exp": now + ID_TOKEN_SECONDS,
            "iss": self.login_url,
            "aud": CLIENT_ID, **{CLAIM + name: value for name, value in own.items()},
        }  # fmt: skip
        for name, value in self.faults.id_token_claims.items():
            claims[CLAIM + name if name in _OWN_CLAIMS else name] = value
        return claims


def _check_client(form: dict[str, str], request: Request) -> None:
    client_id, client_secret = _client(form, request)
    if not (_same(client_id, CLIENT_ID) and _same(client_secret, CLIENT_SECRET)):
        raise TokenRefused(401, "invalid_client", "Unknown client or wrong client secret.")


def _check_redirect(form: dict[str, str]) -> None:
    if not form.get("redirect_uri"):
        raise TokenRefused(400, "invalid_request", "redirect_uri is missing.")
    if not is_registered(form["redirect_uri"]):
        raise TokenRefused(400, "invalid_request", "redirect_uri is not registered for this client.")


def _client(form: dict[str, str], request: Request) -> tuple[str, str]:
    """Client id and secret from the form or from the Basic header; never from the address, where logs would keep
    them.
    """
    pair = request.basic_credentials()
    if pair is not None:
        return unquote_plus(pair[0]), unquote_plus(pair[1])
    return form.get("client_id", ""), form.get("client_secret", "")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _plain(status: int) -> Reply:
    return Reply(status, b"", "text/plain")
