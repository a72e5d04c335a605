"""A browser without scripts, as an organizer uses it."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape

import httpx

from alerts.main import app
from alerts.storage.engine import session_scope
from alerts.team import codes
from alerts.team.actors import Role
from alerts.team.organizers import Facts, invite
from tests.conftest import PUBLIC_URL

PASSWORD = "gravel lantern osprey nineteen"
FROM_A_FORM = {"Sec-Fetch-Site": "same-origin", "Origin": PUBLIC_URL}


class Browser:
    """One browser with its cookies."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.secret = ""

    async def open(self, path: str, status: int = 200) -> str:
        """The page's HTML."""
        page = await self.client.get(path, follow_redirects=True)
        assert page.status_code == status, (page.status_code, page.text)
        return page.text

    async def submit(
        self, path: str, fields: dict[str, str], status: int = 303, on: str | None = None, **headers: str
    ) -> httpx.Response:
        """Send a form; ``on``: the page that it stands on, whose hidden token goes with it."""
        hidden = {}
        if on is not None:
            hidden = {"csrf": await self.token(on)}
        answer = await self.client.post(path, data=hidden | fields, headers=FROM_A_FORM | headers)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer

    async def token(self, on: str) -> str:
        """The hidden one of the forms on a page."""
        found = re.search(r'name="csrf" value="([^"]+)"', await self.open(on))
        assert found, "no form on that page"
        return found[1]

    async def sign_in(self, email: str, password: str = PASSWORD, code: str | None = None) -> None:
        """Both steps."""
        await self.submit("/sign-in", {"email": email, "password": password})
        await self.submit("/sign-in/code", {"code": code or self.code(steps=1)})

    def code(self, steps: int = 0) -> str:
        """What the authenticator app shows so many steps of 30 seconds from now."""
        return code_at(self.secret, time.time() + 30 * steps)

    async def settle_in(self, link: str, password: str = PASSWORD) -> list[str]:
        """Follow an invitation's link; the recovery codes."""
        path = link.removeprefix(PUBLIC_URL)
        shown = re.search(r'<p class="secret">([A-Z2-7 ]+)</p>', await self.open(path))
        assert shown
        self.secret = shown[1].replace(" ", "")
        page = await self.submit(path, {"password": password, "code": self.code()}, 200)
        return [unescape(one) for one in re.findall(r"<li>([0-9a-z-]+)</li>", page.text)]


def code_at(secret: str, moment: float) -> str:
    """The code of ``secret`` at a time, by the same library as another app would."""
    import base64

    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    totp = TOTP(base64.b32decode(secret), codes.DIGITS, SHA1(), codes.STEP_SECONDS)
    return totp.generate(int(moment)).decode()


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A new one."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
        yield Browser(client)


async def invited(
    email: str, role: Role = Role.ADMIN, *, name: str = "Marisol", may_read_numbers: bool = False
) -> str:
    """The path of an invitation."""
    async with session_scope() as session:
        made = await invite(session, Facts(email, name, role, may_read_numbers), None)
        return f"/welcome/{made.token}"
