"""What other keywords would have found in the sales of an old run. The run itself is only read."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from reports.explaining.changed_keywords import ChangedKeywords
from reports.explaining.comparison import Kind, kind_of, mark_of
from reports.explaining.comparison_causes import Pair
from reports.explaining.snapshots import CHUNK, Copies, Outcome, Snapshot, snapshots
from reports.keyword_lists.keywords import matcher_of
from reports.models import KeywordList, LocalCopy, Run
from reports.runs import funnel
from reports.runs.evaluation import Rules


class Recounted(NamedTuple):
    """One sale of the run: what the run said of it, and what the other list says.

    `after` is None where that cannot be told: its quote or a further text, which rows do not keep, is not the same
    any more.
    """

    before: Snapshot
    after: Outcome | None
    keyword: str = ""

    @property
    def is_changed(self) -> bool:
        return self.after is not None and self.after != self.before.outcome

    @property
    def kind(self) -> Kind:
        assert self.after is not None
        return kind_of(Pair(self.before, self.before._replace(outcome=self.after)))


@dataclass(frozen=True, slots=True)
class RecountTally:
    """Sales by kind of their change, by stage with the other list, and those that cannot be told."""

    kinds: dict[Kind, int]
    funnel: dict[str, int]
    unsure_count: int

    @property
    def changed_count(self) -> int:
        return sum(self.kinds.values())


def recounted(run: Run, keyword_list: KeywordList, *, above: int = -1) -> Iterator[Recounted]:
    """Every row of the run with a number above `above`, by rising number; memory does not grow with them."""
    old = Rules.of(run)
    new = replace(old, matcher=matcher_of(keyword_list))
    changed = ChangedKeywords(run.keyword_list, keyword_list)
    rows = snapshots(run, after=above)
    while chunk := list(islice(rows, CHUNK)):
        copies = Copies([row.sale_pk for row in chunk])
        taken = [(row.sale_pk, row.data) for row in chunk]
        again, other = copies.outcomes(old, taken), copies.outcomes(new, taken)
        for before, same, outcome in zip(chunk, again, other, strict=True):
            row = _with_families_of_today(before, same)
            if same != row.outcome:
                yield Recounted(row, None)
            elif outcome == row.outcome:
                yield Recounted(row, outcome)
            else:
                texts = [row.data.heading, *old.definition.texts_of(copies.sales[row.sale_pk]).values()]
                keyword = changed.behind([*texts, *copies.line_texts(row.sale_pk)])
                yield Recounted(row, outcome, keyword)


def _with_families_of_today(row: Snapshot, today: Outcome) -> Snapshot:
    """Where the catalogue has put a product into another family since, that is not the other list's doing."""
    is_same = row.outcome._replace(families=today.families) == today
    return row._replace(outcome=today) if is_same else row


def recount_tally(run: Run, keyword_list: KeywordList) -> RecountTally:
    """All of it counted; remembered, since neither the run nor the list changes."""
    copy = LocalCopy.objects.filter(connection=run.connection_id).first()
    marks = (mark_of(run), keyword_list.checksum, copy.revision if copy else 0)
    return _tally(run.pk, keyword_list.pk, marks)


@lru_cache(maxsize=16)
def _tally(run_pk: int, list_pk: int, _marks: tuple[object, ...]) -> RecountTally:
    run = Run.objects.select_related("keyword_list", "connection").get(pk=run_pk)
    kinds: Counter[Kind] = Counter()
    stages: Counter[str] = Counter()
    unsure_count = 0
    for row in recounted(run, KeywordList.objects.get(pk=list_pk)):
        stages[row.after.stage if row.after else row.before.outcome.stage] += 1
        unsure_count += row.after is None
        if row.is_changed:
            kinds[row.kind] += 1
    return RecountTally(dict(kinds), {stage: stages[stage] for stage in funnel.STAGES}, unsure_count)
