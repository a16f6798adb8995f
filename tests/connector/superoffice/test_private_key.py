"""The app's private key in each form that people have it in, and a clear word about everything else."""

import base64
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from connector.superoffice.errors import InvalidKey, SignInFailed
from connector.superoffice.private_key import check_private_key, read_private_key, signed_token
from tests.connector.superoffice.server import app_key, app_key_pem

pytestmark = pytest.mark.once

PKCS1 = app_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
PKCS8 = app_key_pem()


def number(value: int) -> str:
    return base64.b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()


def xml(**changes: str | None) -> str:
    """As .NET's ToXmlString(true) writes it."""
    key = app_key().private_numbers()
    values: dict[str, str | None] = {
        "Modulus": number(key.public_numbers.n),
        "Exponent": number(key.public_numbers.e),
        "P": number(key.p),
        "Q": number(key.q),
        "DP": number(key.dmp1),
        "DQ": number(key.dmq1),
        "InverseQ": number(key.iqmp),
        "D": number(key.d),
    }
    parts = (f"<{name}>{value}</{name}>" for name, value in (values | changes).items() if value is not None)
    return f"<RSAKeyValue>{''.join(parts)}</RSAKeyValue>"


def wrapped(text: str) -> str:
    """With a declaration and line breaks, as an editor leaves it behind."""
    modulus = number(app_key().private_numbers().public_numbers.n)
    lines = "\r\n      ".join(modulus[start : start + 64] for start in range(0, len(modulus), 64))
    broken = text.replace(modulus, f"\r\n      {lines}\r\n  ").replace("><", ">\r\n  <")
    return f'\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n{broken}\r\n'


@pytest.mark.parametrize(
    "text",
    [PKCS1, PKCS8, PKCS8.replace("\n", "\r\n"), f"\n  {PKCS8}\n\n", xml(), wrapped(xml())],
    ids=["PKCS#1", "PKCS#8", "Windows lines", "blanks around", "RSAXML", "RSAXML in lines"],
)
def test_each_usual_form_gives_the_same_key(text: str) -> None:
    check_private_key(text)
    assert read_private_key(text).private_numbers() == app_key().private_numbers()


def public_pem() -> str:
    form = PublicFormat.SubjectPublicKeyInfo
    return app_key().public_key().public_bytes(Encoding.PEM, form).decode()


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk.example")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, app_key().public_key(), 1, day, day + timedelta(days=9))
    return builder.sign(app_key(), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def locked() -> str:
    lock = serialization.BestAvailableEncryption(b"open sesame")
    return app_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


ENTITY = '<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/hostname">]>'
BOMB = "<!DOCTYPE x [" + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9)) + "]>"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no private key"),
        (" \n ", "no private key"),
        ("hello", "neither PEM nor RSAXML"),
        ("x" * 20_001, "too long"),
        (public_pem(), "certificate or public key"),
        (certificate(), "certificate or public key"),
        (locked(), "passphrase"),
        (elliptic(), "no RSA key"),
        (PKCS8[:400] + PKCS8[500:], "damaged"),
        (PKCS1.replace("-----END RSA PRIVATE KEY-----", ""), "damaged"),
        (xml(D=None, P=None, Q=None, DP=None, DQ=None, InverseQ=None), "public half"),
        (xml(DP=None), "damaged"),
        (xml(Modulus="not base64!"), "damaged"),
        (xml(P="AAA="), "damaged"),
        (xml(D=number(app_key().private_numbers().d + 2)), "damaged"),
        (ENTITY + xml(Modulus="&file;"), "damaged"),
        (BOMB + xml(Modulus="&a9;"), "damaged"),
    ],
    ids=str,
)
def test_what_is_no_private_key_is_refused_with_the_reason_and_without_the_key(text: str, words: str) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidKey, match=words) as caught:
        check_private_key(text)
    assert time.monotonic() - began < 2
    assert isinstance(caught.value, SignInFailed)
    assert caught.value.code == "invalid_key"
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert "MII" not in str(caught.value)


# --- The signature ------------------------------------------------------------------------------------

MOMENT = datetime(2026, 3, 29, 0, 59, 59, 999_999, UTC)


def verify(text: str, signature: str, scheme: Any) -> None:
    raw = base64.b64decode(signature, validate=True)
    app_key().public_key().verify(raw, text.encode(), scheme, hashes.SHA256())


def test_trap_the_signature_is_pkcs1_v15_with_sha256_and_pss_fails() -> None:
    signed = signed_token("Sales Desk-token.with.dots", app_key(), MOMENT)
    text, _, signature = signed.rpartition(".")
    assert text == "Sales Desk-token.with.dots.202603290059"
    verify(text, signature, padding.PKCS1v15())
    for salt in (padding.PSS.MAX_LENGTH, hashes.SHA256.digest_size):
        with pytest.raises(InvalidSignature):
            verify(text, signature, padding.PSS(padding.MGF1(hashes.SHA256()), salt))
    assert len(signature) == 344, "256 bytes in standard base64, with its padding"
    assert signature.endswith("==")


@pytest.mark.parametrize("hours", [-11, 0, 2, 13])
def test_trap_the_minute_is_utc_wherever_the_server_stands(hours: int) -> None:
    local = MOMENT.astimezone(timezone(timedelta(hours=hours)))
    assert signed_token("token", app_key(), local).split(".")[1] == "202603290059"
