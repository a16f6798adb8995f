"""A person with a browser between the desk and SuperOffice's sign-in page."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from django.test import Client
from django.urls import reverse

CALLBACK = "http://127.0.0.1:8000/superoffice/callback/"
HOST: Any = {"HTTP_HOST": "127.0.0.1:8000"}


class Browser:
    """A person with a browser: the desk on one side, SuperOffice's sign-in page on the other."""

    def __init__(self, client: Client) -> None:
        self.desk = client

    def begin(self, url: str) -> str:
        """Press the button; the address at SuperOffice."""
        answer = self.desk.post(url, **HOST)
        assert answer.status_code == 200
        seconds, _, address = str(answer["Refresh"]).partition("; url=")
        assert seconds == "0"
        assert html.escape(address) in answer.content.decode()  # for a browser that stays
        return address

    def approve(self, authorize_url: str, who: str) -> dict[str, str]:
        """Choose `who` on SuperOffice's page; the query that it sends back."""
        return self._choose(authorize_url, rf'<button[^>]*value="([^"]+)"[^>]*>\s*[^<]*{who}')

    def refuse(self, authorize_url: str) -> dict[str, str]:
        return self._choose(authorize_url, r'<button[^>]*value="([^"]+)"[^>]*>\s*[^<]*Refuse')

    def _choose(self, authorize_url: str, button: str) -> dict[str, str]:
        with requests.Session() as session:
            page = session.get(authorize_url, timeout=10)
            assert page.status_code == 200
            name = re.search(r'<button[^>]*name="([^"]+)"', page.text)
            value = re.search(button, page.text)
            assert name
            assert value, page.text
            form = re.search(r'<form[^>]*action="([^"]*)"', page.text)
            action = form[1].replace("&amp;", "&") if form and form[1] else authorize_url
            hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
            target = urljoin(authorize_url, action)
            sent = session.post(target, data={**hidden, name[1]: value[1]}, timeout=10, allow_redirects=False)
        assert sent.status_code in (302, 303), sent.text
        assert sent.headers["Location"].startswith(CALLBACK)
        return {key: values[0] for key, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}

    def come_back(self, query: dict[str, str]) -> str:
        """Follow SuperOffice's redirect; the text of the page that the person then sees."""
        answer = self.desk.get(reverse("superoffice_callback"), query, follow=True, **HOST)
        assert all("code=" not in address for address, _status in answer.redirect_chain)
        return answer.content.decode()
