"""Which products a sale's heading names, how many of each, and why. Pure: no Django, no database, no clock.

    matcher = Matcher(keywords)
    result = matcher.match("2x Omnie CD-01 mit Nachlass")

`normalise` makes texts comparable, `keywords` compiles the list, `search` finds candidates, `boundaries` and
`code_lists` examine them, `overlap`, `context` and `quantity` decide what counts and how often.
"""

from reports.matching.keywords import Keyword, validate, weight_of
from reports.matching.matcher import Matcher
from reports.matching.results import Match, Reason, Result

__all__ = ["Keyword", "Match", "Matcher", "Reason", "Result", "validate", "weight_of"]
