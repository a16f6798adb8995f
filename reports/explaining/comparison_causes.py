"""One cause for each sale that two runs see differently.

Where both runs have the sale, the old rules are asked about the new data and the new rules about the old data: what
alone brings about the new result is the cause; where it took both, the data is named. Where one run lacks the sale, the
local copy says whether it is new, gone, or outside of what the report looks at; "outside" is judged by its data of
today, since a run keeps nothing of what it did not look at.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from reports.definitions import definition as definitions
from reports.definitions.definition import Definition
from reports.explaining.changed_keywords import ChangedKeywords
from reports.explaining.snapshots import Copies, Outcome, Snapshot, day_of
from reports.models import Run, Sale
from reports.runs import funnel
from reports.runs.evaluation import Rules

_WAYS_TO_SEARCH = {"companies", "search_columns", "use_quotes"}  # of a definition
_WAYS_TO_CHOOSE = {
    "scope", "limit", "ordered_by", "period", "period_from", "period_to", "statuses", "owner_ids", "companies",
}  # fmt: skip
_EDGE = {"scope", "limit", "ordered_by"}


class Cause(models.TextChoices):
    SALE_NEW = "sale_new", _("New sale")
    SALE_DELETED = "sale_deleted", _("Sale gone from SuperOffice")
    HEADING = "heading", _("Heading edited")
    COMPANY = "company", _("Company linked or changed")
    DATA = "data", _("Other data changed")
    KEYWORDS = "keywords", _("Keyword list changed")
    DEFINITION = "definition", _("Report changed")
    ACCESS = "access", _("Rights in SuperOffice changed")
    WINDOW = "window", _("Newer sales or a later day")


class Pair(NamedTuple):
    """One sale in the earlier and in the later run; at least one of them has it."""

    before: Snapshot | None
    after: Snapshot | None

    @property
    def either(self) -> Snapshot:
        found = self.before or self.after
        assert found is not None
        return found

    @property
    def number(self) -> int:
        return self.either.number


class Judge:
    """Knows the rules of both runs; asked about many sales at once."""

    def __init__(self, before: Run, after: Run) -> None:
        self.before, self.after = before, after
        self.old, self.new = Rules.of(before), Rules.of(after)
        # The new list with the old choices, to tell the two apart.
        self.only_list = Rules(self.old.definition, self.new.matcher, self.new.catalogue)
        self.is_same_list = before.keyword_list.checksum == after.keyword_list.checksum
        self.searches_alike = _agree(self.old.definition, self.new.definition, _WAYS_TO_SEARCH)
        self.keywords = ChangedKeywords(before.keyword_list, after.keyword_list)
        self.has_other_rights = bool(before.acts_as and after.acts_as and before.acts_as != after.acts_as)

    def causes(self, pairs: Sequence[Pair]) -> list[tuple[Cause, str]]:
        """Cause and keyword of each, in their order; a handful of queries."""
        copies = Copies([pair.either.sale_pk for pair in pairs])
        in_both = [pair for pair in pairs if pair.before and pair.after]
        in_one = [pair for pair in pairs if not (pair.before and pair.after)]
        found = {**self._of_both(in_both, copies), **self._of_one(in_one, copies)}
        return [found[pair.number] for pair in pairs]

    # --- Both runs have the sale ---

    def _of_both(self, pairs: Sequence[Pair], copies: Copies) -> dict[int, tuple[Cause, str]]:
        found = {pair.number: (_data_cause(*_both(pair)), "") for pair in pairs}
        if self.is_same_list and self.searches_alike:
            return found
        other = [pair for pair in pairs if _both(pair)[0].outcome != _both(pair)[1].outcome]
        old_data = [(one.sale_pk, one.data) for one, _other in map(_both, other)]
        new_data = [(one.sale_pk, one.data) for _one, one in map(_both, other)]
        answers = zip(
            other,
            copies.outcomes(self.old, new_data),
            copies.outcomes(self.new, old_data),
            copies.outcomes(self.new, new_data),
            copies.outcomes(self.only_list, new_data),
            strict=True,
        )
        for pair, old_new, new_old, new_new, by_list in answers:
            if _is_by_rules(old_new, new_old, new_new):
                found[pair.number] = self._rule_cause(pair, by_list, new_new, copies)
        return found

    def _rule_cause(
        self, pair: Pair, by_list: Outcome, expected: Outcome, copies: Copies
    ) -> tuple[Cause, str]:
        """The list, with the keyword behind it, or the report's choices."""
        is_list = not self.is_same_list and (self.searches_alike or by_list == expected)
        if not is_list and not self.searches_alike:
            return Cause.DEFINITION, ""
        sale = copies.sales[pair.either.sale_pk]
        texts = [one.data.heading for one in (pair.after, pair.before) if one]
        texts += self.new.definition.texts_of(sale).values()
        texts += copies.line_texts(sale.pk)
        return Cause.KEYWORDS, self.keywords.behind(texts)

    # --- One run lacks it ---

    def _of_one(self, pairs: Sequence[Pair], copies: Copies) -> dict[int, tuple[Cause, str]]:
        keys = [pair.either.sale_pk for pair in pairs]
        fits = _Fits(self, keys)
        return {
            pair.number: (self._presence(pair, copies.sales[pair.either.sale_pk], fits), "") for pair in pairs
        }

    def _presence(self, pair: Pair, sale: Sale, fits: "_Fits") -> Cause:
        if pair.after is None and _is_gone(sale, self.after):
            return Cause.ACCESS if self.has_other_rights else Cause.SALE_DELETED
        if pair.before is None and _is_newer(sale, self.before):
            return Cause.SALE_NEW
        if not _agree(self.old.definition, self.new.definition, _WAYS_TO_CHOOSE):
            lacking, having = (
                (fits.new, fits.old_choices_later) if pair.after is None else (fits.old, fits.new)
            )
            is_edge = not _agree(self.old.definition, self.new.definition, _EDGE)
            if is_edge or (sale.pk not in lacking and sale.pk in having):
                return Cause.DEFINITION
        elif self.has_other_rights:
            return Cause.ACCESS
        return self._moved(pair, sale, fits)

    def _moved(self, pair: Pair, sale: Sale, fits: "_Fits") -> Cause:
        """The same choices once had the sale and once not: the limit or the period has moved on, or its data did."""
        lacking, having = (fits.new, fits.old) if pair.after is None else (fits.old, fits.new)
        if sale.pk in lacking:
            return Cause.WINDOW if self.new.definition.is_limited else Cause.DATA
        return Cause.WINDOW if sale.pk in having else Cause.DATA


class _Fits:
    """Which of some sales, as they are today, fit the choices of a run; each a query."""

    def __init__(self, judge: Judge, keys: Sequence[int]) -> None:
        self.old = _fitting(judge.old.definition, judge.before, judge.before, keys)
        self.new = _fitting(judge.new.definition, judge.after, judge.after, keys)
        self.old_choices_later = _fitting(judge.old.definition, judge.before, judge.after, keys)


def _fitting(definition: Definition, run: Run, at: Run, keys: Sequence[int]) -> set[int]:
    if run.connection is None or not keys:
        return set()
    sales = definitions.sales_of(definition, run.connection, today=day_of(at))
    return set(sales.filter(pk__in=keys).order_by().values_list("pk", flat=True))


def _agree(one: Definition, other: Definition, names: set[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _both(pair: Pair) -> tuple[Snapshot, Snapshot]:
    assert pair.before is not None
    assert pair.after is not None
    return pair.before, pair.after


def _is_by_rules(old_new: Outcome, new_old: Outcome, new_new: Outcome) -> bool:
    """Of the 2 × 2 (rules, data): whether the new rules alone make the result what it is, and the new data do not."""
    return new_old == new_new != old_new


def _data_cause(before: Snapshot, after: Snapshot) -> Cause:
    old, new = before.data, after.data
    if old.company_id == new.company_id and bool(old.company_name) != bool(new.company_name):
        return Cause.ACCESS
    has_moved = {before.outcome.stage, after.outcome.stage} & set(funnel.WITHOUT_COMPANY)
    is_other_company = old.company_id != new.company_id
    if old.heading != new.heading and not (has_moved and is_other_company):
        return Cause.HEADING
    if is_other_company or old.company_name != new.company_name:
        return Cause.COMPANY
    return Cause.DATA


def _is_newer(sale: Sale, run: Run) -> bool:
    """Whether the sale was made after SuperOffice was read for the run."""
    read_at: datetime | None = run.data_at or run.started_at
    if sale.registered_at is not None and read_at is not None:
        return sale.registered_at > read_at
    newest = run.rows.order_by("-sale_number").values_list("sale_number", flat=True).first()
    return newest is None or sale.sale_id > newest


def _is_gone(sale: Sale, run: Run) -> bool:
    """Whether the sale had disappeared from SuperOffice when the run ended."""
    if sale.removed_at is None:
        return False
    return run.finished_at is None or sale.removed_at <= run.finished_at
