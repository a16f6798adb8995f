"""What is kept of a server's words: readable, storable, short, and without our secrets in any spelling."""

import html
import json
from urllib.parse import quote, quote_plus

import pytest

from connector.superoffice.redaction import Redactor, clean

SECRET = 'p/q r+s&<t>%"ü'


SPELLINGS = [
    str,
    lambda text: quote(text, safe=""),
    quote_plus,
    html.escape,
    lambda text: json.dumps(text)[1:-1],
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_known_secret_is_masked_in_every_spelling(spelling: object) -> None:
    redactor = Redactor()
    redactor.hide(SECRET)
    spelled = spelling(SECRET)  # type: ignore[operator]
    assert redactor.redact(f"before {spelled} after") == "before … after"


def test_a_secret_that_contains_another_leaves_no_rest() -> None:
    redactor = Redactor()
    redactor.hide("abcd")
    redactor.hide("abcdefgh")
    assert redactor.redact("abcdefgh") == "…"


def test_what_looks_like_a_token_is_masked_although_nobody_told_us() -> None:
    shown = Redactor().redact("Authorization: Bearer 8A:Cust1.zzzzzzzz and client_secret=yyyyyyyy")
    assert "zzzz" not in shown
    assert "yyyy" not in shown


def test_a_very_short_secret_does_not_tear_words_apart() -> None:
    redactor = Redactor()
    redactor.hide("a")
    redactor.hide("")
    assert redactor.redact("a banana") == "a banana"


def test_words_are_cut_after_masking_so_that_no_half_secret_stays() -> None:
    redactor = Redactor()
    redactor.hide("SECRETSECRET")
    shown = redactor.redact("x" * 495 + "SECRETSECRET")
    assert "SEC" not in shown
    assert len(shown) <= 500


def test_a_page_becomes_a_sentence() -> None:
    page = b"<html><style>h1 {}</style><script>steal()</script><!-- x --><h1>Bad &amp; \n gateway</h1>\x00\xff</html>"
    assert Redactor().excerpt(page) == "Bad & gateway \ufffd"


def test_nul_and_lone_surrogates_are_dropped_and_emoji_stay() -> None:
    assert clean("a\x00b\ud800c😀") == "abc😀"


@pytest.mark.parametrize(
    "secret", ["abc<def>ghi", "abc<!--def-->ghi", "abc  def", "abc&amp;def", "abc\x00def"]
)
def test_a_secret_that_looks_like_markup_leaves_no_rest_in_an_excerpt(secret: str) -> None:
    redactor = Redactor()
    redactor.hide(secret)
    for spelled in (secret, html.escape(secret)):
        shown = redactor.excerpt(f"<p>before {spelled} after</p>".encode())
        assert "abc" not in shown
        assert "def" not in shown


def test_a_secret_is_masked_before_an_excerpt_is_cut() -> None:
    redactor = Redactor()
    redactor.hide("SECRETSECRET")
    page = b"<b></b>" * 2856 + b"SECRETSECRET"  # the cut would go through it
    assert "SEC" not in redactor.excerpt(page)
