"""What may be kept of a text that SuperOffice sent: readable, storable, short, without our secrets."""

import html
import json
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

from connector.redaction import redact, shortened

MASK = "…"
LONGEST = 500  # characters of a server's words that we keep
LONGEST_FACT = 200  # characters of a name, a role, a state …
_SEARCHED = 100_000  # characters of a text, or bytes of a body, in which secrets are looked for
_MARKED_UP = 20_000  # characters in which scripts and styles are looked for: style sheets are long
_READ = 4_000  # characters from which an excerpt is made
_WORDS = 2_000  # characters of a server's words that the patterns see

# What is not closed goes on to the end. So nothing is read twice, and the body of a script that was cut is
# hidden as well.
_HIDDEN_PARTS = re.compile(r"(?is)<(script|style)\b.*?(?:</\1\s{0,100}>|\Z)|<!--.*?(?:-->|\Z)")
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_BLANKS = re.compile(r"\s+")
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
# Control characters but newline and tab, and what turns the direction of a text round.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def storable(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL refuses."""
    return _NOT_STORABLE.sub("", text)


def clean(text: str) -> str:
    """Storable, and harmless in a terminal: no control character but newline and tab, nothing that writes
    from right to left what reads from left to right.
    """
    return _UNREADABLE.sub("", text)


def fact(text: str) -> str:
    """A name or the like, at most 200 characters, without anything that looks like a credential."""
    return redact(shortened(clean(text[:_SEARCHED]), _WORDS))[:LONGEST_FACT]


def with_texts(data: Any, change: Callable[[str], str]) -> Any:
    """JSON data with each text and each name changed. Raises RecursionError for lists within lists within …"""
    if isinstance(data, str):
        return change(data)
    if isinstance(data, list):
        return [with_texts(item, change) for item in data]
    if isinstance(data, dict):
        return {change(name): with_texts(value, change) for name, value in data.items()}
    return data


class Redactor:
    """The house's `redact`, with the known secrets of one connection on top."""

    def __init__(self) -> None:
        self._known: tuple[str, ...] = ()  # the longest first: one secret may contain another
        self._lock = threading.Lock()

    def hide(self, secret: str) -> None:
        """From now on this text appears in no detail, also not URL-, HTML- or JSON-encoded."""
        if len(clean(secret)) < 4:  # too short to be a secret, and masking it would tear words apart
            return
        spellings = {spelled for known in (storable(secret), clean(secret)) for spelled in _spellings(known)}
        with self._lock:
            self._known = tuple(sorted(spellings.union(self._known), key=len, reverse=True))

    def redact(self, text: str) -> str:
        """Masked, cleaned and at most 500 characters long, however long the text is."""
        beginning = self._beginning(text[:_SEARCHED], is_cut=len(text) > _SEARCHED)
        return redact(shortened(beginning, _WORDS))[:LONGEST]

    def fact(self, text: str) -> str:
        """As `redact`, at most 200 characters: for a state, a name and the like."""
        return self.redact(text)[:LONGEST_FACT]

    def excerpt(self, content: bytes) -> str:
        """A readable piece of any body: decoded leniently, redacted, no markup, no runs of blanks."""
        # Masked before it is cut and before markup goes: either would leave parts of a secret that nobody knows.
        text = content[:_SEARCHED].decode("utf-8", errors="replace")
        text = self._beginning(text, is_cut=len(content) > _SEARCHED)
        text = _HIDDEN_PARTS.sub(" ", text[:_MARKED_UP])[:_READ]
        text = html.unescape(_TAGS.sub(" ", text))
        return self.redact(_BLANKS.sub(" ", text).strip())

    def masked(self, text: str) -> str:
        """Cleaned, and without the known secrets."""
        text = clean(text)
        for secret in self._known:
            text = text.replace(secret, MASK)
        return text

    def _beginning(self, text: str, *, is_cut: bool) -> str:
        """The beginning of a text, masked. Where it was cut, its end may be the first part of a secret."""
        masked = self.masked(text)
        return masked[: -len(self._known[0])] if is_cut and self._known else masked


def _spellings(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
    }
