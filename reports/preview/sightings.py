"""What became of each new or changed keyword in the texts of the sales."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reports.matching import Match, Result
from reports.preview.outlines import Alike
from reports.preview.remembering import Remembering


@dataclass(slots=True)
class Sighting:
    """What became of one keyword of the new list, by texts (headings and quote lines)."""

    counted: int = 0
    refused: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))  # by the rule it failed
    conflicts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))  # by the other product

    @property
    def is_shadowed(self) -> bool:
        """Whether it never counts because a longer keyword of another product always covers it."""
        return not self.counted and self.refused["shadowed"] > 0


def look(sightings: Mapping[int, Sighting], texts: Sequence[str], groups: Alike, after: Remembering) -> None:
    """Fill in what the new list says of the texts in `groups`."""
    for (_old, (_status, matches, tags, rejected, flags)), numbers in groups.items():
        for keyword_id, *_ in (*matches, *tags):
            if sighting := sightings.get(keyword_id):
                sighting.counted += len(numbers)
        for keyword_id, _product, rule in rejected:
            if sighting := sightings.get(keyword_id):
                sighting.refused[rule] += len(numbers)
        if "conflict" in flags:  # between which of them, only the places say
            for number in numbers:
                _note_conflicts(sightings, after.match(texts[number]))


def _note_conflicts(sightings: Mapping[int, Sighting], result: Result) -> None:
    for found in (*result.matches, *result.tags):
        if sighting := sightings.get(found.keyword_id):
            for rival in rivals_of(found, result):
                sighting.conflicts[rival] += 1


def rivals_of(found: Match, result: Result) -> Iterator[str]:
    """Other products that claim characters of `found`."""
    for other in result.matches:
        if other.product != found.product and any(
            one[0] < two[1] and two[0] < one[1] for one in found.spans for two in other.spans
        ):
            yield other.product
