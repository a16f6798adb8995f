"""Steps N0 to N7, each with the trap it is there for."""

import unicodedata

import pytest

from reports.matching.normalise import code_view, fold, squeeze, word_view


def original_of(text: str, part: str) -> str:
    """What `part` of the folded text was in the original."""
    folded = fold(text)
    start = folded.text.index(part)
    return text[slice(*folded.span(start, start + len(part)))]


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("BÃ¼rsten", "bürsten"),
        ("StraÃŸe", "strasse"),
        ("12Â\u00a0StÃ¼ck", "12 stück"),
        ("Ãœbergabe Ã\u0084nderung", "übergabe änderung"),
    ],
)
def test_n0_mojibake_is_repaired_and_said(broken: str, whole: str) -> None:
    folded = fold(broken)
    assert folded.repaired
    assert folded.text == whole


@pytest.mark.parametrize("text", ["SÃO PAULO", "Âge", "Ã¤ und ä", "Ã¤ 日本", "Bürste"])
def test_n0_leaves_alone_what_is_no_mojibake_as_a_whole(text: str) -> None:
    assert not fold(text).repaired


def test_n0_places_lead_to_the_broken_text() -> None:
    assert original_of("2 BÃ¼rsten", "bürsten") == "BÃ¼rsten"


@pytest.mark.parametrize("sign", "™®©℠¹²³⁴")
def test_n1_signs_go_before_nfkc_turns_them_into_letters(sign: str) -> None:
    assert fold(f"OMNIE{sign} Demo").text == "omnie demo"


def test_n1_a_dropped_sign_still_parts_its_neighbours() -> None:
    folded = fold("OMNIE™CD")
    assert folded.text == "omniecd"
    assert folded.breaks == {5}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＣＤ－０１", "cd-01"),
        ("ﬁlter", "filter"),
        ("Bu\u0308rste", "bürste"),
        ("ｶﾞ", "ガ"),
        ("\u1112\u1161\u11ab", "한"),
    ],
)
def test_n2_base_and_marks_are_composed_together(text: str, folded: str) -> None:
    assert fold(text).text == folded


def test_n2_span_of_a_composed_letter_has_its_mark() -> None:
    assert original_of("4 Bu\u0308rsten", "ü") == "u\u0308"


@pytest.mark.parametrize(
    ("text", "folded"), [("STRASSE", "strasse"), ("Straße", "strasse"), ("GROẞ", "gross")]
)
def test_n3_case_is_folded_not_lowered(text: str, folded: str) -> None:
    assert fold(text).text == folded


def test_n3_span_survives_letters_that_become_two() -> None:
    assert original_of("Straße 5 Akku", "akku") == "Akku"


@pytest.mark.parametrize("dash", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d\ufe58")
def test_n4_every_dash_is_a_hyphen(dash: str) -> None:
    assert fold(f"CD{dash}01").text == "cd-01"


@pytest.mark.parametrize("invisible", "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\ufe0f")
def test_n5_invisible_characters_go(invisible: str) -> None:
    assert fold(f"CD{invisible}-01").text == "cd-01"
    assert original_of(f"a CD{invisible}-01", "cd-01") == f"CD{invisible}-01"


@pytest.mark.parametrize("space", ["  ", "\t", "\r\n", "\u00a0", "\u2009 ", "\u3000", " \u200b "])
def test_n5_white_space_is_one_space(space: str) -> None:
    assert fold(f"Docking{space}Station").text == "docking station"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Bürste", "burste"),
        ("Buerste", "burste"),
        ("Burste", "burste"),
        ("BUERSTE", "burste"),
        ("Geräte", "gerate"),
        ("Geraete", "gerate"),
        ("Größe", "grosse"),
        ("Groesse", "grosse"),
        ("neue", "neue"),
        ("Quelle", "quelle"),
        ("Bauer", "bauer"),
        ("Steuer", "steuer"),
        ("Über", "uber"),
        ("Ueber", "uber"),
        ("a-e", "ae"),
        ("Lo\u200bewe", "lowe"),
    ],
)
def test_n6_umlaut_digraph_and_vowel_are_one(text: str, words: str) -> None:
    assert word_view(fold(text).text).text == words


def test_n6_places_skip_the_letter_that_went() -> None:
    view = word_view(fold("Buerste").text)
    assert view.starts == [0, 1, 3, 4, 5, 6]
    assert view.ends == [1, 3, 4, 5, 6, 7]


def test_n7_code_view_has_alphanumerics_only_and_keeps_digraphs() -> None:
    view = code_view(fold("RR-02_Blau/e ä.").text)
    assert view.text == "rr02blaueä"
    assert [fold("RR-02_Blau/e ä.").text[place] for place in view.starts] == list(view.text)


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800", "a\udfffb", "\ud83d\ude00", "😀", "\u0308", "²", "™\u0308x"]
)
def test_any_text_can_be_folded_and_encoded(text: str) -> None:
    folded = fold(text)
    folded.text.encode("utf-8")
    assert len(folded.raw) == len(folded.text)


def test_squeeze_is_the_same_with_and_without_the_ascii_shortcut() -> None:
    text = "".join(map(chr, range(128)))
    assert squeeze(text) + "ä" == squeeze(text + "ä")
    assert unicodedata.is_normalized("NFKC", squeeze(text))
