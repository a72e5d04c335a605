"""How Sphinx makes a site of this folder: `make docs`. Every warning is an error there."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from docs import calls  # noqa: E402 - after its folder is known

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "alerts"
version = release = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]["version"]
project_copyright = "the authors of alerts"
language = "en"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
# A link to a file of the code is one in the repository, and words in the site: see ``without_code_links``.
exclude_patterns = ["images/README.md"]

html_theme = "furo"
html_title = f"alerts {version}"
html_theme_options = {"navigation_with_keys": True}
html_show_sourcelink = False
html_copy_source = False
templates_path = ["_templates"]


def setup(app: Sphinx) -> None:
    """The hooks of the build."""
    app.connect("builder-inited", write_calls)
    app.connect("source-read", without_code_links)
    app.connect("html-page-context", in_its_language)


def write_calls(app: Sphinx) -> None:
    """The page of every call, from the API's document."""
    calls.write(Path(app.srcdir) / "api" / "calls.md")


def without_code_links(app: Sphinx, name: str, source: list[str]) -> None:
    """``[settings.py](../alerts/settings.py)`` leads out of the site: its words stay."""
    source[0] = calls.CODE_LINK.sub(_words, source[0])
    if name == "index":  # folders that take in what comes, and may be empty
        source[0] = "\n".join(
            line for line in source[0].splitlines() if "*" not in line or any(HERE.glob(f"{line}.md"))
        )


def _words(link: re.Match[str]) -> str:
    return link[1] if link[1].startswith("`") else f"`{link[1]}`"


def in_its_language(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """A page says in which language it is, for whoever has it read aloud."""
    context["language"] = "es" if name.startswith("organizers/es/") else "en"
