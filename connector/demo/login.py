"""The login host: tenant state, OpenID metadata and keys, and tokens for a refresh token."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from connector.demo import people
from connector.demo.faults import Faults
from connector.demo.serving import Reply, Request, json_reply

CONTEXT_IDENTIFIER = "Cust12345"
CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-secret"  # noqa: S105 - the demo's only secret is that there is none
REFRESH_TOKEN = "demo-refresh-token"  # noqa: S105
REDIRECT_URI = "http://127.0.0.1/callback"
CLAIM = "http://schemes.superoffice.net/identity/"
ID_TOKEN_SECONDS = 300
_RUNNING_STATES = ("Running", "OnlineMaintenance")
_OWN_CLAIMS = ("ctx", "webapi_url", "netserver_url", "associateid", "email", "upn", "identityprovider",
"initials",
               "so_primary_email_address", "is_administrator", "company_name", "serial")  # fmt: skip


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    """One key for the process: making it takes longer than everything else here."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def is_running(state: str) -> bool:
    """Whether the API of a tenant in this state answers."""
    return state in _RUNNING_STATES


class AccessTokens:
    """The access tokens that were handed out, opaque, each with its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[str, float] = {}

    def issue(self, seconds: int) -> str:
        token = f"8A:{CONTEXT_IDENTIFIER}.{secrets.token_urlsafe(32)}"
        now = time.monotonic()
        with self._lock:
            self._ends = {known: end for known, end in self._ends.items() if end > now}
            self._ends[token] = now + seconds
        return token

    def is_valid(self, token: str) -> bool:
        with self._lock:
            return self._ends.get(token, 0.0) > time.monotonic()

    def expire_all(self) -> None:
        with self._lock:
            self._ends.clear()


class LoginHost:
    """Answers the requests of the login host. The two URLs are set when both ports are known."""

    def __init__(self, faults: Faults, tokens: AccessTokens) -> None:
        self.faults = faults
        self.tokens = tokens
        self.login_url = ""
        self.tenant_root = ""

    def answer(self, request: Request) -> Reply:
        path = request.path.lower().rstrip("/")
        if path.startswith("/api/state/"):
            return self._state(request.path.rstrip("/").rsplit("/", 1)[1])
        if path == "/login/common/oauth/tokens":
            return self._tokens(request) if request.method == "POST" else _plain(405)
        if request.method == "GET" and path == "/login/.well-known/openid-configuration":
            return json_reply(self._metadata())
        if request.method == "GET" and path == "/login/.well-known/jwks":
            return json_reply({"keys": [_public_key()]})
        return _plain(404)

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

    def _metadata(self) -> dict[str, Any]:
        base = f"{self.login_url}/login"
        return {
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
        }

    def _tokens(self, request: Request) -> Reply:
        if request.content_type != "application/x-www-form-urlencoded":
            return _refused(400, "invalid_request", "The request must be a form.")
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        refusal = self._refusal(form, request)
        return refusal if refusal is not None else self._issued()

    def _refusal(self, form: dict[str, str], request: Request) -> Reply | None:
        client_id, client_secret = _client(form, request)
        if not (_same(client_id, CLIENT_ID) and _same(client_secret, CLIENT_SECRET)):
            return _refused(401, "invalid_client", "Unknown client or wrong client secret.")
        if form.get("grant_type") != "refresh_token":
            return _refused(400, "unsupported_grant_type", "Only refresh_token is supported.")
        if not form.get("redirect_uri"):
            return _refused(400, "invalid_request", "redirect_uri is missing.")
        if form["redirect_uri"] != REDIRECT_URI:
            return _refused(400, "invalid_request", "redirect_uri is not registered for this client.")
        if self.faults.refresh_token_revoked or not _same(form.get("refresh_token", ""), REFRESH_TOKEN):
            return _refused(400, "invalid_grant", "The refresh token is unknown or was revoked.")
        return None

    def _issued(self) -> Reply:
        seconds = self.faults.access_token_seconds
        body = {
            "token_type": "Bearer",
            "access_token": self.tokens.issue(seconds),
            "expires_in": seconds,
            "id_token": jwt.encode(self._claims(), _signing_key(), "RS256", {"kid": _public_key()["kid"]}),
        }
        return json_reply(body, headers={"Cache-Control": "no-store"})

    def _claims(self) -> dict[str, Any]:
        user = people.ASSOCIATES[people.API_USER_ID]
        now = int(time.time())
        own = {
            "ctx": CONTEXT_IDENTIFIER, "webapi_url": f"{self.tenant_root}/api/",
            "netserver_url": f"{self.tenant_root}/Remote/Services88/", "associateid": str(user.associate_id),
            "email": user.email, "upn": user.email, "identityprovider": "superid", "initials": user.name,
            "so_primary_email_address": user.email, "is_administrator": "False",
            "company_name": "Musterroboter Vertriebs-GmbH", "serial": "1234567890",
        }  # fmt: skip
        claims = {
            "sub": user.email, "iat": now, "nbf": now - 5, "exp": now + ID_TOKEN_SECONDS,
            "iss": self.login_url,
            "aud": CLIENT_ID, **{CLAIM + name: value for name, value in own.items()},
        }  # fmt: skip
        for name, value in self.faults.id_token_claims.items():
            claims[CLAIM + name if name in _OWN_CLAIMS else name] = value
        return {name: value for name, value in claims.items() if value is not None}


@cache
def _public_key() -> dict[str, Any]:
    key: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(_signing_key().public_key()))
    kid = hashlib.sha256(key["n"].encode()).hexdigest()[:16]
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": key["n"], "e": key["e"]}


def _client(form: dict[str, str], request: Request) -> tuple[str, str]:
    """Client id and secret from the form or from the Basic header; never from the address, where logs would keep
    them.
    """
    header = request.headers.get("Authorization") or ""
    if header.lower().startswith("basic "):
        try:
            name, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return unquote_plus(name), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _refused(status: int, error: str, description: str) -> Reply:
    return json_reply(
        {"error": error, "error_description": description}, status, {"Cache-Control": "no-store"}
    )


def _plain(status: int) -> Reply:
    return Reply(status, b"", "text/plain")
