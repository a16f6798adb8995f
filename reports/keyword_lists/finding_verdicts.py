"""Findings of the checks that somebody looked at and called fine: they stay, but they are not open any more.

A verdict is about a kind and a subject, so it outlives the version of the list in which it was given. It is kept
when its finding goes away, and counts again when the same finding comes back.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from reports.keyword_lists.keyword_checks import Finding
from reports.models import FindingVerdict


@dataclass(frozen=True, slots=True)
class Accepted:
    """A verdict and the findings of now that it is about: one, or more when they have the same subject."""

    verdict: FindingVerdict
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class SiftedFindings:
    """Every finding once: open in the order of the checks, the accepted ones by the newest verdict."""

    open: Sequence[Finding]
    accepted: Sequence[Accepted]

    @property
    def accepted_count(self) -> int:
        return sum(len(one.findings) for one in self.accepted)


def subject_of(finding: Finding) -> str:
    """What a finding is about, the same in every version; with its kind it names the finding. At most 210 characters.

    A keyword's text, "product/missing language", or the two products of a conflict in alphabetical order. One mask
    that takes much from several products is one subject: it is the mask that is fine or not.
    """
    if finding.keyword is not None:
        return finding.keyword.text
    if finding.missing:
        return f"{finding.product}/{finding.missing}"
    return " ↔ ".join(sorted((finding.product, finding.other)))


def about(finding: Finding) -> str:
    """The subject for people: a keyword, a product, or two."""
    if finding.keyword is not None:
        return finding.keyword.text
    return ", ".join(name for name in (finding.product, finding.other) if name)


def sift(findings: Sequence[Finding]) -> SiftedFindings:
    """Part what is open from what is fine, with who said so and when; one query."""
    verdicts = {
        (one.kind, one.subject): one
        for one in FindingVerdict.objects.select_related("decided_by").order_by("-decided_at", "-pk")
    }
    still_open: list[Finding] = []
    accepted: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        key = finding.kind, subject_of(finding)
        (accepted[key] if key in verdicts else still_open).append(finding)
    return SiftedFindings(
        still_open, [Accepted(verdict, accepted[key]) for key, verdict in verdicts.items() if key in accepted]
    )


def open_count(findings: Sequence[Finding]) -> int:
    """How many findings nobody called fine; one query."""
    decided = set(FindingVerdict.objects.values_list("kind", "subject"))
    return sum((finding.kind, subject_of(finding)) not in decided for finding in findings)


def findings_about(findings: Sequence[Finding], *, kind: str, subject: str) -> list[Finding]:
    return [one for one in findings if one.kind == kind and subject_of(one) == subject]


def accept_findings(*, kind: str, subject: str, by: User) -> None:
    """Note that this is fine. Whoever said so first stays named: one insert, nothing when the row is there."""
    verdict = FindingVerdict(kind=kind, subject=subject, decided_by=by)
    FindingVerdict.objects.bulk_create([verdict], ignore_conflicts=True)


def reopen_findings(*, kind: str, subject: str) -> bool:
    """Forget the verdict; whether there was one."""
    removed, _by_model = FindingVerdict.objects.filter(kind=kind, subject=subject).delete()
    return bool(removed)
