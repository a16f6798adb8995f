"""A matcher that keeps its answers: while somebody types, one of the two lists that are compared does not change."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from reports import matching
from reports.keyword_lists.keywords import to_matching
from reports.matching import Result
from reports.models import Keyword, KeywordList
from reports.runs.families import NO_FAMILIES, Families
from reports.runs.funnel import Placement, Subject, place

_REMEMBERED = 200_000  # results of one list; more start anew


class Remembering(matching.Matcher):
    """A keyword list with what it found in the texts and headings that it was asked about."""

    def __init__(self, keywords: Sequence[matching.Keyword]) -> None:
        super().__init__(keywords)
        self._answers: dict[str, Result] = {}
        self._placements: dict[tuple[str, bool, bool, Families], Placement] = {}

    def match(self, heading: str | None) -> Result:
        text = heading or ""
        answer = self._answers.get(text)
        if answer is None:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            answer = self._answers[text] = super().match(text)
        return answer

    def learn(self, texts: Iterable[str]) -> None:
        """Find the answers for all of these at once, which takes less time than one by one."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._answers]
        if len(self._answers) + len(missing) > _REMEMBERED:
            self._answers.clear()
        self._answers.update(zip(missing, self.match_many(missing), strict=True))

    def place(self, subject: Subject, families: Families = NO_FAMILIES) -> Placement:
        """`funnel.place`, kept for headings without a quote: many sales have the same one, and it is asked again."""
        if subject.lines:
            return place(subject, self, families=families)
        key = subject.heading, subject.company_id is None, not subject.company_name, families
        placement = self._placements.get(key)
        if placement is None:
            if len(self._placements) >= _REMEMBERED:
                self._placements.clear()
            placement = self._placements[key] = place(subject, self, families=families)
        return placement


@lru_cache(maxsize=2)
def _remembering(list_pk: int, _checksum: str) -> Remembering:
    rows = Keyword.objects.filter(keyword_list=list_pk).order_by("number")
    return Remembering([to_matching(keyword) for keyword in rows])


def remembering(keyword_list: KeywordList) -> Remembering:
    """The matcher of a stored list, kept in this process with what it found."""
    return _remembering(keyword_list.pk, keyword_list.checksum)
