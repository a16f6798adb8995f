"""The app's private key, and the system user token signed with it."""

import base64
import binascii
import re
from datetime import UTC, datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connector.superoffice import errors

_LONGEST = 20_000  # characters; a key of 16384 bits has fewer
_XML_PARTS = ("Modulus", "Exponent", "P", "Q", "DP", "DQ", "InverseQ", "D")


def check_private_key(text: str) -> None:
    """Raises InvalidKey, whose `detail` says what is wrong with it; for forms."""
    read_private_key(text)


def read_private_key(text: str) -> rsa.RSAPrivateKey:
    """The key from PEM (PKCS#1 or PKCS#8) or from .NET's RSAXML. Raises InvalidKey."""
    text = text.strip().lstrip("\ufeff")
    if not text or len(text) > _LONGEST:
        raise errors.InvalidKey("there is no private key" if not text else "this is too long for a key")
    return _from_xml(text) if "<RSAKeyValue>" in text else _from_pem(text)


def signed_token(system_user_token: str, private_key: rsa.RSAPrivateKey, now: datetime) -> str:
    """`token.minute.signature`: good for minutes only, so it is made anew for each request.

    The minute is UTC's, the signature RSA PKCS#1 v1.5 with SHA-256 in standard base64.
    """
    data = f"{system_user_token}.{now.astimezone(UTC):%Y%m%d%H%M}"
    signature = private_key.sign(data.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{data}.{base64.b64encode(signature).decode()}"


def _from_pem(text: str) -> rsa.RSAPrivateKey:
    if "PRIVATE KEY-----" not in text:
        is_other = "-----BEGIN " in text
        raise errors.InvalidKey("a certificate or public key" if is_other else "neither PEM nor RSAXML")
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise errors.InvalidKey("the key is locked with a passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise errors.InvalidKey("the PEM text is damaged") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise errors.InvalidKey("this is no RSA key")
    return key


def _from_xml(text: str) -> rsa.RSAPrivateKey:
    # The eight elements are picked out by name: a real XML parser could be made to read files or to explode.
    found = {name: re.search(rf"<{name}>([A-Za-z0-9+/=\s]+)</{name}>", text) for name in _XML_PARTS}
    if found["Modulus"] and not found["D"]:
        raise errors.InvalidKey("only the public half of the key")
    try:
        modulus, exponent, p, q, dp, dq, inverse_q, d = (_number(found[name]) for name in _XML_PARTS)
        public = rsa.RSAPublicNumbers(exponent, modulus)
        return rsa.RSAPrivateNumbers(p, q, d, dp, dq, inverse_q, public).private_key()
    except (ValueError, UnsupportedAlgorithm):
        raise errors.InvalidKey("the RSAXML text is damaged") from None


def _number(found: re.Match[str] | None) -> int:
    if found is None:
        raise ValueError("a part is missing")
    try:
        return int.from_bytes(base64.b64decode("".join(found[1].split()), validate=True), "big")
    except binascii.Error as problem:
        raise ValueError("no base64") from problem
