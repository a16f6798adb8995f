"""What an import, the form and the preview refuse because of the list they go into, or because of who asks."""

import pytest
from django.test import Client

from connector.models import Connection
from reports.export import EXCEL
from reports.keyword_lists import keyword_files
from reports.keyword_lists.keyword_files import csv_of, read_keywords
from reports.keyword_lists.keywords import current_list, keywords_of, save_version
from reports.keyword_lists.list_versions import difference
from reports.models import Keyword, KeywordList
from tests.conftest import People
from tests.reports.keyword_sales import fill_copy
from tests.reports.test_keyword_views import HEADER, typed, words

pytestmark = pytest.mark.once  # words and pages: the same on every database


@pytest.fixture
def editor(client: Client, people: People, connection: Connection) -> Client:
    """A representative."""
    fill_copy(connection, ["2x CD-01", "Akku", "Wartung"])
    current_list()
    client.force_login(people.jonas)
    return client


def imported(client: Client, lines: str, mode: str = "add") -> str:
    """What the page says after saving, once the dry run has said the same or nothing."""
    form = {"text": lines, "mode": mode, "version": str(current_list().version), "reason": "From a file"}
    checked = client.post("/keywords/import/check/", form)
    saved = client.post("/keywords/import/save/", form)
    if saved.status_code == 302:
        return ""
    assert checked.context["read"].problems == saved.context["read"].problems
    return words(saved.content)


def refused(client: Client, sentence: str, url: str = "/keywords/add/", **values: str) -> None:
    form = typed(reason="because", **values)
    count = KeywordList.objects.count()
    page = client.post(url, form)
    assert sentence in words(page.content)
    number = {} if url == "/keywords/add/" else {"number": url.strip("/").rpartition("/")[2]}
    shown = client.post("/keywords/preview/", form | number, headers={"HX-Request": "true"})
    assert sentence in words(shown.content)
    assert KeywordList.objects.count() == count


# --- One family a product -------------------------------------------------------------------------------

OTHER_FAMILY = "“OMNIE CD-01” is in the family “OMNIE” already"


def test_a_second_family_for_a_product_is_refused_in_form_and_preview(editor: Client) -> None:
    refused(editor, OTHER_FAMILY, text="Robo eins", product="OMNIE CD-01", family="KIRA")


def test_a_keyword_without_a_family_takes_that_of_its_product(editor: Client) -> None:
    form = typed(text="Robo eins", product="OMNIE CD-01", reason="A nickname")
    assert editor.post("/keywords/add/", form).status_code == 302
    assert current_list().keywords.get(text="Robo eins").family == "OMNIE"
    assert imported(editor, "product,keyword\nOMNIE CD-01,Robo uno\n") == ""
    assert current_list().keywords.get(text="Robo uno").family == "OMNIE"


def test_the_only_keyword_of_a_product_may_change_its_family(editor: Client) -> None:
    form = typed(text="Putzpad", product="Pad", family="Zubehör", reason="New")
    assert editor.post("/keywords/add/", form).status_code == 302
    number = current_list().keywords.get(text="Putzpad").number
    form = typed(text="Putzpad", product="Pad", family="Verschleiß", reason="Other")
    assert editor.post(f"/keywords/{number}/", form).status_code == 302
    assert current_list().keywords.get(number=number).family == "Verschleiß"


def test_a_second_family_for_a_product_is_refused_in_a_file(editor: Client) -> None:
    told = imported(editor, "product,family,keyword\nNeu,A,eins\nOMNIE CD-01,KIRA,zwei\nNeu,B,drei\n")
    assert f"Line 3, family: {OTHER_FAMILY}" in told
    assert "Line 4, family: “Neu” is in the family “A” already" in told
    assert KeywordList.objects.count() == 1


def test_a_file_that_moves_all_keywords_of_a_product_into_another_family_is_taken(editor: Client) -> None:
    moved = [one for one in keywords_of(current_list()) if one.product == "OMNIE CD-01"]
    lines = csv_of(moved).replace("OMNIE CD-01,OMNIE,", "OMNIE CD-01,ROBO,")
    lines = lines.replace('"OMNIE CD-01","OMNIE",', '"OMNIE CD-01","ROBO",')
    assert imported(editor, lines) == ""
    families = current_list().keywords.filter(product="OMNIE CD-01").values_list("family", flat=True)
    assert set(families) == {"ROBO"}


def test_a_list_with_two_families_from_before_can_be_read_back(editor: Client, people: People) -> None:
    first = current_list()
    both = [Keyword(text="alpha", product="P", family="A"), Keyword(text="beta", product="P", family="B")]
    saved = save_version([*keywords_of(first), *both], parent=first, author=people.jonas, reason="Before")
    page = editor.post("/keywords/import/check/", {"text": csv_of(keywords_of(saved)), "mode": "replace"})
    assert "The file has the same keywords as the version in use." in words(page.content)


# --- Expressions ----------------------------------------------------------------------------------------

APPROVERS = "Regular expressions are added, changed and removed by approvers and administrators."
EXPRESSION = HEADER + "Robo,,robo.?\\d,regex,product,positive,no,none,none,\n"


def test_a_representative_may_not_add_or_change_an_expression(editor: Client, people: People) -> None:
    refused(editor, APPROVERS, text=r"robo.?\d", type="regex", product="Robo")
    assert f"Line 2, type: {APPROVERS}" in imported(editor, EXPRESSION)
    first = current_list()
    kept = Keyword(text=r"robo.?\d", type="regex", product="Robo")
    save_version([*keywords_of(first), kept], parent=first, author=people.approver, reason="Before")
    refused(editor, APPROVERS, f"/keywords/{kept.number}/", text=r"robo\d", type="regex", product="Robo")
    refused(editor, APPROVERS, f"/keywords/{kept.number}/", text="robo", type="word", product="Robo")
    assert APPROVERS in imported(editor, EXPRESSION.replace("none,\n", "none,note\n"))


def test_a_representative_removes_no_expression_with_a_whole_list(editor: Client) -> None:
    without = csv_of([keyword for keyword in keywords_of(current_list()) if keyword.type != "regex"])
    page = editor.post("/keywords/import/check/", {"text": without, "mode": "replace"})
    assert APPROVERS in words(page.content)
    assert APPROVERS in imported(editor, without, "replace")
    assert current_list().version == 1


def test_expressions_that_are_there_stay_when_a_representative_changes_something_else(
    editor: Client, people: People
) -> None:
    editor.force_login(people.approver)
    assert imported(editor, EXPRESSION) == ""
    editor.force_login(people.jonas)
    form = typed(text="Robo eins", product="Robo", reason="A word")
    assert editor.post("/keywords/add/", form).status_code == 302
    whole = csv_of(keywords_of(current_list()))
    assert imported(editor, whole + "Neu,,Robo zwei,word,product,positive,no,none,none,\n", "replace") == ""
    assert current_list().keywords.filter(type="regex", product="Robo").count() == 1


@pytest.mark.parametrize("role", ["approver", "administrator"])
def test_approvers_and_administrators_may_use_expressions(editor: Client, people: People, role: str) -> None:
    editor.force_login(getattr(people, role))
    form = typed(text=r"robo.?\d", type="regex", product="Robo", reason="Versions")
    assert editor.post("/keywords/add/", form).status_code == 302
    assert imported(editor, EXPRESSION.replace("robo.", "robi.")) == ""


# --- German files ---------------------------------------------------------------------------------------


def test_the_file_for_german_excel_is_german_and_can_be_read_back(editor: Client) -> None:
    keywords = keywords_of(current_list())
    answer = editor.get("/keywords/versions/1/csv/excel/")
    assert 'filename="suchwoerter_v1.csv"' in answer["Content-Disposition"]
    text = answer.content.decode()
    head, *lines = text.removeprefix("\ufeff").split("\r\n")
    assert head.replace('"', "") == (
        "Produkt;Familie;Suchwort;Typ;Art;Wirkung;Familienname;Endungen;Zusammensetzungen;Notiz"
    )
    cells = {cell for line in lines for cell in line.replace('"', "").split(";")[3:9]}
    assert {"Wort", "Code", "regulärer Ausdruck", "Dienstleistung", "nennt ein Produkt", "nein"} <= cells
    assert not cells & {"word", "regex", "service", "product", "positive", "none", "no", "yes"}
    read = read_keywords(text)
    assert read.problems == []
    assert difference(keywords, keyword_files.merged(keywords, read.keywords, replace=True)).count == 0
    assert text == csv_of(keywords, EXCEL)
    assert editor.get("/keywords/versions/1/csv/data/").content.startswith(b'"product"')


def test_german_and_english_heads_and_words_may_stand_beside_each_other(editor: Client) -> None:
    lines = (
        "Produkt;keyword;TYP;kind;Familienname;Endungen\n"
        "A;eins;Wort;Dienstleistung;NEIN;Mit deutschen Endungen\n"
        "A;zwei;word;service;no;yes\n"
    )
    read = read_keywords(lines)
    assert read.problems == []
    assert {(one.type, one.kind, one.generic, one.inflect) for one in read.keywords} == {
        ("word", "service", False, "yes")
    }


def test_a_mistake_is_told_with_the_names_that_stand_in_the_file(editor: Client) -> None:
    told = imported(editor, "Produkt;Familie;Suchwort;Typ;Art\nOMNIE CD-01;KIRA;zwei;Satz;Produkt\n")
    assert f"Line 2, Familie: {OTHER_FAMILY}" in told
    assert "Line 2, Typ: “satz” is not known. Known are: Wort, Code, regulärer Ausdruck." in told


# --- Files ----------------------------------------------------------------------------------------------


def test_the_list_after_an_import_has_no_more_keywords_than_one_file_may(
    editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = len(keywords_of(current_list()))
    monkeypatch.setattr("reports.keyword_lists.import_rules.MOST_LINES", count + 1)
    two = "product,keyword\nA,eins\nA,zwei\n"
    assert f"The list would have {count + 2} keywords; {count + 1} are the limit." in imported(editor, two)
    assert imported(editor, "product,keyword\nA,eins\n") == ""


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("product,keyword\n", "The file has no keyword."),
        (HEADER + "\n\n", "The file has no keyword."),
        (
            "Akku,Batterie\nAkku,battery\n",
            "The first line must name the columns, for example product,keyword.",
        ),
        ("product,keyword\nA,Rob  Otto\nA,rob otto\n", "Line 3, keyword: Line 2 has the same keyword"),
        (
            HEADER + "A,,eins,all,product,positive,no,none,none,\n",
            "Line 2, type: “all” is not known. Known are: word, code, regex.",
        ),
        (
            HEADER + "A,,eins,word,thing,positive,no,none,none,\n",
            "Line 2, kind: “thing” is not known. Known are: product, service, tag.",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_so_that_one_can_mend_it(
    editor: Client, lines: str, sentence: str
) -> None:
    page = editor.post("/keywords/import/check/", {"text": lines, "mode": "add"})
    assert sentence in words(page.content)
    form = {"text": lines, "mode": "add", "version": "1", "reason": "anyway"}
    assert sentence in words(editor.post("/keywords/import/save/", form).content)


def test_the_form_compares_keywords_as_a_file_does(editor: Client) -> None:
    refused(editor, "already in the list for the same product", text="aKKU", product="Akku")
    refused(editor, "without a line break", text="Rob\nOtto", product="Robo")
    refused(editor, "without a line break", text="Rob\u2028Otto", product="Robo")


@pytest.mark.once
def test_expressions_that_differ_only_in_case_are_not_the_same() -> None:
    lines = HEADER + "".join(f"A,,x\\{one}y,regex,product,positive,no,none,none,\n" for one in "sS")
    assert read_keywords(lines).problems == []
    assert keyword_files.MOST_LINES == 10_000
