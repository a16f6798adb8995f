"""From a way in to an access token: the token endpoint and the system user's exchange."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from connector.superoffice import errors
from connector.superoffice.access_tokens import AccessToken
from connector.superoffice.fields import Fields
from connector.superoffice.identity import SIGN_IN_DEADLINE, Identity, Verifier, own_claims
from connector.superoffice.messages import Request, Response
from connector.superoffice.private_key import read_private_key, signed_token
from connector.superoffice.refusals import kind_by_words, sign_in_error
from connector.superoffice.transport import Transport
from connector.superoffice.ways_in import App, RefreshToken, SystemUser

_LIFETIME = 3600  # seconds, what SuperOffice documents, when the answer does not say
_TICKET_LIFE = timedelta(hours=6)
_TICKET_REST = timedelta(hours=1)  # SuperOffice wants no new ticket sooner, unless the old one is refused
Now = Callable[[], datetime]


class Grant(Protocol):
    """One way to an access token; `scheme` is the token's."""

    scheme: str

    def fetch(self, between: Callable[[], None]) -> tuple[AccessToken, Identity]:
        """A new token, verified: two calls at most, with `between` called between them. Raises a SignInFailed,
        or what the transport raises.
        """

    def may_replace(self, present: AccessToken) -> bool:
        """Whether a new token may be asked for although nobody has refused the present one."""

    def headers(self, token: AccessToken) -> dict[str, str]:
        """How the API is shown the token; only ever for the tenant's own host."""


# --- The token endpoint -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint sent. The id_token is not verified yet."""

    token: AccessToken
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    where: Mapping[str, Any]

    def claims(self, verifier: Verifier) -> dict[str, Any]:
        """The id_token's, proved."""
        with errors.told_at(self.where):
            return verifier.claims_of_id_token(self.id_token)


def ask_for_tokens(app: App, grant: Mapping[str, str], transport: Transport, now: Now) -> TokenAnswer:
    """POST `grant` to the token endpoint. Secrets go into the body: an address would end up in logs."""
    client = {"client_id": app.client_id, "client_secret": app.client_secret}
    request = Request(
        "POST",
        f"{app.login_url}/login/common/oauth/tokens",
        form={**grant, **client, "redirect_uri": app.redirect_uri},
        deadline=SIGN_IN_DEADLINE,
    )
    asked_at = now()
    try:
        response = transport.send(request)
    except errors.Refused as refused:
        raise sign_in_error(refused) from None
    with errors.told_at(response.where):
        return _token_answer(response, transport, asked_at)


def _token_answer(response: Response, transport: Transport, asked_at: datetime) -> TokenAnswer:
    fields = Fields.of(response.json(), "token answer")
    life = timedelta(seconds=min(max(float(fields.amount("expires_in")) or _LIFETIME, 0), 86_400))
    value, refresh_token = _usable(fields, "access_token"), fields.text("refresh_token")
    for secret in (value, refresh_token):
        transport.redactor.hide(secret)
    return TokenAnswer(
        token=AccessToken(value, asked_at + life, life=life),
        refresh_token=refresh_token,
        id_token=fields.text("id_token"),
        where=response.where,
    )


class RefreshGrant:
    """Keeps a new refresh token and tells it to `on_refresh_token`; SuperOffice sends none today."""

    scheme = "Bearer"

    def __init__(
        self,
        way_in: RefreshToken,
        transport: Transport,
        now: Now,
        on_refresh_token: Callable[[str], None] | None,
    ) -> None:
        self._app, self._refresh_token = way_in.app.checked(), way_in.refresh_token
        self._transport, self._now = transport, now
        self._on_refresh_token = on_refresh_token
        self._verifier = Verifier(self._app, transport)

    def fetch(self, between: Callable[[], None]) -> tuple[AccessToken, Identity]:
        grant = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        answer = ask_for_tokens(self._app, grant, self._transport, self._now)
        # First of all: from now on the old one may be worth nothing, also when the id_token is refused.
        self._keep(answer.refresh_token)
        between()
        return answer.token, Identity.from_claims(answer.claims(self._verifier))

    def may_replace(self, present: AccessToken) -> bool:
        return True

    def headers(self, token: AccessToken) -> dict[str, str]:
        return {"Authorization": f"{self.scheme} {token.value}"}

    def _keep(self, refresh_token: str) -> None:
        if not refresh_token or refresh_token == self._refresh_token:
            return
        self._refresh_token = refresh_token
        if self._on_refresh_token:
            self._on_refresh_token(refresh_token)


# --- The system user ----------------------------------------------------------------------------------


class SystemUserGrant:
    """Exchanges the signed system user token for a ticket."""

    scheme = "SOTicket"

    def __init__(self, way_in: SystemUser, transport: Transport, now: Now) -> None:
        self._way_in, self._app = way_in, way_in.app.checked()
        self._transport, self._now = transport, now
        self._verifier = Verifier(self._app, transport)

    def fetch(self, between: Callable[[], None]) -> tuple[AccessToken, Identity]:
        asked_at = self._now()
        response = self._exchange(asked_at)
        between()
        with errors.told_at(response.where):
            claims = self._verifier.claims_of_system_token(self._system_token(response))
            ticket = _usable(own_claims(claims), "ticket")
        self._transport.redactor.hide(ticket)
        token = AccessToken(ticket, asked_at + _TICKET_LIFE, self.scheme, life=_TICKET_LIFE)
        return token, Identity.from_claims(claims)

    def may_replace(self, present: AccessToken) -> bool:
        made_at = present.expires_at - _TICKET_LIFE
        return self._now() - made_at >= _TICKET_REST

    def headers(self, token: AccessToken) -> dict[str, str]:
        return {
            "Authorization": f"{self.scheme} {token.value}",
            "SO-AppToken": self._app.client_secret,
        }

    def _exchange(self, now: datetime) -> Response:
        key = read_private_key(self._way_in.private_key)
        signed = signed_token(self._way_in.system_user_token, key, now)
        self._transport.redactor.hide(signed)
        request = Request(
            "POST",
            f"{self._app.login_url}/Login/api/PartnerSystemUser/Authenticate",
            data={
                "SignedSystemToken": signed,
                "ReturnTokenType": "JWT",
                "ApplicationToken": self._app.client_secret,
                "ContextIdentifier": self._app.context_identifier,
            },
            deadline=SIGN_IN_DEADLINE,
        )
        try:
            return self._transport.send(request)
        except errors.Refused as refused:
            raise sign_in_error(refused) from None

    def _system_token(self, response: Response) -> str:
        """The JSON web token in the answer; the spelling of the answer's fields is not documented."""
        data = response.json()
        lowered = {name.lower(): value for name, value in data.items()} if isinstance(data, dict) else data
        fields = Fields.of(lowered, "system user answer")
        if not fields.flag("issuccessful", missing=False):
            words = self._transport.redactor.redact(fields.text("errormessage"))
            raise kind_by_words(words)(words)
        token = fields.text("token")
        self._transport.redactor.hide(token)
        return token


def _usable(fields: Fields, name: str) -> str:
    """A text that can go into a header."""
    value = fields.text(name)
    if not value or not value.isascii() or not value.isprintable():
        raise fields.bad(name, "no usable access token")
    return value
