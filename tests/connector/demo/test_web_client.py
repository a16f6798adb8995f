import re
from html import unescape

import pytest
import requests

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api


def page(tenant: DemoTenant, target: str) -> requests.Response:
    return requests.get(f"{tenant.tenant_url}/default.aspx?{target}", timeout=10)


@pytest.mark.parametrize(
    ("target", "heading"),
    [
        ("contact.main?contact_id=2", "Company 2: Musterbau Köln GmbH"),
        ("person.main?person_id=6", "Person 6: Erika Beispiel"),
        ("document.main?document_id=7", "Document 7"),
        ("contact.main.activityarchive.appointment?contact_id=2&appointment_id=1", "Follow-up 1"),
        ("", "What happened last"),
    ],
)
def test_a_deep_link_leads_to_a_labelled_page(reading_tenant: DemoTenant, target: str, heading: str) -> None:
    answer = page(reading_tenant, target)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Demo tenant – not SuperOffice" in answer.text
    assert heading in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_links_of_a_page_lead_to_pages(reading_tenant: DemoTenant) -> None:
    sale = next(sale for sale in reading_tenant.story.sales.values() if sale.person_id)
    text = page(reading_tenant, f"sale.main?sale_id={sale.sale_id}").text

    links = [unescape(link) for link in re.findall(r'href="([^"]+)"', text)]
    assert any(f"contact_id={sale.company_id}" in link for link in links)
    assert any(f"person_id={sale.person_id}" in link for link in links)
    for link in links:
        assert requests.get(link, timeout=10).status_code == 200


def test_the_page_of_a_document_offers_its_file(api: Api, tenant: DemoTenant) -> None:
    content = b"Subject: x\r\n\r\n\xff\r\n"
    key = api.create_document(Header="Grüße & <b>mehr</b>", Name="grüße.eml")["DocumentId"]
    assert "nothing uploaded" in page(tenant, f"document.main?document_id={key}").text
    api.upload(key, content)

    text = page(tenant, f"document.main?document_id={key}").text
    assert "Grüße &amp; &lt;b&gt;mehr&lt;/b&gt;" in text
    assert "<b>mehr" not in text
    link = next(link for link in re.findall(r'href="([^"]+)"', text) if link.endswith("/file"))
    file = requests.get(link, timeout=10)
    assert file.content == content
    assert file.headers["Content-Type"] == "message/rfc822"
    assert file.headers["Content-Disposition"].endswith("filename*=UTF-8''gr%C3%BC%C3%9Fe.eml")


def test_what_is_not_there_is_404(reading_tenant: DemoTenant) -> None:
    for target in ("sale.main?sale_id=1", "sale.main", "document.main?document_id=x", "nonsense.main?x=1"):
        assert page(reading_tenant, target).status_code == 404
    assert (
        requests.get(f"{reading_tenant.tenant_url}/demo/documents/4711/file", timeout=10).status_code == 404
    )
    assert requests.get(f"{reading_tenant.tenant_url}/demo/elsewhere", timeout=10).status_code == 404


def test_pages_are_for_callers_who_mean_this_computer(reading_tenant: DemoTenant) -> None:
    answer = requests.get(
        f"{reading_tenant.tenant_url}/default.aspx", headers={"Host": "evil.example"}, timeout=10
    )

    assert answer.status_code == 404
