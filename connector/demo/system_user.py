"""The system user's way in: a token signed with the app's key is exchanged for a JWT with a ticket."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from connector.demo import keys, people
from connector.demo.bodies import json_object
from connector.demo.faults import Faults
from connector.demo.registration import CLIENT_SECRET, CONTEXT_IDENTIFIER, SERIAL, SYSTEM_USER_TOKEN
from connector.demo.serving import Reply, Request, json_reply
from connector.demo.sessions import Sessions

PATH = "/login/api/partnersystemuser/authenticate"
CLAIM = "http://schemes.superoffice.net/identity/"
ISSUER = "SuperOffice AS"
JWT_SECONDS = 300
_TOLERANCE = timedelta(minutes=5)
_SIGNED = re.compile(r"(?P<data>(?P<token>.+)\.(?P<minute>\d{12}))\.(?P<signature>[A-Za-z0-9+/]+={0,2})")


class NotTrusted(Exception):
    """The exchange is refused; the text is what the caller is told."""


@dataclass(frozen=True, slots=True)
class SystemUserExchange:
    """Answers `POST /Login/api/PartnerSystemUser/Authenticate`. A refusal is an answer with 200, too."""

    faults: Faults
    sessions: Sessions
    # The app's private key; asked for only when somebody comes, because making one takes its time.
    app_key: Callable[[], str]

    def answer(self, request: Request, now: datetime, tenant_root: str) -> Reply:
        try:
            if self.faults.system_user_error:
                raise NotTrusted(self.faults.system_user_error)
            self._check(json_object(request), now)
        except NotTrusted as refusal:
            return _answered(False, "", str(refusal))
        return _answered(True, keys.signed(self._claims(now, tenant_root)), "")

    def _check(self, body: dict[str, Any], now: datetime) -> None:
        if body.get("ApplicationToken") != CLIENT_SECRET:
            raise NotTrusted("The application token is not valid")
        if body.get("ContextIdentifier") != CONTEXT_IDENTIFIER:
            raise NotTrusted("The context identifier is not valid for this application")
        if str(body.get("ReturnTokenType", "")).lower() != "jwt":
            raise NotTrusted("Only the return token type JWT is supported")
        signed = _SIGNED.fullmatch(str(body.get("SignedSystemToken", "")))
        if signed is None or signed["token"] != SYSTEM_USER_TOKEN:
            raise NotTrusted("The system user token is not valid")
        if not self._is_signed(signed["data"], signed["signature"]):
            raise NotTrusted("InvalidSignature: the signature of the system user token is not valid")
        if not _is_fresh(signed["minute"], now):
            raise NotTrusted("InvalidTimestamp: ID4148, the time in the signed token is too far from now")

    def _is_signed(self, data: str, signature: str) -> bool:
        try:
            keys.app_public_key(self.app_key()).verify(
                base64.b64decode(signature, validate=True), data.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, binascii.Error):
            return False
        return True

    def _claims(self, now: datetime, tenant_root: str) -> dict[str, Any]:
        issued = int(now.timestamp())
        own = {
            "ctx": CONTEXT_IDENTIFIER, "serial": SERIAL, "webapi_url": f"{tenant_root}/api/",
            "netserver_url": f"{tenant_root}/Remote/Services88/",
            "ticket": self.sessions.issue_ticket(people.SYSTEM_USER_ID, self.faults.ticket_seconds),
        }  # fmt: skip
        return {
            "sub": people.SYSTEM_USER.name, "iat": issued, "nbf": issued - 5, "exp": issued + JWT_SECONDS,
            "iss": ISSUER, "aud": f"spn:{SERIAL}", **{CLAIM + name: value for name, value in own.items()},
        }  # fmt: skip


def _is_fresh(minute: str, now: datetime) -> bool:
    try:
        signed_at = datetime.strptime(minute, "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return False
    # The text names a whole minute: its second half must not count against the caller.
    return signed_at - _TOLERANCE <= now < signed_at + timedelta(minutes=1) + _TOLERANCE


def _answered(is_successful: bool, token: str, message: str) -> Reply:
    body = {"IsSuccessful": is_successful, "Token": token or None, "ErrorMessage": message or None}
    return json_reply(body, headers={"Cache-Control": "no-store"})
