"""The keyword editor in the browser: what each page shows, refuses and stores."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connector.models import Connection
from reports.keyword_lists.keyword_files import csv_of
from reports.keyword_lists.keywords import current_list, keywords_of
from reports.keyword_lists.list_changes import save_list
from reports.models import Keyword, KeywordList, Product, ProductFamily
from tests.conftest import People
from tests.reports.keyword_sales import fill_copy, whole_copy

PAGES = [
    "/keywords/", "/keywords/catalogue/", "/keywords/checks/", "/keywords/checks/count/", "/keywords/versions/",
    "/keywords/versions/1/", "/keywords/versions/compare/?old=1&new=1", "/keywords/versions/1/csv/data/",
    "/keywords/versions/1/csv/excel/",
]  # fmt: skip
EDITORS_ONLY = [
    "/keywords/add/", "/keywords/2/", "/keywords/2/remove/", "/keywords/product/remove/?product=Akku",
    "/keywords/versions/1/restore/", "/keywords/import/",
]  # fmt: skip
POST_ONLY = ["/keywords/preview/", "/keywords/import/check/", "/keywords/import/save/"]


@pytest.fixture
def editor(client: Client, people: People, connection: Connection) -> Client:
    """A representative, who may edit keywords, in front of about 450 sales."""
    whole_copy(connection)
    current_list()
    client.force_login(people.jonas)
    return client


def typed(**changes: str) -> dict[str, str]:
    """A form for a new keyword, as a browser sends it."""
    empty = {
        "text": "", "product": "", "family": "", "type": "word", "kind": "product", "polarity": "positive",
        "inflect": "none", "compound": "none", "note": "", "reason": "", "loss_reason": "",
        "version": str(current_list().version),
    }  # fmt: skip
    return empty | changes


def words(content: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", content.decode()).split())


# --- Who may do what ------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize("page", PAGES + EDITORS_ONLY)
def test_an_editor_sees_every_page(editor: Client, page: str) -> None:
    assert editor.get(page).status_code == 200


@pytest.mark.once
@pytest.mark.parametrize("page", [page for page in PAGES if "/csv/" not in page])
def test_a_viewer_may_look(client: Client, people: People, connection: Connection, page: str) -> None:
    current_list()
    client.force_login(people.viewer)
    assert client.get(page).status_code == 200


@pytest.mark.once
@pytest.mark.parametrize("page", EDITORS_ONLY)
def test_a_viewer_may_not_change_anything(
    client: Client, people: People, connection: Connection, page: str
) -> None:
    current_list()
    client.force_login(people.viewer)
    assert client.get(page).status_code == 403
    assert client.post(page, typed(text="neu", product="Neu", reason="because")).status_code in {403, 405}
    assert KeywordList.objects.count() == 1


@pytest.mark.once
@pytest.mark.parametrize("page", POST_ONLY)
def test_what_is_posted_cannot_be_fetched_and_is_for_editors(
    client: Client, people: People, connection: Connection, page: str
) -> None:
    current_list()
    client.force_login(people.viewer)
    assert client.get(page).status_code == 405
    assert client.post(page, typed(text="neu", product="Neu")).status_code == 403
    client.force_login(people.outsider)
    assert client.post(page, typed(text="neu", product="Neu")).status_code == 403


@pytest.mark.once
@pytest.mark.parametrize(
    "page",
    [
        "/keywords/versions/99/", "/keywords/versions/99/restore/", "/keywords/versions/1/csv/pdf/", "/keywords/99999/",
        "/keywords/versions/compare/?old=1", "/keywords/versions/compare/?old=1&new=99999999999999999999",
        "/keywords/versions/9999999999999999999999/", "/keywords/product/remove/?product=unknown",
        "/keywords/product/remove/",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(editor: Client, page: str) -> None:
    assert editor.get(page).status_code == 404


# --- The list -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("q=buerste", "Bürste", "Wartung"),
        ("q=cd 01", "CD-01", "CD-02"),
        ("product=Akku", "battery", "Bürste"),
        ("family=KIRA", "Kira B 50", "CD-01"),
        ("kind=veto", "Dummy", "Self Service"),
        ("kind=tag", "Rabatt", "Akku"),
    ],
)
def test_the_list_is_searched_and_filtered_by_its_address(
    editor: Client, query: str, shown: str, hidden: str
) -> None:
    page = editor.get(f"/keywords/?{query}")
    table = page.content.decode().partition("<tbody")[2].partition("Latest versions")[0]
    assert shown in table
    assert f">{hidden}</a>" not in table


@pytest.mark.once
def test_a_filter_that_fits_nothing_says_so_and_leads_back(editor: Client) -> None:
    assert "No keyword fits the filter." in words(editor.get("/keywords/?q=zzzz").content)


def test_a_long_list_is_shown_in_pages_that_leave_nothing_out(editor: Client, people: People) -> None:
    many = [Keyword(text=f"wort {place:04}", product=f"P {place % 50}") for place in range(450)]
    save_list(many, parent=current_list(), author=people.jonas, reason="Many", loss_reason="all new")
    seen: list[str] = []
    address = "/keywords/"
    while address:
        page = editor.get(address)
        seen += re.findall(r">(wort \d{4})</a>", page.content.decode())
        address = (
            "/keywords/" + page.context["pager"]["next_url"] if page.context["pager"]["next_url"] else ""
        )
    assert sorted(seen) == sorted(keyword.text for keyword in many)


@pytest.mark.parametrize(
    "page", ["/keywords/", "/keywords/catalogue/", "/keywords/checks/", "/keywords/versions/"]
)
def test_a_page_costs_the_same_number_of_queries_with_more_keywords(
    editor: Client, people: People, connection: Connection, page: str
) -> None:
    editor.post("/keywords/add/", typed(text="Wischmopp", product="Mopp", reason="New"))
    editor.get(page)
    with CaptureQueriesContext(database) as few:
        editor.get(page)
    more = (Keyword(text=f"wort {one:03}", product="Neu") for one in range(100))
    save_list(
        [*keywords_of(current_list()), *more], parent=current_list(), author=people.jonas, reason="More"
    )
    ProductFamily.objects.bulk_create(
        ProductFamily(connection=connection, family_id=number, name=f"F {number}") for number in range(20)
    )
    editor.get(page)
    with CaptureQueriesContext(database) as many:
        editor.get(page)
    assert len(many) == len(few)


# --- One keyword ----------------------------------------------------------------------------------------


def test_saving_makes_a_version_with_author_and_reason_and_says_so_on_top_of_the_list(
    editor: Client, people: People
) -> None:
    answer = editor.post("/keywords/add/", typed(text="Wischmopp", product="Mopp", reason="New product"))
    saved = current_list()
    assert answer.headers["Location"] == "/keywords/"
    page = editor.get("/keywords/").content
    assert "Version 2 saved. New runs use it. Reports" in words(page)
    assert "Wischmopp" in words(page)
    assert (saved.version, saved.author, saved.reason) == (2, people.jonas, "New product")


@pytest.mark.once
def test_endings_and_compounds_are_for_words_only(editor: Client) -> None:
    hidden = typed(text="AB-12", product="Mopp", type="code", inflect="yes", compound="any", reason="New")
    assert editor.post("/keywords/add/", hidden).status_code == 302
    code = current_list().keywords.get(text="AB-12")
    assert (code.inflect, code.compound) == ("none", "none")
    without = typed(text="Feger", product="Mopp", inflect="", compound="", reason="New")
    assert editor.post("/keywords/add/", without).status_code == 302
    word = current_list().keywords.get(text="Feger")
    assert (word.inflect, word.compound) == ("none", "none")


def test_an_edit_that_changes_nothing_makes_no_version(editor: Client) -> None:
    akku = current_list().keywords.get(text="Akku")
    same = typed(text="Akku", product="Akku", inflect="yes", compound="start", reason="?")
    page = editor.post(f"/keywords/{akku.number}/", same)
    assert "Nothing is different" in words(page.content)
    assert KeywordList.objects.count() == 1


def test_a_form_from_an_older_version_is_refused_and_nothing_is_lost(editor: Client, people: People) -> None:
    form = typed(text="Wischmopp", product="Mopp", reason="mine")
    editor.post("/keywords/add/", typed(text="zuerst", product="Neu", reason="faster"))
    page = editor.post("/keywords/add/", form)
    assert page.status_code == 409
    assert "Jonas Weber saved list version 2" in words(page.content)
    assert 'value="Wischmopp"' in page.content.decode()
    assert not current_list().keywords.filter(text="Wischmopp").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"text": "", "product": "P"}, "This field is required."),
        ({"text": "x", "product": "P"}, "A single letter or digit would be found nearly everywhere."),
        ({"text": "--", "product": "P"}, "The keyword has no letter and no digit."),
        ({"text": "🤖" * 219, "product": "P"}, "at most 200 characters"),
        ({"text": "א" * 201, "product": "P"}, "at most 200 characters"),
        ({"text": "CD\x00-01", "product": "P"}, "Null characters are not allowed."),
        ({"text": "(a{1000}){1000}", "type": "regex", "product": "P"}, "The expression"),
        ({"text": "(", "type": "regex", "product": "P"}, "The expression cannot be read."),
        ({"text": "a*", "type": "regex", "product": "P"}, "The expression also matches nothing at all."),
        ({"text": "neu", "product": ""}, "A keyword that finds something needs a product."),
        ({"text": "neu", "product": "A; B"}, "Without a semicolon, please"),
        ({"text": "neu", "product": "P", "family": "F;G"}, "Without a semicolon, please"),
        ({"text": "neu", "product": "P", "generic": "on"}, "A family name needs the family it stands for."),
        ({"text": "Akku", "product": "Akku"}, "already in the list for the same product"),
        ({"text": "neu", "product": "P", "type": "contains"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_a_sentence_in_form_and_preview_and_stores_nothing(
    editor: Client, changes: dict[str, str], sentence: str
) -> None:
    form = typed(reason="because", **changes)
    assert sentence in words(editor.post("/keywords/add/", form).content).replace("&#x27;", "'")
    seen = editor.post("/keywords/preview/", form, headers={"HX-Request": "true"})
    assert seen.status_code == 200
    assert sentence in words(seen.content)
    assert "preview-group" not in seen.content.decode()
    assert KeywordList.objects.count() == 1


@pytest.mark.once
def test_a_link_fills_the_form_and_shows_the_sale_it_comes_from(editor: Client) -> None:
    page = editor.get("/keywords/add/?text=RX-77&product=Neu&family=OMNIE&from_sale=1")
    form = page.context["form"]
    assert (form["text"].value(), form["product"].value(), form["type"].value()) == ("RX-77", "Neu", "code")
    assert "From the heading of sale 1: “2xOmnie CD-01 mit Nachlass”." in words(page.content)
    assert editor.get("/keywords/add/?text=" + "x" * 300 + "&from_sale=abc").status_code == 200


# --- Preview --------------------------------------------------------------------------------------------


def test_the_preview_shows_what_would_be_gained_before_anything_is_saved(
    editor: Client, connection: Connection
) -> None:
    fill_copy(connection, ["3 Quirlbesen", "Quirlbesen für Nord", "ohne Quirlbesen"], first_id=8002)
    seen = editor.post(
        "/keywords/preview/", typed(text="Quirlbesen", product="Besen"), headers={"HX-Request": "true"}
    )
    text = words(seen.content)
    assert "2 sales newly found" in text
    assert "3 × Besen" in text
    assert 'hx-swap-oob="innerHTML"' in seen.content.decode()
    assert KeywordList.objects.count() == 1


@pytest.mark.once
def test_without_javascript_the_preview_is_a_page_with_everything_typed(editor: Client) -> None:
    akku = current_list().keywords.get(text="Akku")
    form = typed(text="Akkupack", product="Akku", generic="", number=str(akku.number), reason="half-typed")
    page = editor.post("/keywords/preview/", form)
    html = page.content.decode()
    assert 'value="Akkupack"' in html
    assert 'value="half-typed"' in html
    assert f'action="/keywords/{akku.number}/"' in html
    assert page.context["shown"].groups


@pytest.mark.once
def test_a_preview_for_an_outdated_list_says_so_instead_of_showing_figures(editor: Client) -> None:
    form = typed(text="Angebot", product="Neu")
    editor.post("/keywords/add/", typed(text="zuerst", product="Neu", reason="faster"))
    seen = editor.post("/keywords/preview/", form, headers={"HX-Request": "true"})
    assert "saved list version 2" in words(seen.content)
    assert "preview-group" not in seen.content.decode()


@pytest.mark.once
def test_a_preview_without_a_local_copy_says_that_there_is_none(
    client: Client, people: People, connection: Connection
) -> None:
    client.force_login(people.jonas)
    seen = client.post("/keywords/preview/", typed(text="neu", product="Neu"), headers={"HX-Request": "true"})
    assert "There is no sale in the local copy yet" in words(seen.content)


# --- The gate -------------------------------------------------------------------------------------------


def test_losing_many_sales_needs_a_tick_and_a_reason_of_its_own(
    editor: Client, connection: Connection
) -> None:
    fill_copy(connection, ["Fegbesen"] * 20, first_id=8001)
    editor.post("/keywords/add/", typed(text="Fegbesen", product="Besen", reason="New"))
    besen = current_list().keywords.get(text="Fegbesen")
    address = f"/keywords/{besen.number}/remove/"
    assert editor.get(address).context["shown"].is_costly
    refused: list[dict[str, str]] = [{}, {"knows_loss": "on"}, {"loss_reason": "not sold any more"}]
    for form in refused:
        page = editor.post(address, typed(reason="gone", **form))
        assert "After this, no product is found any more" in words(page.content)
        assert KeywordList.objects.count() == 2
    form = {"knows_loss": "on", "loss_reason": "not sold any more"}
    assert editor.post(address, typed(reason="gone", **form)).status_code == 302
    assert re.fullmatch(r"gone \(−1\d: not sold any more\)", current_list().reason)


# --- A product with its keywords -------------------------------------------------------------------------


@pytest.mark.once
def test_removing_a_product_asks_what_becomes_of_its_keywords(editor: Client) -> None:
    page = editor.get("/keywords/product/remove/?product=Akku")
    assert "Remove “Akku” with 2 keywords" in words(page.content)
    incomplete = editor.get("/keywords/product/remove/?product=Akku&fate=move")
    assert "Choose the product that gets them." in words(incomplete.content)
    assert not incomplete.context["is_chosen"]


def test_the_keywords_of_a_removed_product_can_go_to_another_one(editor: Client) -> None:
    address = "/keywords/product/remove/?product=Akku&fate=move&target=OMNIE CD-01"
    assert "Give 2 keywords of “Akku” to “OMNIE CD-01”" in words(editor.get(address).content)
    assert editor.post(address, typed(reason="It is a part")).status_code == 302
    moved = current_list().keywords.filter(text__in=["Akku", "battery"])
    assert {(one.product, one.family, one.generic) for one in moved} == {("OMNIE CD-01", "OMNIE", False)}


# --- Versions -------------------------------------------------------------------------------------------


def test_restoring_a_version_gives_its_file_byte_for_byte(editor: Client) -> None:
    first = editor.get("/keywords/versions/1/csv/data/").content
    editor.post("/keywords/add/", typed(text="Wischmopp", product="Mopp", reason="New"))
    battery = current_list().keywords.get(text="battery")
    editor.post(f"/keywords/{battery.number}/remove/", typed(reason="Gone"))
    page = editor.get("/keywords/versions/1/restore/")
    assert "1 added, 1 removed" in words(page.content)
    answer = editor.post("/keywords/versions/1/restore/", typed(reason="Back"))
    assert answer.status_code == 302
    assert current_list().version == 4
    assert editor.get("/keywords/versions/4/csv/data/").content == first
    assert current_list().checksum == KeywordList.objects.get(version=1).checksum


@pytest.mark.once
def test_comparing_two_versions_shows_what_changed_field_by_field_and_as_text(editor: Client) -> None:
    akku = current_list().keywords.get(text="Akku")
    change = typed(
        text="Akku", product="Akku", inflect="s", compound="start", note="looked at", reason="Note"
    )
    editor.post(f"/keywords/{akku.number}/", change)
    editor.post("/keywords/add/", typed(text="Wischmopp", product="Mopp", reason="New"))
    text = words(editor.get("/keywords/versions/compare/?old=1&new=3").content)
    assert "1 added, 1 changed" in text
    assert "endings: with German endings → also with -s" in text
    assert "note: – → looked at" in text
    assert "Mopp" in text
    back = words(editor.get("/keywords/versions/compare/?old=3&new=1").content)
    assert "1 removed, 1 changed" in back


# --- Import ---------------------------------------------------------------------------------------------

HEADER = "product,family,keyword,type,kind,polarity,generic,inflect,compound,note\n"


def test_an_import_is_shown_first_and_saved_as_one_version(editor: Client) -> None:
    lines = (
        HEADER
        + "Mopp,,Wischmopp,word,product,positive,no,yes,none,\nAkku,,Akku,word,product,positive,no,s,start,\n"
    )
    page = editor.post("/keywords/import/check/", {"text": lines, "mode": "add"})
    assert "1 added, 1 changed" in words(page.content)
    assert KeywordList.objects.count() == 1
    form = {"text": page.context["text"], "mode": "add", "version": "1", "reason": "From the file"}
    assert editor.post("/keywords/import/save/", form).status_code == 302
    saved = current_list()
    assert (saved.version, saved.reason) == (2, "From the file")
    assert saved.keywords.get(text="Akku").inflect == "s"
    assert saved.keywords.get(text="Wischmopp").product == "Mopp"


def test_the_file_of_a_version_imported_again_changes_nothing(editor: Client) -> None:
    for dialect in ("data", "excel"):
        file = SimpleUploadedFile("k.csv", editor.get(f"/keywords/versions/1/csv/{dialect}/").content)
        page = editor.post("/keywords/import/check/", {"file": file, "mode": "replace"})
        assert "The file has the same keywords as the version in use." in words(page.content)


def test_a_file_that_is_the_whole_list_removes_the_rest(editor: Client, people: People) -> None:
    editor.force_login(people.approver)  # an expression is removed with the rest
    lines = HEADER + "OMNIE CD-01,OMNIE,CD-01,code,product,positive,no,none,none,\n"
    page = editor.post("/keywords/import/check/", {"text": lines, "mode": "replace"})
    assert page.context["difference"].added == []
    assert len(page.context["difference"].removed) == len(keywords_of(current_list())) - 1
    assert page.context["shown"].is_costly
    form = {"text": lines, "mode": "replace", "version": "1", "reason": "Only this"}
    assert "After this, no product is found any more" in words(
        editor.post("/keywords/import/save/", form).content
    )
    assert KeywordList.objects.count() == 1


@pytest.mark.once
@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("", "Choose a file or paste some lines."),
        ("product,word\nA,B\n", "Line 1 names a column “word”"),
        ("product,type\nA,word\n", "The column “keyword” is missing."),
        (HEADER + "A,,eins,all,product,positive,no,none,none,\n", "Line 2, type:"),
        (HEADER + "A,,eins,word,product,positive,maybe,none,none,\n", "Line 2, generic: “maybe” is neither yes"),
        (HEADER + "A,,eins,word,product,positive,no,none,none,\n" * 2, "Line 3, keyword: Line 2 has the same keyword"),
        (HEADER + "A,,,word,product,positive,no,none,none,\n", "Line 2: The keyword is missing."),
        (HEADER + "A;B,,eins,word,product,positive,no,none,none,\n", "Line 2, product: Without a semicolon"),
        (HEADER + "A,,(,regex,product,positive,no,none,none,\n", "Line 2, keyword: The expression cannot be read."),
        (HEADER + "A,,x,word,product,positive,no,none,none,\n", "Line 2, keyword: A single letter"),
        (HEADER + f"A,,{'x' * 201},word,product,positive,no,none,none,\n", "Line 2, keyword:"),
        (HEADER + 'A,,"eins,word\n', "Line 2"),
        (HEADER + "A,,eins\n", "Line 2 ends before the column “type”"),
        ("keyword,product\n" + "eins,A\n" * 10_001, "The file has 10001 keywords; 10000 are the limit."),
        ("k" * 1_500_001, "This is too much"),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_line_by_line_and_nothing_is_saved(
    editor: Client, lines: str, sentence: str
) -> None:
    page = editor.post("/keywords/import/check/", {"text": lines, "mode": "add"})
    assert page.status_code == 200
    assert sentence in words(page.content).replace("&#x27;", "'")
    form = {"text": lines, "mode": "add", "version": "1", "reason": "anyway"}
    assert editor.post("/keywords/import/save/", form).status_code in {200, 409}
    assert KeywordList.objects.count() == 1


@pytest.mark.once
def test_german_names_of_the_columns_are_understood_and_never_written(editor: Client) -> None:
    lines = "Produkt;Familie;Suchwort;Typ;Art;Wirkung;Familienname;Endungen;Zusammensetzungen;Notiz\n"
    lines += "Mopp;Reinigung;Wischmopp;word;product;positive;nein;s;any;neu\n"
    form = {"text": lines, "mode": "add", "version": "1", "reason": "From the file"}
    assert editor.post("/keywords/import/save/", form).status_code == 302
    new = current_list().keywords.get(text="Wischmopp")
    assert (new.product, new.family, new.inflect, new.compound) == ("Mopp", "Reinigung", "s", "any")
    written = editor.get("/keywords/versions/2/csv/data/").content.decode().replace('"', "").splitlines()
    assert written[0] == HEADER.strip()


@pytest.mark.once
def test_keywords_that_stand_nowhere_are_named_in_one_sentence(editor: Client) -> None:
    lines = "product,keyword\nA,Nirgends\nB,Nirgendwo\n"
    page = editor.post("/keywords/import/check/", {"text": lines, "mode": "add"})
    assert "Stands in no sale: Nirgends, Nirgendwo." in words(page.content)


@pytest.mark.once
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("product,keyword\nBürste,Bürste\n".encode("cp1252"), "Line 2 has a character that is not UTF-8"),
        (b"PK\x03\x04 rest of a workbook", "This is a workbook, not a CSV."),
        (b"product,keyword\nA,B\x00C\n", "NUL character"),
    ],
)
def test_a_file_in_the_wrong_encoding_is_told(editor: Client, data: bytes, sentence: str) -> None:
    page = editor.post("/keywords/import/check/", {"file": SimpleUploadedFile("k.csv", data), "mode": "add"})
    assert sentence in words(page.content)


@pytest.mark.once
def test_nearly_ten_thousand_pasted_keywords_are_answered_and_saved_within_seconds(editor: Client) -> None:
    lines = "keyword,product,type\n" + "".join(f"AB-{n:05},P {n % 3000},code\n" for n in range(9_900))
    page = editor.post("/keywords/import/check/", {"text": lines, "mode": "add"})
    assert "9900 added" in words(page.content).replace(",", "")
    form = {"text": lines, "mode": "add", "version": "1", "reason": "All of them"}
    assert editor.post("/keywords/import/save/", form).status_code == 302
    assert current_list().keywords.count() > 9_900


@pytest.mark.once
def test_a_formula_in_a_keyword_survives_its_way_through_a_file(editor: Client) -> None:
    editor.post("/keywords/add/", typed(text="=CD-77", product="+Plus", type="code", reason="odd"))
    written = editor.get("/keywords/versions/2/csv/excel/").content
    assert b"'=CD-77" in written
    page = editor.post(
        "/keywords/import/check/", {"file": SimpleUploadedFile("k.csv", written), "mode": "replace"}
    )
    assert "The file has the same keywords" in words(page.content)
    assert csv_of(keywords_of(current_list())).count("\r\n") == len(keywords_of(current_list())) + 1


# --- The catalogue --------------------------------------------------------------------------------------


def test_the_catalogue_shows_what_has_no_keyword_and_offers_one(
    editor: Client, connection: Connection
) -> None:
    ProductFamily.objects.create(connection=connection, family_id=1, name="OMNIE")
    Product.objects.create(
        connection=connection, product_id=1, name="OMNIE CD-01", code="CD-01", family_name="OMNIE"
    )
    Product.objects.create(
        connection=connection, product_id=2, name="Wedelmax 3", code="WM-3", family_name="WEDEL"
    )
    ProductFamily.objects.create(connection=connection, family_id=2, name="Allgemeines")
    page = editor.get("/keywords/catalogue/")
    assert page.context["without_count"] == 1  # a family needs none
    assert "1 product without a keyword." in words(page.content)
    assert b"?text=Allgemeines" not in page.content
    only = editor.get("/keywords/catalogue/?without=1").content.decode()
    assert "/keywords/add/?text=WM-3&amp;product=Wedelmax%203&amp;family=WEDEL" in only
    assert "OMNIE CD-01" not in only
