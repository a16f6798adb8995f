"""Which sales are about which products, and why."""

from reports.models.definitions import JobSchedule, Occurrence, Report, SavedView
from reports.models.keywords import FindingVerdict, Keyword, KeywordList, Label, TextVerdict
from reports.models.runs import Download, Match, Row, RowQuerySet, Run, RunQuerySet
from reports.models.sales import LocalCopy, Product, ProductFamily, QuoteLine, Sale, Sync, status_label
from reports.models.work import Work, WorkQuerySet

__all__ = [
    "Download",
    "FindingVerdict",
    "JobSchedule",
    "Keyword",
    "KeywordList",
    "Label",
    "LocalCopy",
    "Match",
    "Occurrence",
    "Product",
    "ProductFamily",
    "QuoteLine",
    "Report",
    "Row",
    "RowQuerySet",
    "Run",
    "RunQuerySet",
    "Sale",
    "SavedView",
    "Sync",
    "TextVerdict",
    "Work",
    "WorkQuerySet",
    "status_label",
]
