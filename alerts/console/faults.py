"""Pure: on a page that says what is wrong with a form, the fields that it means are marked, and linked to.

On the whole page at once, so that no form can forget it (WCAG 2.2, 3.3.1 and 3.3.3). Names of fields are
ours, and what anybody else wrote is escaped: a field's tag ends at its first ``>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import escape

TROUBLE = "trouble"  # the id of the line that says what is wrong
# What errors call a field, where the form calls it otherwise; of ``list`` the first is that of ``list-1``.
IN_FORMS = {
    "answers": "answered",
    "asks_rsvp": "asks",
    "audience": "list",
    "consent_date": "date",
    "ends_at": "ends",
    "hours": "opens",
    "join_words": "word",
    "language": "reads",
    "lists": "list",
    "scopes": "read",  # the first of them
    "send_at": "at",
    "send_before": "when",
    "starts_at": "starts",
    "urgent_reason": "reason",
}
_FIELD = re.compile(r'<(?:input|select|textarea)\b(?![^>]*type="hidden")[^>]*?\bname="([^"]+)"[^>]*>')
_LINE = re.compile(rf'<p [^>]*id="{TROUBLE}"[^>]*>.*?</p>\n?', re.DOTALL)


def marked(html: str, faults: Iterable[tuple[str, str]], sent_to: str = "") -> str:
    """``html`` with its fields marked; ``faults``: the name of each in the error, and the words of it.

    ``sent_to``: the address of the form that was sent, where there are several on the page.
    """
    links = []
    form = re.search(rf'<form[^>]* action="{re.escape(sent_to)}[?"].*?</form>', html, re.DOTALL)
    begins, ends = form.span() if form else (0, len(html))
    before, html, after = html[:begins], html[begins:ends], html[ends:]
    for name, words in faults:
        html, found = _mark(html, IN_FORMS.get(name, name))
        if found:
            links.append(f'<li><a href="#{found}">{escape(words)}</a></li>')
    html = before + html + after
    summary = f'<ul class="faults">{"".join(links)}</ul>\n' if links else ""
    return _LINE.sub(lambda line: line[0] + summary, html, count=1)


def _mark(html: str, name: str) -> tuple[str, str]:
    """The fields ``name`` and ``name-...``, and the id of the first ("" where there is none)."""
    first = ""

    def mark(field: re.Match[str]) -> str:
        nonlocal first
        if field[1] != name and not field[1].startswith(f"{name}-"):
            return field[0]
        tag = field[0]
        if not re.search(r'\bid="', tag):
            tag = _with(tag, "id", field[1])
        first = first or re.search(r'\bid="([^"]+)"', tag)[1]  # type: ignore[index]
        tag = _with(tag, "aria-invalid", "true") if "aria-invalid" not in tag else tag
        described = re.search(r'aria-describedby="([^"]*)"', tag)
        if described is None:
            return _with(tag, "aria-describedby", TROUBLE)
        if TROUBLE in described[1].split():
            return tag
        return tag.replace(described[0], f'aria-describedby="{TROUBLE} {described[1]}"')

    return _FIELD.sub(mark, html), first


def _with(tag: str, name: str, value: str) -> str:
    return f'{tag[:-1]} {name}="{value}">'
