"""Sets of rows as integers: what they count is what a loop would count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.viewer import facets
from reports.viewer.facets import Facet, Sums, bits_of, bits_where, by_part, by_value, flags_of

COLUMNS = st.lists(st.sampled_from(["A", "B", "A; B", "C", ""]), max_size=70)
pytestmark = pytest.mark.once


@given(st.lists(st.booleans(), max_size=200))
def test_a_set_says_again_what_it_was_made_of(chosen: list[bool]) -> None:
    bits = bits_where(chosen)
    assert bits == bits_of([place for place, is_in in enumerate(chosen) if is_in], len(chosen))
    assert list(flags_of(bits, len(chosen))) == [int(is_in) for is_in in chosen]
    assert bits.bit_count() == sum(chosen)


@given(COLUMNS, st.data(), st.booleans())
def test_counts_are_those_of_a_loop(column: list[str], data: st.DataObject, is_dense: bool) -> None:
    chosen = data.draw(st.lists(st.booleans(), min_size=len(column), max_size=len(column)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facets, "_MOST_BYTES", 8_000_000 if is_dense else -1)
        facet = Facet(by_part(column), len(column))
    kept = [text for text, is_in in zip(column, chosen, strict=True) if is_in]
    expected = {
        value: count
        for value in ("A", "B", "C", "")
        if (count := sum(value in (text.split("; ") if text else [""]) for text in kept))
    }
    bits = bits_where(chosen)
    assert facet.counts(bits) == expected
    assert {value: len(rows) for value, rows in facet.rows(flags_of(bits, len(column)))} == expected
    assert facet.any_of(["A", "B"]) == facet.bits("A") | facet.bits("B")


@given(st.lists(st.tuples(st.integers(-(10**18), 10**18), st.booleans()), max_size=80))
def test_a_sum_over_a_set_is_that_of_a_loop(rows: list[tuple[int, bool]]) -> None:
    sums = Sums([number for number, _is_in in rows])
    assert sums.of(bits_where(is_in for _number, is_in in rows)) == sum(n for n, is_in in rows if is_in)


def test_a_value_that_nobody_has_is_an_empty_set() -> None:
    assert Facet(by_value(["A"]), 1).bits("B") == 0
