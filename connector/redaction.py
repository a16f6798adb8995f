"""Takes secrets out of text before it is logged, stored or shown.

The texts come from outside and may be made to cost time. So each pattern takes time in proportion to the
text: a run of characters is taken whole (`++`, `*+`) or is bounded, and whoever begins a search inside of a
run does not read it to its end once more.
"""

import re

_NAMES = (
    r"(?:access_token|refresh_token|client_secret|id_token|system_?user_?token|system_token|"
    r"signed_?system_?token|application_?token|so-apptoken|password|passwd|secret|code_verifier|assertion|"
    r"api_?key|private_?key)"
)
_PATTERNS = (
    # name=value, "name": "value", name: value
    re.compile(rf"(?i)\b({_NAMES}[\"']?\s*+[=:]\s*+[\"']?)[^\s\"'&,;}}]++"),
    re.compile(r"(?i)\b(authorization\"?'?\s*+[:=]\s*+\"?'?)(?:(?:bearer|basic|soticket)\s++)?[^\s\"',;}]++"),
    re.compile(r"(?i)\b((?:bearer|soticket)\s++)[A-Za-z0-9+/=_.:~-]{6,}+"),
    # SuperOffice's own token shapes: 8A:Cust12345.xxxx, 7T:xxxx, also as in an address or a form
    re.compile(r"(?i)\b([78][AT](?::|%3A))[A-Za-z0-9+/=_.%-]{4,}+"),
    # private keys: PEM to its end, however it is cut off, and RSAXML
    re.compile(r"(?s)(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----).*?(?=-----END|\Z)"),
    re.compile(r"(?s)(<RSAKeyValue>).*?(?=</RSAKeyValue>|\Z)"),
    # JSON web tokens. One try for each run of their characters: "eyJ-eyJ-eyJ-" has many beginnings.
    re.compile(
        r"(?<![A-Za-z0-9_-])((?>[A-Za-z0-9_-]*?\beyJ))[A-Za-z0-9_-]{6,}+\.[A-Za-z0-9_-]++\.[A-Za-z0-9_-]*+"
    ),
    # an authorization code in an address; the word "code" alone is a mail server's
    re.compile(r"([?&]code=)[^\s&\"'#]++"),
    # user:password@host in an address
    re.compile(r"(?i)\b([a-z][a-z0-9+]{0,20}://[^\s/:@]++:)[^\s/@]++(?=@)"),
)


def redact(text: str) -> str:
    """`text` with the value of everything that looks like a credential replaced by three dots."""
    for pattern in _PATTERNS:
        text = pattern.sub(r"\1…", text)
    return text


def shortened(text: str, longest: int) -> str:
    """At most `longest` characters, to be redacted afterwards: a text that is cut ends with a whole word,
    because nobody would recognise half a credential. A text without blanks is cut where it must be.
    """
    if len(text) <= longest:
        return text
    text = text[:longest]
    words = text.rsplit(maxsplit=1)
    return words[0] if len(words) == 2 else text
