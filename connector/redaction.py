"""Takes secrets out of text before it is logged, stored or shown."""

import re

_NAMES = (
    r"(?:access_token|refresh_token|client_secret|id_token|system_?user_?token|system_token|"
    r"signed_?system_?token|application_?token|so-apptoken|password|passwd|secret|code_verifier|assertion|"
    r"api_?key|private_?key)"
)
_PATTERNS = (
    # name=value, "name": "value", name: value
    re.compile(rf"(?i)\b({_NAMES}[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}}]+"),
    re.compile(r"(?i)\b(authorization\"?'?\s*[:=]\s*\"?'?)(?:(?:bearer|basic|soticket)\s+)?[^\s\"',;}]+"),
    re.compile(r"(?i)\b((?:bearer|soticket)\s+)[A-Za-z0-9+/=_.:~-]{6,}"),
    # SuperOffice's own token shapes: 8A:Cust12345.xxxx, 7T:xxxx, also as in an address or a form
    re.compile(r"(?i)\b([78][AT](?::|%3A))[A-Za-z0-9+/=_.%-]{4,}"),
    # private keys: PEM to its end, however it is cut off, and RSAXML
    re.compile(r"(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)"),
    re.compile(r"(?s)(<RSAKeyValue>).*?(?=</RSAKeyValue>|\Z)"),
    # JSON web tokens
    re.compile(r"\b(eyJ)[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    # an authorization code in an address; the word "code" alone is a mail server's
    re.compile(r"([?&]code=)[^\s&\"'#]+"),
    # user:password@host in an address
    re.compile(r"(?i)\b([a-z][a-z0-9+]*://[^\s/:@]+:)[^\s/@]+(?=@)"),
)


def redact(text: str) -> str:
    """`text` with the value of everything that looks like a credential replaced by three dots."""
    for pattern in _PATTERNS:
        text = pattern.sub(r"\1…", text)
    return text
