"""The report commands against the demo tenant: rows, formats, and words when something is missing."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from connector.demo.tenant import DemoTenant
from connector.models import Connection
from reports.models import Report
from reports.runs import services

HEADER = [
    "SaleId",
    "CustomerName",
    "SaleHeading",
    "Products",
    "Quantities",
    "Status",
    "Amount",
    "Currency",
    "SaleDate",
    "Owner",
]


def run(*arguments: str) -> str:
    stdout = io.StringIO()
    call_command(*arguments, stdout=stdout)
    return stdout.getvalue()


def report_rows(*arguments: str) -> list[dict[str, str]]:
    text = run("generate_customer_product_report", "--format", "csv", *arguments)
    return list(csv.DictReader(io.StringIO(text)))


def test_the_report_has_the_promised_columns_and_one_row_a_sale(
    connection: Connection, tmp_path: Path
) -> None:
    output = tmp_path / "product_report.csv"
    run("generate_customer_product_report", "--limit", "1000", "--output", str(output))
    with output.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == HEADER
    ids = [int(row[0]) for row in rows[1:]]
    assert len(ids) > 350
    assert ids == sorted(set(ids), reverse=True)
    assert [path.name for path in tmp_path.iterdir()] == ["product_report.csv"]


def test_products_and_quantities_stand_in_the_same_order(connection: Connection) -> None:
    rows = {row["SaleHeading"]: row for row in report_rows("--limit", "1000")}
    wanted = rows["2xOmnie CD-01 mit Nachlass"]
    assert (wanted["Products"], wanted["Quantities"]) == ("OMNIE CD-01", "2")
    for row in rows.values():
        assert len(row["Products"].split("; ")) == len(row["Quantities"].split("; "))


def test_sales_without_a_company_do_not_use_up_the_limit_and_are_counted(
    connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = report_rows("--limit", "100")
    words = capsys.readouterr().err
    assert len(rows) == 100
    assert all(row["CustomerName"] for row in rows)
    without = int(words.split(" without a company")[0].split()[-1])
    assert without > 0
    assert words.startswith(f"{100 + without} sales read:")


@pytest.mark.parametrize("use_quotes", [True, False])
def test_the_command_places_sales_as_a_run_does(
    connection: Connection, capsys: pytest.CaptureFixture[str], *, use_quotes: bool
) -> None:
    report = Report.objects.create(name="Newest", limit=200, use_quotes=use_quotes)
    started = services.start_run(report=report)
    assert started is not None
    services.work_on_run(started.pk)
    stored = {
        str(row.sale_number): (row.heading, row.products, row.quantities)
        for row in started.rows.exclude(stage="no_company")
    }
    assert started.rows.filter(source="heading").exists()
    assert started.rows.filter(source__in=["quote", "both", "contradiction"]).exists() == use_quotes
    options = [] if use_quotes else ["--headings-only"]
    told = run("generate_customer_product_report", "--limit", "200", "--format", "json", *options)
    written = {
        str(row["SaleId"]): (row["SaleHeading"], row["Products"], row["Quantities"])
        for row in json.loads(told)
    }
    assert written == stored
    words = capsys.readouterr().err
    assert ("lines of quotes read." in words) == use_quotes
    assert ("Headings only: lines of quotes were not used." in words) != use_quotes


def test_a_tenant_without_quotes_is_read_by_its_headings_and_that_is_said(
    demo_tenant: DemoTenant, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = report_rows("--limit", "50", "--headings-only")
    demo_tenant.faults.answer_status("/Archive", 403, "{}")
    assert report_rows("--limit", "50") == alone
    assert "Headings only: SuperOffice told no lines of quotes." in capsys.readouterr().err


def test_matched_only_leaves_out_what_has_no_product(connection: Connection) -> None:
    every, matched = report_rows("--limit", "200"), report_rows("--limit", "200", "--matched-only")
    assert [row for row in every if row["Products"]] == matched
    assert 0 < len(matched) < len(every)


def test_json_and_table_tell_the_same_as_csv(connection: Connection) -> None:
    listed = json.loads(run("generate_customer_product_report", "--limit", "5", "--format", "json"))
    assert [str(row["SaleId"]) for row in listed] == [row["SaleId"] for row in report_rows("--limit", "5")]
    assert list(listed[0]) == HEADER
    table = run("generate_customer_product_report", "--limit", "5")
    assert table.splitlines()[0].split() == HEADER
    assert len(table.splitlines()) == 7


def test_excel_files_get_semicolons_and_decimal_commas(connection: Connection, tmp_path: Path) -> None:
    output = tmp_path / "report.csv"
    run("generate_customer_product_report", "--limit", "5", "--output", str(output), "--dialect", "excel")
    first = output.read_bytes()
    assert first.startswith(b'\xef\xbb\xbf"SaleId";')
    assert b".20" not in first.split(b"\r\n")[1].split(b";")[6]


def test_an_empty_report_says_why(
    demo_tenant: DemoTenant, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_tenant.faults.answer_status(
        "/Sale", 200, '{"odata.metadata": "", "odata.nextLink": null, "value": []}'
    )
    assert report_rows() == []
    words = capsys.readouterr().err
    assert "0 sales read" in words
    assert "SuperOffice returned no sale" in words


def test_a_report_without_a_match_says_where_the_sales_went(
    demo_tenant: DemoTenant, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"PrimaryKey": "2", "EntityName": "sale", "saleId": 2, "heading": "Nothing known", "contactId": 0},
        {
            "PrimaryKey": "1",
            "EntityName": "sale",
            "saleId": 1,
            "heading": "",
            "contactId": 7,
            "contact/name": "A",
        },
    ]
    demo_tenant.faults.answer_status("/Sale", 200, json.dumps({"value": rows}))
    assert report_rows("--matched-only") == []
    words = capsys.readouterr().err
    assert "2 sales read: 0 with a product" in words
    assert "1 without a heading" in words
    assert "1 without a company" in words
    assert "no heading contains a keyword" in words


def test_product_families_are_listed_in_three_formats(connection: Connection) -> None:
    table = run("list_products")
    assert table.splitlines()[0].split() == ["FamilyId", "Name", "Description"]
    assert "OMNIE" in table
    families = json.loads(run("list_products", "--format", "json"))
    assert {"FamilyId", "Name", "Description"} == set(families[0])
    assert run("list_products", "--format", "csv").startswith('"FamilyId","Name","Description"\r\n1,"OMNIE"')


def test_no_product_family_is_explained(
    demo_tenant: DemoTenant, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_tenant.faults.answer_status("/List/ProductFamily", 200, "[]")
    assert json.loads(run("list_products", "--format", "json")) == []
    assert "0 read" in capsys.readouterr().err


def test_the_products_of_the_price_lists_are_listed_too(
    connection: Connection, demo_tenant: DemoTenant, capsys: pytest.CaptureFixture[str]
) -> None:
    products = json.loads(run("list_products", "--products", "--format", "json"))
    assert set(products[0]) == {"ProductId", "Name", "Code", "FamilyName", "ListPrice", "Currency"}
    families = {row["Name"] for row in json.loads(run("list_products", "--format", "json"))}
    assert {row["FamilyName"] for row in products} <= families
    demo_tenant.faults.answer_status("/Product", 200, '{"value": []}')
    capsys.readouterr()
    assert json.loads(run("list_products", "--products", "--format", "json")) == []
    assert "No product came back: 0 read" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["list_products", "generate_customer_product_report"])
def test_a_revoked_refresh_token_is_a_sentence_for_the_administrator(
    command: str, demo_tenant: DemoTenant, connection: Connection
) -> None:
    demo_tenant.faults.refresh_token_revoked = True
    with translation.override("en"), pytest.raises(CommandError) as caught:
        run(command)
    assert "The refresh token was revoked or has expired" in str(caught.value)
    assert demo_tenant.refresh_token not in str(caught.value)
    connection.refresh_from_db()
    assert connection.problem_code == "needs_consent"


def test_without_any_tenant_the_command_says_what_to_set(db: None) -> None:
    with translation.override("en"), pytest.raises(CommandError, match="SO_… variables"):
        run("list_products")


def test_a_failure_in_the_middle_leaves_no_half_file(
    demo_tenant: DemoTenant, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.runs.newest.PAGE_SIZE", 50)
    output = tmp_path / "report.csv"
    output.write_text("the old one")
    demo_tenant.faults.answer_html("/Sale", after=1)
    with pytest.raises(CommandError):
        run("generate_customer_product_report", "--output", str(output))
    assert output.read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["report.csv"]


def test_an_output_that_cannot_be_written_is_a_sentence(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        run(
            "generate_customer_product_report",
            "--limit",
            "3",
            "--output",
            str(tmp_path / "no" / "such" / "folder.csv"),
        )


def test_a_limit_below_one_is_refused(connection: Connection) -> None:
    with pytest.raises(CommandError, match="--limit"):
        run("generate_customer_product_report", "--limit", "0")


@pytest.mark.once
@pytest.mark.parametrize("command", ["list_products", "generate_customer_product_report"])
def test_a_plain_command_with_variables_works_as_the_very_first_thing(
    command: str, demo_tenant: DemoTenant, tmp_path: Path
) -> None:
    variables = {
        "SO_CLIENT_ID": demo_tenant.client_id,
        "SO_CLIENT_SECRET": demo_tenant.client_secret,
        "SO_REFRESH_TOKEN": demo_tenant.refresh_token,
        "SO_REDIRECT_URI": demo_tenant.redirect_uri,
        "SO_CONTEXT_IDENTIFIER": demo_tenant.context_identifier,
        "SO_ENVIRONMENT": "sod",
        "SO_LOGIN_URL": demo_tenant.login_url,
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": "",
    }
    called = [sys.executable, str(settings.BASE_DIR / "manage.py"), command, "--format", "json"]
    done = subprocess.run(
        called, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) > 3
