"""What `resolve` comes to for ordinary headings, in a fraction of its time.

Nothing masked or vetoed, no characters dropped, what overlaps does so in the plainest way, every number serves one
match only. These functions know when a heading is not that ordinary, and then say None. Most headings are, and a call
costs as much as a decision: so few calls and long functions.
"""

from collections.abc import Collection, Sequence

from reports.matching.context import is_negated
from reports.matching.glances import AFTER, BEFORE, COUNTED
from reports.matching.keywords import Pattern
from reports.matching.quantity import DEFAULT, mentions_part, read_after, read_before
from reports.matching.results import Match, Reason, Result

_new = tuple.__new__  # what the named tuples' own way comes to, in half the time
# A pattern, its start, end, anchor and outer end as in `Hit`, and BEFORE and AFTER for where a quantity may be.
Placed = tuple[Pattern, int, int, int, int, int]
# A pattern, its start and end, and the rule it failed.
Missed = tuple[Pattern, int, int, str]


def conclude_one(heading: str, text: str, pattern: Pattern, span: tuple[int, int], sight: int) -> Result:
    """For one pattern that stands alone at `span`, with nothing else seen. `sight` is as in `Placed`."""
    start, end = span
    value, source = 1, "default"
    flags: tuple[str, ...] = ()
    if sight & COUNTED:
        quantity = (sight & BEFORE and read_before(text, start)) or (sight & AFTER and read_after(text, end))
        if quantity:
            value, source, _, _, _ = quantity
            if mentions_part(text):
                flags = ("davon",)
    match = _new(Match, (*pattern.head, value, source, (span,), heading[start:end]))
    if pattern.is_special and match.kind == "tag":
        return _new(Result, ("unmatched", (), (match,), (), flags))
    return _new(Result, ("matched", (match,), (), (), flags))


def conclude(
    heading: str,
    text: str,
    placed: Sequence[Placed],
    misses: Sequence[Missed] = (),
    shadowed: Sequence[Missed] = (),
    *,
    has_signs: bool,
) -> Result | None:
    """For positive patterns that stand, in their order, and what was seen besides. `has_signs`: some may be negated."""
    if misses and placed and _were_missed(misses, placed):
        return None
    reasons = [*misses, *shadowed]
    matches: dict[str, Match] = {}
    flags: tuple[str, ...] = ()
    number = behind = -1  # where the number behind the last match stands, and where that match ends
    previous = source = ""
    is_special = False
    for pattern, start, end, anchor, outer_end, sight in placed:
        head = pattern.head
        product = head[1]
        before = read_before(text, anchor) if sight & BEFORE else None
        after = read_after(text, outer_end) if sight & AFTER else None
        if product in matches or number >= start or (before and before.place < behind):
            return None
        if before and before.place == number:
            if after or has_signs or flags:
                return None
            if source == "after":  # the number between two belongs to the latter
                matches[previous] = matches[previous]._replace(quantity=1, quantity_source="default")
        is_special = is_special or pattern.is_special
        number, behind = after.place if after else -1, end
        if has_signs and is_negated(
            text, before.start if before else anchor, after.end if after and not before else outer_end
        ):
            reasons.append((pattern, start, end, "negated"))
            continue
        value, source, _, _, _ = before or after or DEFAULT
        if (before or after) and mentions_part(text):
            flags = ("davon",)
        previous = product
        matches[product] = _new(Match, (*head, value, source, ((start, end),), heading[start:end]))
    if is_special and _are_related(placed):
        return None
    rejected = _explain(heading, reasons) if reasons else ()
    products, tags = split_tags(matches.values()) if is_special else (tuple(matches.values()), ())
    return _new(Result, ("matched" if products else "unmatched", products, tags, rejected, flags))


def split_shadowed(placed: Sequence[Placed]) -> tuple[list[Placed], list[Missed]]:
    """As `drop_shadowed` where each longer pattern has just one shorter one within. Nothing stands where it is less
    plain.
    """
    standing: list[Placed] = []
    shadowed: list[Missed] = []
    behind = dark = 0  # where the last standing one ends, and the last one that has a shadow
    for one in placed:
        pattern, start, end, _, _, _ = one
        if start < behind:
            other, first, last, _, _, _ = standing[-1]
            is_same = other.keyword.product == pattern.keyword.product
            if is_same and start == first and end == last and other.keyword.id <= pattern.keyword.id:
                dark = end  # as good as one, unless there is something longer
                continue
            standing.pop()
            is_within = start <= first and last <= end and end - start > last - first
            if not is_within or start < dark or is_same:
                return [], []
            if standing and start < standing[-1][2]:
                return [], []
            shadowed.append((other, first, last, "shadowed"))
            dark = end
        standing.append(one)
        behind = end
    return standing, shadowed


def split_tags(matches: Collection[Match]) -> tuple[tuple[Match, ...], tuple[Match, ...]]:
    """Matches that count, and tags."""
    return (
        tuple([match for match in matches if match.kind != "tag"]),
        tuple([match for match in matches if match.kind == "tag"]),
    )


def _are_related(placed: Sequence[Placed]) -> bool:
    """Whether two of them are of the same family, and one is generic."""
    families = dict[str, bool]()
    for found in placed:
        keyword = found[0].keyword
        if keyword.family and (
            families.get(keyword.family) or (keyword.generic and keyword.family in families)
        ):
            return True
        families[keyword.family] = keyword.generic or families.get(keyword.family, False)
    return False


def _were_missed(misses: Sequence[Missed], placed: Sequence[Placed]) -> bool:
    """Whether a product was missed in one place and found in another, which may be the same."""
    products = {found[0].keyword.product for found in placed}
    return any(missed[0].keyword.product in products for missed in misses)


def _explain(heading: str, reasons: list[Missed]) -> tuple[Reason, ...]:
    """Reasons in order of appearance."""
    if len(reasons) > 1:
        reasons.sort(key=lambda reason: reason[1:3])
    return tuple([
        _new(Reason, (pattern.keyword.id, pattern.keyword.product, rule, start, end, heading[start:end]))
        for pattern, start, end, rule in reasons
    ])  # fmt: skip
