"""Approved draft -> bytes: what every mail server and every mail program reads the same way."""

import uuid
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.models import Mailbox, Representative
from outreach.composing import Composed, NotSendable, compose, full_text, wire_address
from outreach.models import Draft, MailTemplate

KEY = uuid.UUID("0b7f3a1e-1c55-4a7e-9d0e-5f2a3c4b5d6e")
NOW = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)
ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Language")


def _mailbox(**values: Any) -> Mailbox:
    return Mailbox(**{"from_address": "jonas.weber@kehrwieder.example", "from_name": "Jonas Weber", **values})


def _draft(*, email: str = "jonas.weber@kehrwieder.example", signature: str = "", **values: Any) -> Draft:
    """Rows that are in no database: composing asks none."""
    user = User(username="jonas", first_name="Jonas", last_name="Weber", email=email)
    return Draft(
        **{
            "representative": Representative(user=user, associate_id=5, signature=signature),
            "template": MailTemplate(language="de"),
            "to_name": "Erika Beispiel",
            "to_address": "erika@kunde.example",
            "subject": "Rückfrage",
            "body": "Guten Tag,\n\nalles gut?\n",
            **values,
        }
    )


def _composed(mailbox: Mailbox | None = None, **values: Any) -> Composed:
    return compose(_draft(**values), mailbox or _mailbox(), key=KEY, now=NOW)


def _parsed(composed: Composed) -> EmailMessage:
    return message_from_bytes(composed.raw, policy=policy.default)


def _text(parsed: EmailMessage) -> str:
    return str(parsed.get_content()).replace("\r\n", "\n")


def _display_name(composed: Composed) -> str:
    """The recipient's name as RFC 2047 reads it: blanks between two encoded words are no blanks. The newer
    parser of the standard library keeps them in names."""
    name, _address = parseaddr(message_from_bytes(composed.raw)["To"])
    return str(make_header(decode_header(name)))


def _check_invariants(composed: Composed) -> EmailMessage:
    raw = composed.raw
    lines = raw.split(b"\r\n")
    assert raw.endswith(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert raw.isascii()
    assert b"\x00" not in raw
    parsed = _parsed(composed)
    assert all(len(parsed.get_all(name, [])) == 1 for name in ONCE)
    assert not {"bcc", "cc", "sender", "resent-to"} & {name.lower() for name in parsed}
    assert len(parsed["To"].addresses) == len(parsed["From"].addresses) == 1
    assert parsed["To"].addresses[0].addr_spec == composed.envelope_to
    assert parsed["From"].addresses[0].addr_spec == composed.envelope_from
    assert not parsed.defects
    return parsed


def test_a_plain_mail_is_seven_bit_with_one_of_each_header() -> None:
    composed = _composed(signature="Jonas Weber\nKehrwieder Robotik GmbH")
    parsed = _check_invariants(composed)
    assert parsed["Subject"] == "Rückfrage"
    assert parsed["Date"].datetime == NOW
    assert parsed["Content-Language"] == "de"
    assert parsed["Content-Type"] == 'text/plain; charset="utf-8"'
    assert parsed["Content-Transfer-Encoding"] == "quoted-printable"
    assert _text(parsed) == "Guten Tag,\n\nalles gut?\n\nJonas Weber\nKehrwieder Robotik GmbH\n"


def test_the_same_draft_gives_the_same_bytes() -> None:
    assert _composed() == _composed()


def test_the_message_id_is_ours_on_one_line_even_in_a_long_domain() -> None:
    domain = ".".join(["a" * 60] * 3) + ".example"
    composed = _composed(_mailbox(from_address=f"jonas@{domain}"))
    assert composed.message_id == f"<{KEY}@{domain}>"
    assert _parsed(composed)["Message-ID"] == composed.message_id
    assert composed.raw.replace(b"\r\n ", b" ").count(composed.message_id.encode()) == 1


# --- Names and addresses ----------------------------------------------------------------------------------

NAMES = [
    "Dr. Müller, Jörg",
    "Jürgen 🤖 Größenwahn",
    "מירב כהן",
    "محمد",
    "李小龍",
    'Kim "der Chef" Beispiel',
    "O'Fictive",
    "a@b.example",
    "x <evil@x.example>",
    "Müller; Söhne (GmbH) & Co: alles, was rollt",
    "=?utf-8?q?not_encoded?=",
    "Zoë " * 40,
    "back\\slash",
    "👩‍👩‍👧‍👦",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_stays_the_name_of_one_recipient(name: str) -> None:
    composed = _composed(to_name=name)
    _check_invariants(composed)
    assert _display_name(composed) == " ".join(name.replace("=?", "").split())


@pytest.mark.parametrize("name", NAMES)
def test_any_name_may_send(name: str) -> None:
    _check_invariants(_composed(_mailbox(from_name=name)))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("=?utf-8?q?a=0D=0AX-Evil:_1?=", "utf-8?q?a=0D=0AX-Evil:_1?="),
        ("Eve\r\nBcc: all@kunde.example", "Eve Bcc: all@kunde.example"),
        ("gnp.\u202eexe", "gnp.exe"),
        ("nul\x00l", "null"),
        ("", ""),
    ],
)
def test_control_characters_in_a_name_do_nothing(name: str, shown: str) -> None:
    composed = _composed(to_name=name)
    _check_invariants(composed)
    assert _display_name(composed) == shown


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("erika@straße.example", "erika@xn--strae-oqa.example"),  # IDNA 2008: not strasse.example
        ("erika@MÜLLER.example", "erika@xn--mller-kva.example"),
        ("erika+robots@kunde.example", "erika+robots@kunde.example"),
        ("O'Fictive@kunde.example", "O'Fictive@kunde.example"),
        ("  erika@kunde.example ", "erika@kunde.example"),
        ("erika@xn--mller-kva.example", "erika@xn--mller-kva.example"),
    ],
)
def test_an_address_becomes_what_the_wire_wants(address: str, wire: str) -> None:
    assert wire_address(address) == wire
    assert _check_invariants(_composed(to_address=address))["To"].addresses[0].addr_spec == wire


@pytest.mark.parametrize(
    "address",
    [
        "jörg@kunde.example",
        "",
        "erika",
        "@kunde.example",
        "erika@",
        "a@x.example, b@x.example",
        "a@x.example;b@x.example",
        "a@b@c.example",
        "a b@x.example",
        "<erika@x.example>",
        "erika@x..example",
        "erika@-x.example",
        "erika@[127.0.0.1]",
        "erika..beispiel@kunde.example",
        ".erika@kunde.example",
        "erika.@kunde.example",
        "eri\x01ka@kunde.example",
        "eri\nka@kunde.example",
        '"quoted"@kunde.example',
        "erika@kunde.example.",
        f"{'e' * 65}@kunde.example",
        f"erika@{'.'.join(['k' * 60] * 5)}.example",
    ],
)
def test_what_smtp_cannot_carry_is_refused_with_a_sentence(address: str) -> None:
    with pytest.raises(NotSendable, match=r"is not an address that can be written to\. Correct it in Super"):
        _composed(to_address=address)


def test_answers_go_to_the_representative_when_the_mailbox_is_shared() -> None:
    shared = _mailbox(from_address="sales@kehrwieder.example", from_name="Kehrwieder")
    parsed = _check_invariants(_composed(shared))
    assert str(parsed["Reply-To"]) == "Jonas Weber <jonas.weber@kehrwieder.example>"
    assert parsed["From"].addresses[0].display_name == "Kehrwieder"


@pytest.mark.parametrize("email", ["", "JONAS.WEBER@kehrwieder.example"])
def test_an_own_mailbox_needs_no_reply_address(email: str) -> None:
    assert _check_invariants(_composed(email=email))["Reply-To"] is None


def test_a_mailbox_without_a_name_sends_in_the_name_of_its_person() -> None:
    parsed = _check_invariants(_composed(_mailbox(from_name="")))
    assert parsed["From"].addresses[0].display_name == "Jonas Weber"


# --- Subject and text -------------------------------------------------------------------------------------

SUBJECTS = [
    "Läuft alles mit 2 × OMNIE CD-01, Wartung?",
    "Nachfrage zu Ihrem Auftrag über Reinigungsroboter für die Möbelhäuser in Köln, Düsseldorf und Gießen – "
    "Übergabe, Einweisung und Wartungsvertrag für größere Flächen im Überblick",
    "🤖" * 60,
    "Größenwahnsinnigkeitsüberprüfungsmaßnahmenkatalogsübersichtstabelle" * 2,
    "RR-02-017-OMNIE: Angebot Nr. 4711/2026 (gültig bis 31.12.2026) – 35.910,00 €",
    "שלום עולם – Umlaute äöü",
    "plain ascii that is long enough to be folded somewhere in the middle of the line, surely, is it not?",
    "  Leerzeichen   in der Mitte  ü  ".strip(),
    "Re: Ihre Frage vom 5. März, 10:30 Uhr: „Wie oft?“",
]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    assert str(_check_invariants(_composed(subject=subject))["Subject"]) == subject


@pytest.mark.parametrize(
    "body",
    [
        ".\n..\n.dot\nFrom here\n",
        "x" * 5000,
        "ü" * 5000,
        "trailing blanks   \n\ttab\n=\n=3D\n",
        "mixed\r\nline\rends\n",
        "emoji 👩‍👩‍👧‍👦 and zalgo Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
        "line\u2028separator and next\u0085line",
        "no end of line",
    ],
)
def test_a_text_arrives_as_it_was_written(body: str) -> None:
    draft = _draft(body=body)
    parsed = _check_invariants(compose(draft, _mailbox(), key=KEY, now=NOW))
    assert _text(parsed).rstrip() == full_text(draft).rstrip()


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    subject=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200),
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=255),
    body=st.text(st.characters(exclude_categories=["Cs"]), max_size=600),
)
def test_whatever_is_typed_is_sent_exactly_or_refused_with_a_sentence(
    subject: str, name: str, body: str
) -> None:
    draft = _draft(subject=subject, to_name=name, body=body)
    try:
        composed = compose(draft, _mailbox(), key=KEY, now=NOW)
    except NotSendable as refusal:
        assert len(str(refusal)) > 20  # noqa: PT017 - refusing is one of the two good ends
        return
    parsed = _check_invariants(composed)
    assert str(parsed["Subject"]) == subject
    assert _text(parsed).rstrip() == full_text(draft).rstrip()


@settings(max_examples=200, deadline=None, database=None)
@given(
    words=st.lists(
        st.text("abcdefghijklmnopqrstuvwxyzäöüßÄÖÜé–€0123456789,.:()/&×„“", min_size=1, max_size=18),
        min_size=1,
        max_size=25,
    )
)
def test_what_people_really_write_is_never_refused(words: list[str]) -> None:
    subject = " ".join(words)[:200].strip()
    composed = compose(_draft(subject=subject, to_name=subject), _mailbox(), key=KEY, now=NOW)
    assert str(_check_invariants(composed)["Subject"]) == subject
    assert _display_name(composed) == subject


# --- Refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mark", ["{{ person.name }}", "}}", "{% if %}", "[[name]]", "Name]]", "<<x>>", "TODO: x"]
)
@pytest.mark.parametrize("place", ["subject", "body"])
def test_an_unfinished_placeholder_is_refused_and_named(mark: str, place: str) -> None:
    with pytest.raises(NotSendable, match="unfinished placeholder is left in the text: "):
        compose(_draft(**{place: f"Hello {mark}"}), _mailbox(), key=KEY, now=NOW)


def test_a_signature_is_looked_at_too() -> None:
    with pytest.raises(NotSendable, match="unfinished placeholder"):
        _composed(signature="{{ representative.name }}")


@pytest.mark.parametrize("subject", ["=?utf-8?q?a=0D=0AX-Evil:_1?=", "=?utf-8?q?looks_encoded?= ü"])
def test_a_subject_that_would_be_read_as_another_is_refused(subject: str) -> None:
    with pytest.raises(NotSendable, match="cannot be built so that it arrives as you see it"):
        _composed(subject=subject)


@pytest.mark.parametrize("subject", ["one\ntwo", "one\rBcc: x@y.example", "one\r\n\r\nbody"])
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(NotSendable, match="The subject must be one line"):
        _composed(subject=subject)


@pytest.mark.parametrize(("subject", "body"), [("", "x"), ("  ", "x"), ("x", ""), ("x", " \n")])
def test_an_empty_mail_is_refused(subject: str, body: str) -> None:
    with pytest.raises(NotSendable, match="must not be empty"):
        _composed(subject=subject, body=body)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\u202e", "\u2066"])
def test_invisible_control_characters_are_refused(character: str) -> None:
    with pytest.raises(NotSendable, match="invisible control characters"):
        _composed(body=f"pay 100{character}001 euros")


def test_a_blocked_draft_says_why() -> None:
    with pytest.raises(NotSendable, match="has no value for"):
        _composed(blocked_reason="SuperOffice has no value for “sale.date”.")
