"""A matcher that keeps its answers: while somebody types, one of the two lists that are compared does not change."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from reports import matching
from reports.keyword_lists.keywords import to_matching
from reports.matching import Result
from reports.matching.matcher import paused_collector
from reports.models import Keyword, KeywordList
from reports.runs.families import NO_FAMILIES, Families
from reports.runs.funnel import Placement, Subject, place

MOST_REMEMBERED = 200_000  # results of one list; more start anew


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
            answer = super().match(text)
            self.keep(text, answer)
        return answer

    def keep(self, text: str, answer: Result) -> None:
        """Remember what `match` says of the text, for whom somebody else has found that out."""
        self._room_for(1)[text] = answer

    def answers(self, texts: Sequence[str]) -> list[Result]:
        """What `match` says of each, in their order, in less time than one by one."""
        known = (
            self._answers
        )  # whoever makes room meanwhile takes another dict, so that nothing is missing here
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if (room := self._room_for(len(fresh))) is not known:
            known, fresh = room, list(dict.fromkeys(texts))
        with paused_collector():
            known.update(zip(fresh, self.match_many(fresh), strict=True))
        return [known[text] for text in texts]

    def learn(self, texts: Iterable[str]) -> None:
        """Find the answers for all of these at once, for those who will ask for them one by one."""
        self.answers(list(texts))

    def _room_for(self, count: int) -> dict[str, Result]:
        """The answers so far if so many more may join them, else a new place for them."""
        known = self._answers
        if len(known) + count > MOST_REMEMBERED:
            known = self._answers = {}
        return known

    def place(self, subject: Subject, families: Families = NO_FAMILIES) -> Placement:
        """`funnel.place`, kept for headings without a quote: many sales have the same one, and it is asked again."""
        if subject.lines:
            return place(subject, self, families=families)
        key = subject.heading, subject.company_id is None, not subject.company_name, families
        placement = self._placements.get(key)
        if placement is None:
            if len(self._placements) >= MOST_REMEMBERED:
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
