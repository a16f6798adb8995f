"""The two key pairs of the demo: the login host's own, and that of the registered app."""

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

_FILE = "app-private-key.pem"


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    """One key for the process: making it takes longer than everything else here."""
    return _new_key()


@cache
def public_key() -> dict[str, Any]:
    """The login host's public key as its key set shows it."""
    key: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(_signing_key().public_key()))
    kid = hashlib.sha256(key["n"].encode()).hexdigest()[:16]
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": key["n"], "e": key["e"]}


def signed(claims: dict[str, Any]) -> str:
    """A JWT by the login host."""
    return jwt.encode(claims, _signing_key(), "RS256", {"kid": public_key()["kid"]})


@cache
def _process_app_key() -> str:
    key = _new_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key.decode()


def app_private_key(directory: Path | None) -> str:
    """The registered app's private key as PEM text (PKCS#8), kept in `directory` if there is one."""
    if directory is None:
        return _process_app_key()
    path = directory / _FILE
    if not path.exists():
        # Only we may read it, and it is there as a whole or not at all.
        new = path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(_process_app_key())
        new.replace(path)
    return path.read_text("ascii")


def app_public_key(private_key: str) -> rsa.RSAPublicKey:
    """The half of the app's key that the portal knows."""
    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("The app's key is no RSA key")
    return key.public_key()
