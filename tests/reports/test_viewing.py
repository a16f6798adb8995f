"""A finished run filtered, counted, sorted and cut into pages, beside a plain loop over its rows."""

import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import product as combinations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from connector.models import Connection
from reports.definitions.definition import Definition
from reports.models import Report, Row, Run
from reports.viewer import run_index, viewing
from reports.viewer.filters import FACETS, Choice, Filter
from reports.viewer.viewing import RunView, build_view, rows_in_order, table_columns, view_of
from tests.reports.made_results import Sold, finished_run

STAGES = ["matched", "unmatched", "excluded", "no_company"]
VALUES = st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text)


@pytest.fixture
def sold() -> list[Sold]:
    """Sixty sales with every mixture of what the filters know."""
    kinds = combinations(["A; B", "A", ""], ["EUR", "CHF"], ["Jonas Weber", "Sabine Kranz", ""], [0, 1])
    rows = [
        Sold(
            number=100 + place,
            stage="matched" if products else STAGES[1 + place % 3],
            products=products,
            quantities="2; 1" if products == "A; B" else "3" if products else "",
            families="F; G" if products == "A; B" else "F" if products else "",
            customer=["Kranz AG", "Übel & Söhne", ""][place % 3],
            owner=owner,
            amount=f"{place * 7.25 - 20:.2f}",
            currency=currency,
            sold_on=[date(2026, 1, 31), date(2025, 12, 1), None][place % 3],
            heading=f"Angebot {place}",
            assumed_count=assumed if products else 0,
        )
        for place, (products, currency, owner, assumed) in enumerate(kinds)
    ]
    return rows[:36]


@pytest.fixture
def run(report: Report, connection: Connection, sold: list[Sold]) -> Run:
    return finished_run(report, connection, sold)


def numbers(view: RunView, query: str = "") -> list[int]:
    return list(view.select(Filter.of_text(query)).sale_numbers)


def with_company(sold: list[Sold]) -> list[Sold]:
    return sorted((one for one in sold if one.stage != "no_company"), key=lambda one: -one.number)


# --- The filter in the address --------------------------------------------------------------------------------


@pytest.mark.once
@given(
    st.dictionaries(
        st.sampled_from([key for key in FACETS if key != "stage"]),
        st.tuples(st.sets(VALUES | st.just(""), max_size=3), st.sets(VALUES, max_size=3)),
    )
)
def test_an_address_says_again_what_was_chosen(
    wanted: dict[str, tuple[set[str], set[str]]],
) -> None:
    choices = {
        key: Choice(tuple(sorted(included)), tuple(sorted(excluded - included)))
        for key, (included, excluded) in wanted.items()
    }
    asked = Filter(search="zwei worte", choices={key: one for key, one in choices.items() if one})
    assert Filter.of_text(asked.query()) == asked


@pytest.mark.once
def test_what_makes_no_sense_in_an_address_is_left_out() -> None:
    query = (
        "stage=<b>&after=x&after=&sort=nonsense&by=nonsense&columns=nonsense,owner&product=&product=-&other=1"
    )
    assert Filter.of_text(query) == Filter(columns=("owner",))
    assert Filter.of_text("after=%C2%B2&q=%00").query() == ""
    assert not Filter.of_text("after=99999999999999999999").after


@pytest.mark.once
def test_a_choice_is_taken_in_left_out_and_inverted() -> None:
    choice = Choice().including("A").including("B").excluding("A")
    assert choice == Choice(("B",), ("A",))
    assert choice.inverted() == Choice(("A",), ("B",))
    assert Filter(choices={"product": choice}).choosing("product", Choice()) == Filter()


# --- Selecting ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("", lambda one: True),
        ("product=A", lambda one: "A" in one.products),
        ("product=B&product=~", lambda one: "B" in one.products or not one.products),
        ("product=-B", lambda one: "B" not in one.products),
        ("owner=Jonas+Weber&currency=CHF", lambda one: one.owner == "Jonas Weber" and one.currency == "CHF"),
        ("owner=-~", lambda one: bool(one.owner)),
        ("month=2026-01", lambda one: one.sold_on == date(2026, 1, 31)),
        ("month=~", lambda one: one.sold_on is None),
        ("quantity=assumed", lambda one: one.assumed_count > 0),
        ("customer=Nobody", lambda one: False),
        ("q=üBEL", lambda one: one.customer.startswith("Übel")),
        ("q=angebot+sabine", lambda one: one.owner == "Sabine Kranz"),
        ("q=103", lambda one: one.number == 103),
        ("stage=-matched", lambda one: one.stage != "matched"),
    ],
)
def test_a_filter_leaves_what_a_loop_would_leave(
    query: str, fits: Callable[[Sold], bool], run: Run, sold: list[Sold]
) -> None:
    expected = [one.number for one in with_company(sold) if fits(one)]
    assert numbers(view_of(run), query) == expected


def test_sales_without_a_company_are_seen_when_asked_for(run: Run, sold: list[Sold]) -> None:
    view = view_of(run)
    hidden = [one.number for one in sold if one.stage == "no_company"]
    assert hidden
    assert not set(hidden) & set(numbers(view))
    assert sorted(numbers(view, "stage=no_company")) == hidden
    assert len(numbers(view, "stage=all")) == len(sold)


def test_each_facet_counts_without_its_own_choice(run: Run, sold: list[Sold]) -> None:
    selection = view_of(run).select(Filter.of_text("owner=Jonas+Weber&currency=EUR"))
    shown = with_company(sold)
    assert selection.facet_counts("owner")["Sabine Kranz"] == sum(
        one.owner == "Sabine Kranz" and one.currency == "EUR" for one in shown
    )
    assert selection.facet_counts("currency")["CHF"] == sum(
        one.owner == "Jonas Weber" and one.currency == "CHF" for one in shown
    )
    assert set(selection.counts("currency")) == {"EUR"}
    for value, count in selection.facet_counts("product").items():
        assert count == len(numbers(view_of(run), f"owner=Jonas+Weber&currency=EUR&product={value or '~'}"))


def test_sums_never_cross_currencies_and_lose_no_cent(run: Run, sold: list[Sold]) -> None:
    selection = view_of(run).select(Filter())
    shown = with_company(sold)
    for currency, amount in selection.amounts().items():
        assert amount == sum(Decimal(one.amount) for one in shown if one.currency == currency)
        assert sum(selection.month_amounts(currency).values()) == amount
    assert set(selection.amounts()) == {"EUR", "CHF"}


def test_quantities_say_how_much_of_them_is_assumed(run: Run, sold: list[Sold]) -> None:
    selection = view_of(run).select(Filter())
    pieces, assumed = selection.quantity()
    shown = with_company(sold)
    assert pieces == sum(3 for one in shown if one.products)
    assert assumed == sum(one.assumed_count for one in shown)
    assert sum(selection.product_quantities().values()) == pieces


@pytest.mark.once
def test_quantities_are_read_as_they_are_written() -> None:
    written = ["2", "0.5", "12.25", "", "many", "1e3", "NaN", "Infinity", "²"]
    expected = [20_000, 5_000, 122_500, 0, 0, 10_000_000, 0, 0, 0]
    assert [run_index.quantity_of(text) for text in written] == expected


# --- Order and pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sort", ["sale_number", "-sale_number", "amount", "-amount", "customer", "-sale_date"]
)
def test_the_pages_together_are_the_whole_in_order(sort: str, run: Run) -> None:
    view = view_of(run)
    whole = numbers(view, f"sort={sort}")
    seen: list[int] = []
    wanted = Filter(sort=sort)
    while True:
        page = view.select(wanted).page(7)
        assert page.first == len(seen) + 1
        seen += page.numbers
        if not page.has_more:
            break
        wanted = wanted.changed(after=page.numbers[-1])
    assert seen == whole
    assert sorted(seen) == sorted(numbers(view))


def test_an_order_puts_what_is_empty_last_either_way(run: Run, sold: list[Sold]) -> None:
    view, by_number = view_of(run), {one.number: one for one in sold}
    for sort in ("customer", "-customer"):
        names = [by_number[number].customer for number in numbers(view, f"sort={sort}")]
        filled = [name for name in names if name]
        assert names == filled + [""] * (len(names) - len(filled))
        # As Germans sort: Ü is a U, not a letter behind Z.
        assert filled == sorted(filled, key=lambda name: name.replace("Ü", "U"), reverse=sort == "-customer")
    amounts = [Decimal(by_number[number].amount) for number in numbers(view, "sort=amount")]
    assert amounts == sorted(amounts)


def test_a_page_goes_on_behind_a_sale_that_the_filter_hides_now(run: Run) -> None:
    view = view_of(run)
    hidden = numbers(view, "product=~")[0]
    rest = view.select(Filter.of_text(f"product=A&after={hidden}")).page().numbers
    assert rest == [number for number in numbers(view, "product=A") if number < hidden]
    assert view.select(Filter(after=10**9)).page().numbers == numbers(view)[:50]
    assert view.select(Filter(after=1)).page().numbers == []


@pytest.mark.parametrize("key", list(run_index.PATHS))
def test_every_column_can_be_sorted_by(key: str, run: Run) -> None:
    view = view_of(run)
    order = numbers(view, f"sort={key}")
    assert sorted(order) == sorted(numbers(view))


def test_rows_come_in_the_order_asked_for_with_few_queries(run: Run) -> None:
    wanted = numbers(view_of(run), "sort=amount")
    with CaptureQueriesContext(database) as queries:
        rows = list(rows_in_order(run, wanted, chunk=20))
    assert [row.sale_number for row in rows] == wanted
    assert len(queries) == 2 * -(-len(wanted) // 20)


@pytest.mark.once
def test_the_columns_are_the_readers_then_the_reports_then_the_usual() -> None:
    definition = Definition(columns=("owner", "gone"))
    assert [one.key for one in table_columns(definition, Filter())] == ["sale_number", "owner"]
    chosen = Filter(columns=("amount", "sale_number"))
    assert [one.key for one in table_columns(definition, chosen)] == ["sale_number", "amount"]
    assert len(table_columns(Definition(), Filter())) == 11


# --- What a process keeps -------------------------------------------------------------------------------------


def test_a_run_is_read_once_a_process_and_once_for_many_threads(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[int] = []
    index = build_view(run.pk)

    def build(run_pk: int) -> RunView:
        built.append(run_pk)
        return index

    monkeypatch.setattr(viewing, "build_view", build)
    monkeypatch.setattr(viewing, "_views", viewing._Views())
    threads = [threading.Thread(target=view_of, args=(run,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [run.pk]


def test_the_runs_shown_last_are_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    index = build_view(run.pk)
    views = viewing._Views()
    built: list[int] = []
    for key in (1, 2, 3, 4, 1, 5, 1, 2):

        def build(key: int = key) -> RunView:
            built.append(key)
            return index

        views.get(key, build)
    assert built == [1, 2, 3, 4, 5, 2]
    monkeypatch.setattr(viewing, "_MOST_ROWS", 1)
    views.get(9, lambda: index)
    assert len(views._slots) == 1


def test_a_build_that_fails_is_tried_again(run: Run) -> None:
    views = viewing._Views()

    def fail() -> RunView:
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        views.get(1, fail)
    assert views.get(1, lambda: build_view(run.pk)).size == 36


def test_an_unfinished_run_and_one_without_rows_have_no_index(run: Run) -> None:
    for values in ({"status": Run.Status.RUNNING}, {"rows_removed_at": run.finished_at}):
        Run.objects.filter(pk=run.pk).update(**values)
        with pytest.raises(ValueError, match="no rows"):
            view_of(Run.objects.get(pk=run.pk))
        Run.objects.filter(pk=run.pk).update(status=Run.Status.SUCCEEDED)


def test_a_very_long_run_is_searched_by_the_database_with_the_same_answer(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = build_view(run.pk)
    monkeypatch.setattr(run_index, "MOST_TEXTS", 3)
    guarded = build_view(run.pk)
    assert guarded.is_searched_by_database
    for query in ("q=kranz", "q=angebot+1", "q=103", "q=nobody", "q=%25"):
        assert numbers(guarded, query) == numbers(in_memory, query), query


def test_a_run_without_a_row_has_an_empty_index(report: Report, connection: Connection) -> None:
    empty = finished_run(report, connection, [])
    view = view_of(empty)
    selection = view.select(Filter.of_text("q=x&product=A"))
    assert (view.size, selection.count, selection.page().numbers) == (0, 0, [])
    assert selection.amounts() == {}
    assert Row.objects.filter(run=empty).count() == 0
