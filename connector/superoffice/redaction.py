"""What may be kept of a text that SuperOffice sent: readable, storable, short, without our secrets."""

import html
import json
import re
import threading
from urllib.parse import quote, quote_plus

from connector.redaction import redact

MASK = "…"
LONGEST = 500  # characters of a server's words that we keep
_SEARCHED = 1_000_000  # bytes of a body in which secrets are looked for
_READ = 20_000  # characters from which an excerpt is made

_HIDDEN_PARTS = re.compile(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->")
_TAGS = re.compile(r"(?s)<[^>]{0,2000}>")
_BLANKS = re.compile(r"\s+")
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL refuses."""
    return _FORBIDDEN.sub("", text)


class Redactor:
    """The house's `redact`, with the known secrets of one connection on top."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def hide(self, secret: str) -> None:
        """From now on this text appears in no detail, also not URL-, HTML- or JSON-encoded."""
        secret = clean(secret)
        if len(secret) < 4:  # too short to be a secret, and masking it would tear words apart
            return
        with self._lock:
            self._known |= {
                secret,
                quote(secret, safe=""),
                quote_plus(secret),
                html.escape(secret),
                json.dumps(secret)[1:-1],
            }

    def redact(self, text: str) -> str:
        """Masked, cleaned and at most 500 characters long."""
        return redact(self._masked(clean(text)))[:LONGEST]

    def excerpt(self, content: bytes) -> str:
        """A readable piece of any body: decoded leniently, redacted, no markup, no runs of blanks."""
        # Masked before it is cut and before markup goes: either would leave parts of a secret that nobody knows.
        text = self._masked(clean(content[:_SEARCHED].decode("utf-8", errors="replace")))[:_READ]
        text = html.unescape(_TAGS.sub(" ", _HIDDEN_PARTS.sub(" ", text)))
        return self.redact(_BLANKS.sub(" ", text).strip())

    def _masked(self, text: str) -> str:
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text
