"""Which refusal means what: the replies that providers really give."""

from __future__ import annotations

import pytest

from connector.smtp.classification import classify

REPLIES = [
    ("mail", 421, "4.7.0 Too many concurrent SMTP connections", "throttled"),
    ("dot", 451, "4.7.500 Server busy. Please try again later", "throttled"),
    ("mail", 432, "4.3.2 Concurrent connections limit exceeded", "throttled"),
    ("dot", 454, "Throttling failure: Maximum sending rate exceeded.", "throttled"),
    ("dot", 454, "Throttling failure: Daily message quota exceeded.", "throttled"),
    ("dot", 554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", "throttled"),
    ("dot", 550, "5.4.5 Daily user sending limit exceeded.", "throttled"),
    ("dot", 550, "5.1.90 Your message can't be sent, daily limit reached", "throttled"),
    ("rcpt", 450, "4.2.1 The user is receiving mail at a rate that prevents delivery", "throttled"),
    ("login", 430, "4.2.0 STOREDRV; mailbox logon failure; MapiExceptionLogonFailed", "configuration"),
    ("mail", 530, "5.7.57 Client not authenticated to send mail", "configuration"),
    ("login", 535, "5.7.3 Authentication unsuccessful", "configuration"),
    (
        "login",
        535,
        "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled",
        "configuration",
    ),
    ("login", 550, "5.7.30 Basic authentication is not supported for Client Submission", "configuration"),
    ("dot", 550, "5.7.60 Client does not have permissions to send as this sender", "configuration"),
    ("dot", 554, "5.2.252 SendAsDenied; a@x not allowed to send as b@x", "configuration"),
    ("dot", 550, "5.2.251 mailbox full, repeated", "configuration"),
    ("dot", 550, "5.2.255 invalid recipients, repeated", "configuration"),
    ("dot", 550, "5.7.705 Access denied, tenant has exceeded threshold", "configuration"),
    ("dot", 550, "5.7.708 Access denied, traffic not accepted from this IP", "configuration"),
    ("dot", 550, "5.7.515 Access denied, sending domain does not meet the level", "configuration"),
    ("rcpt", 553, "5.7.1 <a@x>: Sender address rejected: not owned by user svc", "configuration"),
    ("rcpt", 550, "5.7.1 <a@x>: user unknown to this policy", "configuration"),
    ("rcpt", 554, "5.7.1 <a@x>: Relay access denied", "configuration"),
    ("rcpt", 550, "relaying denied", "configuration"),
    ("mail", 550, "5.1.8 sender domain not found", "configuration"),
    ("dot", 554, "5.2.2 mailbox full", "configuration"),
    ("rcpt", 550, "5.1.1 The email account does not exist", "address"),
    ("rcpt", 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", "address"),
    ("rcpt", 550, "5.4.1 Recipient address rejected: Access denied", "address"),
    ("dot", 550, "5.1.1 unknown", "address"),
    ("rcpt", 550, "5.2.1 mailbox disabled", "address"),
    ("rcpt", 550, "No such user here", "address"),
    ("rcpt", 550, "Requested action not taken", ""),
    ("rcpt", 552, "5.2.2 over quota", ""),
    ("rcpt", 450, "4.1.1 unknown for now", ""),
    ("rcpt", 451, "4.7.1 Greylisted, come back", ""),
    ("rcpt", 452, "4.5.3 too many recipients", ""),
    ("mail", 552, "5.3.4 Message size exceeds fixed limit", "content"),
    ("dot", 552, "message too big", "content"),
    ("dot", 554, "5.7.1 Spam message rejected", "content"),
    ("dot", 550, "5.6.11 SMTPSEND.BareLinefeedsAreIllegal", "bug"),
    ("dot", 550, "5.1.20 Multiple From addresses without Sender", "bug"),
    ("mail", 503, "5.5.1 nested MAIL command", "bug"),
    ("data", 500, "what?", "bug"),
    ("dot", 250, "5.1.1 is only text here", ""),
    ("dot", 354, "", ""),
]


@pytest.mark.parametrize(("stage", "code", "text", "expected"), REPLIES)
def test_a_reply_is_about_what_it_is_about(stage: str, code: int, text: str, expected: str) -> None:
    assert classify(code, text, stage=stage) == expected


@pytest.mark.parametrize("stage", ["login", "mail", "rcpt", "data", "body", "dot"])
@pytest.mark.parametrize("detail", [0, 1, 3, 30, 57, 60, 139, 232, 515, 705])
def test_policy_never_means_a_dead_address(stage: str, detail: int) -> None:
    for words in ("user unknown", "no such user", "Access denied"):
        assert classify(550, f"5.7.{detail} {words}", stage=stage) != "address"
