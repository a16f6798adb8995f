"""Sign in with SuperOffice: the authorization code with PKCE, for a browser that goes there and comes back."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode

from connector.superoffice import errors
from connector.superoffice.access_tokens import AccessToken, utc_now
from connector.superoffice.grants import ask_for_tokens
from connector.superoffice.identity import Identity, Verifier, own_claims
from connector.superoffice.refusals import authorize_error
from connector.superoffice.transport import Transport
from connector.superoffice.ways_in import App


@dataclass(frozen=True, slots=True)
class SignInStart:
    """Send the browser to `url`; keep `state` and `verifier` on the server for the answer, for one use."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`refresh_token` is empty when SuperOffice sent none: it hands one out at the first sign-in.
    `system_user_token` is empty unless the app has a system user and the tenant approved it.
    """

    refresh_token: str = field(repr=False)
    token: AccessToken
    identity: Identity
    system_user_token: str = field(repr=False)


def begin(app: App) -> SignInStart:
    """The address of SuperOffice's sign-in page, for this app's tenant only. Raises UnsafeAddress."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    query = {
        "response_type": "code",
        "response_mode": "query",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": "openid",
        "state": state,
        "acr_values": f"tenant:{app.context_identifier}",
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",  # without it SuperOffice assumes "plain"
    }
    root = app.checked().login_url
    url = f"{root}/login/common/oauth/authorize?{urlencode(query, quote_via=quote)}"
    return SignInStart(url, state, verifier)


def challenge(verifier: str) -> str:
    """PKCE's S256: the hash that SuperOffice sees first; the verifier itself follows with the code."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def finish(
    app: App, code: str, verifier: str, transport: Transport, *, now: Callable[[], datetime] = utc_now
) -> SignedIn:
    """Exchange the code that came with the answer; the caller has compared `state` before.

    Raises a SignInFailed (WrongTenant with both names when another tenant was chosen), or what the
    transport raises.
    """
    app = app.checked()
    for secret in (app.client_secret, code, verifier):
        transport.redactor.hide(secret)
    grant = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    try:
        answer = ask_for_tokens(app, grant, transport, now)
    except errors.NeedsConsent as refused:
        # The code is used up, too old or not ours: this has nothing to do with the tenant's approval.
        raise refused.retold(errors.SignInFailed) from None
    claims = answer.claims(Verifier(app, transport))
    system_user_token = own_claims(claims).text("system_token")
    transport.redactor.hide(system_user_token)
    return SignedIn(answer.refresh_token, answer.token, Identity.from_claims(claims), system_user_token)


def refused(error: str, description: str) -> errors.SuperOfficeError:
    """What SuperOffice's answer means that carries `error` and `error_description` instead of a code."""
    return authorize_error(error, description)
