"""What may be kept of a text that SuperOffice sent: readable, storable, short, without our secrets."""

import html
import re
import threading
from urllib.parse import quote, quote_plus

from connector.redaction import redact

MASK = "…"
LONGEST = 500  # characters of a server's words that we keep

_HIDDEN_PARTS = re.compile(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->")
_TAGS = re.compile(r"(?s)<[^>]{0,2000}>")
_BLANKS = re.compile(r"\s+")
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL refuses."""
    return _FORBIDDEN.sub("", text)


def excerpt(content: bytes) -> str:
    """A readable piece of any body: decoded leniently, no markup, no runs of blanks. Not redacted yet."""
    text = content[:20_000].decode("utf-8", errors="replace")
    text = html.unescape(_TAGS.sub(" ", _HIDDEN_PARTS.sub(" ", text)))
    return _BLANKS.sub(" ", clean(text)).strip()


class Redactor:
    """The house's `redact`, with the known secrets of one connection on top."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def hide(self, secret: str) -> None:
        """From now on this text appears in no detail, also not URL- or HTML-encoded."""
        if len(secret) < 4:  # too short to be a secret, and masking it would tear words apart
            return
        with self._lock:
            self._known |= {secret, quote(secret, safe=""), quote_plus(secret), html.escape(secret)}

    def redact(self, text: str) -> str:
        """Masked, cleaned and at most 500 characters long."""
        text = clean(text)
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return redact(text)[:LONGEST]
