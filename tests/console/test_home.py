"""The first page: in the reader's language, and nothing of anybody on it."""

from __future__ import annotations

import pytest

from alerts.console.pages import preferred
from alerts.language.languages import Language
from tests.api import Api

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("so", "so"),
        ("fr-FR,fr;q=0.9,so;q=0.5,en;q=0.4", "so"),
        ("en;q=0.1,es;q=0.9", "es"),
        ("*;q=x", "en"),
    ],
)
def test_the_browsers_language_is_taken(accept: str, language: str) -> None:
    assert preferred(accept) == Language(language)


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Alerts by text message"),
        ("es", "Avisos por mensaje de texto"),
        ("so", "Digniino fariin qoraal ah"),
    ],
)
async def test_the_page_is_in_the_language_that_was_chosen(api: Api, language: str, title: str) -> None:
    page = await api.client.get(f"/?language={language}")
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert f"<h1>{title}</h1>" in page.text
    assert "script" not in page.headers["Content-Security-Policy"]


async def test_the_page_says_what_is_missing(api: Api) -> None:
    page = await api.client.get("/")
    assert "Something is missing" in page.text  # no worker runs in this test
    assert page.text.count('class="ready"') == 3
    assert page.text.count('class="away"') == 1


async def test_health_and_readiness(api: Api) -> None:
    assert (await api.client.get("/healthz")).json() == "ok"
    ready = await api.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"postgresql": "ok", "migrations": "ok", "redis": "ok", "workers": "none alive"}
