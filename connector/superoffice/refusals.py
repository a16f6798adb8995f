"""What the login host's refusals mean; it documents names for some of them and bodies for none."""

from connector.superoffice import errors
from connector.superoffice.redaction import Redactor

_Kind = type[errors.SuperOfficeError]

_OAUTH: dict[str, _Kind] = {
    "invalid_grant": errors.NeedsConsent,
    "invalid_client": errors.InvalidClient,
    "unauthorized_client": errors.InvalidClient,
    "access_denied": errors.Declined,
    "consent_required": errors.NeedsConsent,
    "interaction_required": errors.NeedsConsent,
    "server_error": errors.ServerError,
    "temporarily_unavailable": errors.ServerError,
}
# SuperOffice's own, by name and by number.
_OWN: dict[str, type[errors.SignInFailed]] = {
    "revoked": errors.NeedsConsent,
    "expired": errors.NeedsConsent,
    "denied": errors.NeedsConsent,
    "needsreapproval": errors.NeedsConsent,
    "invalidtimestamp": errors.ClockSkew,
    "invalidsignature": errors.InvalidKey,
}
_NUMBERS = {"1": "revoked", "3": "expired", "4": "denied", "5": "needsreapproval", "6": "invalidtimestamp",
            "7": "invalidsignature"}  # fmt: skip
# Telling enough to be looked for inside a sentence.
_TELLING: dict[str, type[errors.SignInFailed]] = {
    "id4148": errors.ClockSkew,
    **{name: _OWN[name] for name in ("invalidtimestamp", "invalidsignature", "needsreapproval")},
}


def sign_in_error(refused: errors.Refused) -> errors.SuperOfficeError:
    """A 4xx of the token endpoint or of the system user's exchange in our words."""
    kind = _OAUTH.get(refused.error_type)
    if kind is None and (by_words := kind_by_words(refused.detail)) is not errors.SignInFailed:
        kind = by_words
    if kind is None and isinstance(refused, errors.Unauthorized) and not refused.error_type:
        kind = errors.InvalidClient  # a bare 401
    return refused.retold(kind) if kind else refused


def kind_by_words(words: str) -> type[errors.SignInFailed]:
    """The class for a refusal of which only words are known; SignInFailed when they say nothing."""
    lowered = words.strip().lower()
    found = (kind for name, kind in _TELLING.items() if name in lowered)
    return _OWN.get(lowered) or next(found, errors.SignInFailed)


def authorize_error(error: str, description: str) -> errors.SuperOfficeError:
    """What the redirect from the sign-in page brought back instead of a code. Both texts are anybody's."""
    redact = Redactor().redact
    name = error.strip().lower()
    name = _NUMBERS.get(name, name)
    kind = _OAUTH.get(name) or _OWN.get(name) or kind_by_words(description)
    return kind(redact(description or error), error_type=redact(error)[:100])
