"""The page on which a person signs in for the app, and what it sends back."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from connector.demo import people
from connector.demo.authorize_page import approval_page, sign_in_page, technical_error
from connector.demo.faults import Faults
from connector.demo.registration import CLIENT_ID, CONTEXT_IDENTIFIER, is_registered
from connector.demo.serving import Reply, Request
from connector.demo.sign_ins import CHALLENGE_METHODS, Grant, SignIn, SignIns

PATH = re.compile(r"/login/([a-z0-9]+)/oauth/authorize", re.IGNORECASE)
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_MANY = "common"


class Refusal(Exception):
    """Sends the person back to the app with an OAuth error."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@dataclass(frozen=True, slots=True)
class AuthorizeHost:
    """Answers `/login/{common or tenant}/oauth/authorize`: GET shows the page, POST is what was pressed on it."""

    faults: Faults
    sign_ins: SignIns

    def answer(self, request: Request, context: str) -> Reply:
        # Without a way back that is known to be the app's own, nobody is sent anywhere.
        if request.query.get("client_id") != CLIENT_ID:
            return technical_error("The app is not known here.")
        redirect_uri = request.query.get("redirect_uri", "")
        if not is_registered(redirect_uri):
            return technical_error("The redirect address is not registered for this app.")
        try:
            return self._answered(request, context, redirect_uri)
        except Refusal as refusal:
            error = {"error": refusal.error, "error_description": str(refusal)}
            return _sent_back(redirect_uri, error, request)

    def _answered(self, request: Request, context: str, redirect_uri: str) -> Reply:
        challenge, method = _checked(request.query)
        _check_tenant(request.query, context)
        if request.method == "GET":
            return self._page(redirect_uri, f"{request.path}?{request.raw_query}")
        form = request.form
        if "refuse" in form:
            raise Refusal("access_denied", "The user refused to sign in.")
        if self.faults.consent_missing:
            raise Refusal("access_denied", "The app has not been approved by an administrator.")
        sign_in = SignIn(_chosen(form).associate_id, self.faults.authorize_tenant or CONTEXT_IDENTIFIER)
        grant = Grant(sign_in, redirect_uri, challenge, method, request.query.get("nonce", ""))
        return _sent_back(redirect_uri, {"code": self.sign_ins.issue_code(grant)}, request)

    def _page(self, redirect_uri: str, action: str) -> Reply:
        parts = urlsplit(redirect_uri)
        origin = f"{parts.scheme}://{parts.netloc}"
        if self.faults.consent_missing:
            return approval_page(action, origin)
        return sign_in_page(people.ASSOCIATES.values(), action, origin)


def _checked(query: dict[str, str]) -> tuple[str, str]:
    """The PKCE challenge and its method, after everything else was found in order."""
    if query.get("response_type") != "code":
        raise Refusal("unsupported_response_type", "Only response_type=code is supported.")
    if query.get("response_mode", "query") != "query":
        raise Refusal("invalid_request", "Only response_mode=query is supported.")
    if "openid" not in query.get("scope", "").split():
        raise Refusal("invalid_scope", "The scope must be openid.")
    challenge, method = query.get("code_challenge", ""), query.get("code_challenge_method", "plain")
    if method not in CHALLENGE_METHODS:
        raise Refusal("invalid_request", "code_challenge_method must be S256 or plain.")
    if challenge and not _CHALLENGE.fullmatch(challenge):
        raise Refusal("invalid_request", "code_challenge must be 43 to 128 unreserved characters.")
    return challenge, method if challenge else "plain"


def _check_tenant(query: dict[str, str], context: str) -> None:
    """The tenant that is asked for, in the path or in `acr_values`, must be ours if one is named at all."""
    named = [value[7:] for value in query.get("acr_values", "").split() if value.startswith("tenant:")]
    if context.lower() != _MANY:
        named.append(context)
    if any(name.lower() != CONTEXT_IDENTIFIER.lower() for name in named):
        raise Refusal("access_denied", "The user has no access to this tenant.")


def _chosen(form: dict[str, str]) -> people.Associate:
    key = form.get("user", "")
    user = people.ASSOCIATES.get(int(key)) if key.isascii() and key.isdigit() and len(key) < 10 else None
    if user is None:
        raise Refusal("access_denied", "There is no such user.")
    return user


def _sent_back(redirect_uri: str, values: dict[str, str], request: Request) -> Reply:
    if "state" in request.query:
        values = {**values, "state": request.query["state"]}
    headers = {"Location": f"{redirect_uri}?{urlencode(values)}", "Cache-Control": "no-store"}
    return Reply(302, b"", "text/plain", headers)
