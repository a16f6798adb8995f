"""Whose token is it? The proof by the login host's published keys, and that the tenant is the configured one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from connector.superoffice import errors
from connector.superoffice.fields import Fields
from connector.superoffice.messages import Request
from connector.superoffice.redaction import storable, with_texts
from connector.superoffice.transport import Transport
from connector.superoffice.ways_in import App

SIGN_IN_DEADLINE = 15.0  # seconds for one whole answer of the login host; its answers are small
_CLAIM = "http://schemes.superoffice.net/identity/"
_LEEWAY = timedelta(minutes=5)  # between SuperOffice's clock and ours; the token came fresh over TLS
_SYSTEM_ISSUER = "SuperOffice AS"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified token says about the user behind it."""

    context_identifier: str
    associate_id: int | None
    email: str
    is_administrator: bool

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "Identity":
        fields = own_claims(claims)
        return cls(
            context_identifier=fields.text("ctx"),
            associate_id=fields.id("associateid"),
            email=fields.text("email"),
            # The claim is the text "True" or "False".
            is_administrator=fields.flag("is_administrator", missing=False),
        )


def own_claims(claims: Mapping[str, Any]) -> Fields:
    """The claims under their short names."""
    return Fields({name.removeprefix(_CLAIM): value for name, value in claims.items()}, "id_token")


class Verifier:
    """Checks signature, issuer, audience and expiry of a token, and that its tenant is the app's.

    `claims_of…` raise InvalidIdentity, or WrongTenant with both names.
    """

    def __init__(self, app: App, transport: Transport) -> None:
        self._app, self._transport = app, transport
        self._keys: list[jwt.PyJWK] = []

    def claims_of_id_token(self, token: str) -> dict[str, Any]:
        """What comes with every access token: made by the login host, for our client."""
        claims = self._claims(token, issuer=self._app.login_url, audience=self._app.client_id)
        return self._of_our_tenant(claims)

    def claims_of_system_token(self, token: str) -> dict[str, Any]:
        """What the system user gets: made by SuperOffice, for the tenant's serial number."""
        claims = self._claims(token, issuer=_SYSTEM_ISSUER, audience=None)
        serial = own_claims(claims).text("serial")
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        named = [str(one) for one in audiences if str(one).startswith("spn:")]
        if not named or (serial and f"spn:{serial}" not in named):
            raise errors.InvalidIdentity("the audience is not this tenant's serial number")
        return self._of_our_tenant(claims)

    def _of_our_tenant(self, claims: dict[str, Any]) -> dict[str, Any]:
        """The claims, storable, after they were compared as they came."""
        expected, actual = self._app.context_identifier, own_claims(claims).text("ctx")
        if actual != expected:
            raise errors.WrongTenant(expected=expected, actual=self._transport.redactor.fact(actual))
        try:
            cleaned: dict[str, Any] = with_texts(claims, storable)
        except RecursionError:
            raise errors.InvalidIdentity("the claims are nested too deeply") from None
        return cleaned

    def _claims(self, token: str, *, issuer: str, audience: str | None) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key_for(token),
                algorithms=["RS256"],
                audience=audience,
                issuer=issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud"], "verify_aud": audience is not None},
            )
        # PyJWT leaves numbers without end and lists within lists to Python.
        except (jwt.PyJWTError, OverflowError, RecursionError) as problem:
            raise errors.InvalidIdentity(self._transport.redactor.redact(str(problem))) from None
        return claims

    def _key_for(self, token: str) -> jwt.PyJWK:
        """The login host's key that the token names; the set is read again when the name is new."""
        key_id = jwt.get_unverified_header(token).get("kid")
        for is_fresh in (False, True):
            if is_fresh or not self._keys:
                self._keys = self._read_keys()
            for key in self._keys:
                if key_id in {None, key.key_id}:
                    return key
        raise jwt.InvalidKeyError("the login host has no key with the name in the token")

    def _read_keys(self) -> list[jwt.PyJWK]:
        url = f"{self._app.login_url}/login/.well-known/jwks"
        response = self._transport.send(Request("GET", url, deadline=SIGN_IN_DEADLINE))
        data = response.json()
        if not isinstance(data, dict):
            raise errors.UnexpectedAnswer("a key set that is no object", **response.where)
        return [key for key in jwt.PyJWKSet.from_dict(data).keys if key.key_type == "RSA"]
