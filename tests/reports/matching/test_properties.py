"""What holds for any heading and not only for those somebody thought of."""

import re
import unicodedata

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.matching import Keyword, Matcher, Result
from reports.matching.normalise import _fold_slowly, code_view, fold, word_view
from reports.matching.quantity import _read_before, read_before
from tests.reports.matching.examples import brief, keyword, read_keywords

LIST = read_keywords()
MATCHER = Matcher(LIST)
RULES = {
    "glued_left", "glued_right", "inseparable_prefix", "separator", "longer_code", "date", "prefixed_code",
    "leading_zero", "masked", "shadowed", "negated", "vetoed", "subsumed",
}  # fmt: skip

_texts = [one.text for one in LIST if one.type != "regex"]
_scraps = [
    "2x", "3 Stk", "(", ")", ",", "-", "/", ".", " ", "  ", "\u00a0", "x2", "ohne", "nicht enthalten", "davon 2",
    "2025", "10er Pack", "€ 450", "ae", "ü", "u\u0308", "ß", "™", "²", "\u200b", "Ã¼", "01/02", "X-", "er", "L",
]  # fmt: skip
busy = st.lists(st.sampled_from(_texts + _scraps) | st.text(max_size=4), max_size=9).map("".join)
anything = st.text(st.characters(), max_size=60) | busy
surrogates = st.text(st.characters(categories=["Cs", "Cc", "Lu", "Nd", "Zs"]), max_size=30)
# Words that stand apart, so that no change of case lies inside one.
apart = st.lists(
    st.sampled_from([*_texts, "2x", "3 Stück", "für 2", "ohne", "Straße", "Größe", "x2", ",", "-", "(4 Stk)"])
).map(" ".join)


def products(result: Result) -> str:
    return f"{result.status}: {brief(result)}"


@given(anything | surrogates)
@settings(max_examples=400)
def test_every_span_lies_inside_the_heading_and_is_its_text(heading: str) -> None:
    result = MATCHER.match(heading)
    for match in (*result.matches, *result.tags):
        assert match.spans
        assert heading[slice(*match.spans[0])] == match.text
        assert all(0 <= start < end <= len(heading) for start, end in match.spans)
        assert match.quantity >= 1
    for reason in result.rejected:
        assert 0 <= reason.start < reason.end <= len(heading)
        assert heading[reason.start : reason.end] == reason.text
        assert reason.rule in RULES


@given(anything)
@settings(max_examples=300)
def test_status_says_what_the_matches_say(heading: str) -> None:
    result = MATCHER.match(heading)
    assert (result.status == "matched") == bool(result.matches)
    names = [match.product for match in result.matches]
    assert len(names) == len(set(names))
    firsts = [match.spans[0] for match in result.matches]
    assert firsts == sorted(firsts)


@given(anything)
@settings(max_examples=300)
def test_composed_and_decomposed_headings_have_the_same_products(heading: str) -> None:
    if re.search("[ÃÂ]", unicodedata.normalize("NFC", heading)):
        return  # decomposed mojibake is no longer recognisable
    composed, decomposed = (unicodedata.normalize(form, heading) for form in ("NFC", "NFD"))
    assert products(MATCHER.match(composed)) == products(MATCHER.match(decomposed))


@given(apart)
@settings(max_examples=300)
def test_case_does_not_matter_where_words_stand_apart(heading: str) -> None:
    expected = products(MATCHER.match(heading))
    assert products(MATCHER.match(heading.upper())) == expected
    assert products(MATCHER.match(heading.lower())) == expected


@given(anything, st.sampled_from(["word", "code", "regex"]), st.sampled_from(["positive", "mask", "veto"]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_keyword_that_is_not_there_changes_nothing(heading: str, kind: str, polarity: str) -> None:
    stranger: Keyword = keyword("qzwvkj 77", "stranger", id=999, type=kind, polarity=polarity, compound="any")
    assert Matcher([*LIST, stranger]).match(heading) == MATCHER.match(heading)


@given(st.permutations(LIST), apart)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_order_of_the_list_does_not_matter(shuffled: list[Keyword], heading: str) -> None:
    assert Matcher(shuffled).match(heading) == MATCHER.match(heading)


@given(st.text("abAB12äÖüéß™²® -–\u00a0×€„“.,/", max_size=40))
def test_short_ways_of_folding_are_the_long_one(text: str) -> None:
    quick, slow = fold(text), _fold_slowly(text)
    assert (quick.text, quick.raw.replace("\u00a0", " ")) == (slow.text, slow.raw)
    for place in range(len(slow.text)):
        assert quick.span(place, place + 1) == slow.span(place, place + 1)


@given(anything | surrogates)
def test_places_of_the_views_are_in_order_and_agree_with_their_text(text: str) -> None:
    folded = fold(text).text
    for view in (code_view(folded), word_view(folded)):
        assert len(view.text) == len(view.starts) == len(view.ends)
        assert all(end <= start for end, start in zip(view.ends, view.starts[1:], strict=False))
        assert all(folded[start].isalnum() for start in view.starts)


@given(st.text(max_size=30), st.sampled_from(["word", "code"]))
@settings(max_examples=300)
def test_valid_keyword_finds_itself(text: str, kind: str) -> None:
    one = keyword(text, "P", type=kind)
    try:
        matcher = Matcher([one])
    except ValueError:
        return
    inside = fold(text).text
    if re.search(r"[^\W_][^\w\s\-/.]{4,}[^\W_]|[^\W_][\W_]{4,}[^\W_]", inside):
        return  # more between two parts than may stand there
    result = matcher.match(f"({text})")
    assert result.matches or result.rejected, "a keyword written out is found or its rejection explained"


@given(
    st.lists(
        st.sampled_from([
            "2x", "2 x ", "12", "3x 10er", "5er ", "pack", " sets", " mit ", " à ", "von ", "stk", " stück", ".",
            "12.000", "zwei ", "einmal", " ", " ", "eur ", "€ ", "cd", "-02", "wien: ", "x", "(", "“", "/ ", ", ",
            "einheiten ",
        ]),
        min_size=4, max_size=12,
    ).map("".join)
)  # fmt: skip
@settings(max_examples=600)
def test_quantity_before_a_place_is_the_same_from_a_few_characters(text: str) -> None:
    assert read_before(text, len(text)) == _read_before(text, len(text))
