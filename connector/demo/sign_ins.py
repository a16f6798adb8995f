"""Sign-ins in the browser: the codes on their way back to the app, and the refresh tokens made of them."""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass

from connector.demo.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sign_ins (
    token_hash TEXT PRIMARY KEY, associate_id INTEGER NOT NULL, context_identifier TEXT NOT NULL);
"""
CODE_SECONDS = 600
CHALLENGE_METHODS = ("S256", "plain")


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signed in, to which tenant."""

    associate_id: int
    context_identifier: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for: the sign-in, and everything the app must come back with."""

    sign_in: SignIn
    redirect_uri: str
    challenge: str
    challenge_method: str
    nonce: str


class SignIns:
    """Codes live in memory, ten minutes and for one use; refresh tokens in the database, as hashes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.prepare(_SCHEMA)
        self._lock = threading.Lock()
        self._codes: dict[str, tuple[float, Grant]] = {}

    def issue_code(self, grant: Grant) -> str:
        code, now = secrets.token_urlsafe(24), time.monotonic()
        with self._lock:
            self._codes = {key: known for key, known in self._codes.items() if known[0] > now}
            self._codes[code] = now + CODE_SECONDS, grant
        return code

    def redeem(self, code: str, redirect_uri: str, verifier: str) -> Grant | None:
        """What the code stands for, or None. Whatever comes of it, the code is used up."""
        with self._lock:
            end, grant = self._codes.pop(code, (0.0, None))
        if grant is None or end <= time.monotonic() or grant.redirect_uri != redirect_uri:
            return None
        return grant if _proves(verifier, grant) else None

    def keep(self, sign_in: SignIn) -> str:
        """A new refresh token for a sign-in."""
        token = secrets.token_urlsafe(48)
        self._database.execute(
            "INSERT INTO sign_ins VALUES (?, ?, ?)",
            (_hashed(token), sign_in.associate_id, sign_in.context_identifier),
        )
        return token

    def find(self, refresh_token: str) -> SignIn | None:
        found = self._database.execute(
            "SELECT associate_id, context_identifier FROM sign_ins WHERE token_hash = ?",
            (_hashed(refresh_token),),
        ).fetchone()
        return SignIn(*found) if found else None


def _proves(verifier: str, grant: Grant) -> bool:
    """Whether the one who brings the code is the one who asked for it (PKCE)."""
    if grant.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() if verifier else ""
    return hmac.compare_digest(verifier.encode(), grant.challenge.encode())


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
