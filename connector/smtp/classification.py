"""What a server's refusal is about, so that the right person or clock can act on it.

    throttled      too much, too fast: wait, and send less at once
    configuration  account, identity or policy on our side: somebody has to repair it, pause the sender
    address        this recipient does not exist
    content        this mail cannot go as it is (size, spam filter)
    bug            we broke the protocol or built a wrong message
    ""             nothing of that; the reply code alone decides

Enhanced status codes (RFC 3463: class.subject.detail) are read only at the start of the text. Subject 7 is
policy and identity, never the recipient: servers report a forbidden *sender* in the answer to RCPT as well.
"""

from __future__ import annotations

import re

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")

_THROTTLED_WORDS = re.compile(
    r"throttl|too many (?!recipients)|server busy|rate limit|at a rate|"
    r"SubmissionQuotaExceeded|quota exceeded for sending|sending (rate|limit|quota)|daily message quota",
    re.IGNORECASE,
)
_CONFIGURATION_WORDS = re.compile(
    r"MapiExceptionLogonFailed|SendAsDenied|relay(ing)? (access )?denied|"
    r"not permitted to relay|authentication (is )?required|not authenticated|sender address rejected",
    re.IGNORECASE,
)
_UNKNOWN_USER_WORDS = re.compile(
    r"no such (user|recipient|mailbox|address)|"
    r"(user|recipient|mailbox|address)\W{1,3}(is )?(unknown|not found)|"
    r"unknown (user|recipient|mailbox)|(user|recipient|mailbox|account) (does not|doesn't) exist",
    re.IGNORECASE,
)
_FILTER_WORDS = re.compile(r"\b(spam|virus|malware|phish\w*|message content|attachment)\b", re.IGNORECASE)

# Limits that servers announce as permanent failures although they end with the day.
_QUOTA_DETAILS = {(1, 90), (4, 5), (7, 232), (7, 233)}
_SENDER_DETAILS = {(1, 7), (1, 8)}
_ADDRESS_DETAILS = {(1, 0), (1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (4, 1), (4, 4)}
_CONTENT_DETAILS = {(2, 3), (3, 4), (5, 3)}
_BUG_DETAILS = {(1, 20), (6, 11)}
# Continuous errors: the provider has blocked the sending mailbox because we kept repeating a mistake.
_BLOCKED_SENDER_DETAILS = {(2, detail) for detail in range(251, 256)}


def classify(code: int, text: str, *, stage: str) -> str:
    """Return one of the words above for a 4xx or 5xx reply; "" for every other code.

    `stage` is "login", "mail", "rcpt", "data", "body" or "dot": the same status means the sender after MAIL
    and the recipient after RCPT.
    """
    if not 400 <= code <= 599:
        return ""
    if _CONFIGURATION_WORDS.search(text):
        return "configuration"
    if code in {421, 432} or _THROTTLED_WORDS.search(text):
        return "throttled"
    found = _ENHANCED.match(text)
    status = (int(found[2]), int(found[3])) if found else None
    if code < 500:
        return "throttled" if status and (status == (3, 2) or (status[0] == 7 and status[1] >= 500)) else ""
    if code in {530, 534, 535, 538}:
        return "configuration"
    return _from_status(status, text, stage) if status else _from_bare_code(code, text, stage)


def _from_status(status: tuple[int, int], text: str, stage: str) -> str:
    subject = status[0]
    before_recipients = stage in {"login", "mail"}
    verdicts = [
        (status in _QUOTA_DETAILS, "throttled"),
        (status in _BUG_DETAILS, "bug"),
        (status in _CONTENT_DETAILS, "content"),
        (status in _BLOCKED_SENDER_DETAILS or status in _SENDER_DETAILS, "configuration"),
        (
            subject == 7,
            "content" if stage in {"body", "dot"} and _FILTER_WORDS.search(text) else "configuration",
        ),
        (subject == 6, "content"),
        (subject == 5, "bug"),
        (subject in {1, 2} and before_recipients, "configuration"),
        (status in _ADDRESS_DETAILS and not before_recipients, "address"),
        # 5.2.1 and 5.2.2 name a mailbox: the recipient's after RCPT, ours otherwise. Full is not dead.
        (status == (2, 1) and stage == "rcpt", "address"),
        (status in {(2, 1), (2, 2)} and stage != "rcpt", "configuration"),
    ]
    return next((verdict for applies, verdict in verdicts if applies), "")


def _from_bare_code(code: int, text: str, stage: str) -> str:
    """Old servers say 550 for anything: believe "address" only when the words say so."""
    if code == 552:
        return "content"
    if 500 <= code <= 504:
        return "bug"
    if stage == "rcpt" and _UNKNOWN_USER_WORDS.search(text):
        return "address"
    if stage in {"body", "dot"} and _FILTER_WORDS.search(text):
        return "content"
    return "configuration" if stage == "login" else ""
