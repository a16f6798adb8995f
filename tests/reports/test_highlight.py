"""A text cut into what was found and what was not is the text again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.models import Match, Run
from reports.runs.highlight import highlighted, pieces

pytestmark = pytest.mark.once


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.tuples(st.integers(0, 40), st.integers(0, 40)), st.integers())),
)
@settings(deadline=None)
def test_joined_the_pieces_are_the_text(text: str, marks: list[tuple[tuple[int, int], int]]) -> None:
    cut = pieces(text, marks)
    assert "".join(piece for piece, _mark in cut) == text
    assert all(piece for piece, _mark in cut)
    place = 0
    for piece, mark in cut:
        for offset in range(place, place + len(piece)):
            over = {one for (start, end), one in marks if start <= offset < end}
            assert (mark in over) if mark is not None else not over
        place += len(piece)


def test_of_two_that_overlap_the_one_that_begins_first_stands() -> None:
    marks = [((2, 5), "b"), ((0, 3), "a"), ((2, 9), "c")]
    assert pieces("0123456789", marks) == [("012", "a"), ("345678", "c"), ("9", None)]
    assert pieces("", marks) == []


def test_a_row_shows_its_heading_with_the_matches_in_it(finished_run: Run) -> None:
    row = finished_run.rows.get(heading="2xOmnie CD-01 mit Nachlass")
    marked = [(piece, match.product if match else None) for piece, match in highlighted(row)]
    assert marked == [
        ("2xOmnie ", None),
        ("CD-01", "OMNIE CD-01"),
        (" mit ", None),
        ("Nachlass", "Nachlass"),
    ]


def test_another_text_is_shown_with_its_own_matches(finished_run: Run) -> None:
    row = finished_run.rows.filter(stage="matched")[0]
    row.sale.description = "auch CD-02"
    row.sale.save(update_fields=["description"])
    Match.objects.create(
        row=row, product="OMNIE CD-02", kind="product", quantity=1, quantity_source="default",
        field="description", spans=[[5, 10]],
    )  # fmt: skip
    assert [(piece, bool(match)) for piece, match in highlighted(row, "description")] == [
        ("auch ", False),
        ("CD-02", True),
    ]
    assert "OMNIE CD-02" not in [match.product for _piece, match in highlighted(row) if match]
