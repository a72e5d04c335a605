"""Which pages there are: read from the application's routes, so that none can be forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

from fastapi.routing import iter_route_contexts

NOT_FOR_PEOPLE = ("/v1/", "/twilio/", "/assets/", "/healthz", "/readyz", "/metrics", "/openapi.json")


@cache
def console_routes(method: str) -> list[str]:
    """Paths of the organizers' pages, or of the forms on them: ``/alerts/{alert_id}``."""
    from alerts.main import app  # it reads the settings, which tests.conftest makes

    return sorted(
        route.path
        for route in iter_route_contexts(app.routes)
        if route.path and method in (route.methods or ()) and not route.path.startswith(NOT_FOR_PEOPLE)
    )


def route_of(path: str, method: str = "GET") -> str | None:
    """The route that answers at ``path``: the one with the fewest names in braces."""
    plain = urlsplit(path).path
    fitting = [route for route in console_routes(method) if re.fullmatch(_pattern(route), plain)]
    return min(fitting, key=lambda route: route.count("{"), default=None)


def _pattern(route: str) -> str:
    return re.sub(r"\\\{\w+(?::\w+)?\\\}", "[^/]+", re.escape(route))


@dataclass(frozen=True)
class Place:
    """A page as somebody opens it."""

    path: str
    who: str  # whose window it is: see house.PEOPLE; "" is a visitor
    status: int = 200

    def in_language(self, language: str) -> str:
        """Its address in one of our languages."""
        return f"{self.path}{'&' if '?' in self.path else '?'}language={language}"


@dataclass
class Found(HTMLParser):
    """What a page's HTML leads to."""

    links: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)  # of those that post: where to
    shape: set[tuple[str | None, ...]] = field(default_factory=set)  # what there is on it, without the data

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """HTMLParser's."""
        given = {name: value or "" for name, value in attrs}
        to = route_of(given["action"], "POST") if given.get("action") else None
        self.shape.add((tag, given.get("class"), given.get("type"), to, *sorted(given)))
        if tag == "a" and given.get("href", "").startswith("/"):
            self.links.add(given["href"])
        if tag == "form" and given.get("method", "").lower() == "post":
            self.forms.add(given.get("action", ""))
        if tag == "button" and given.get("formaction"):
            self.forms.add(given["formaction"])


def kind_of(link: str) -> tuple[str, ...] | None:
    """Links of one kind lead to pages that look alike: the same route, asked the same questions."""
    route = route_of(link)
    asked = sorted(name for name, _ in parse_qsl(urlsplit(link).query) if name != "language")
    return (route, *asked) if route else None
