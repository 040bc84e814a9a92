"""What becomes of README, docs/ and the rest when they are built into a site, and in which order?

Before you edit:

* The repository is the source folder, so that a link such as ``../README.md`` leads to a page of the site,
  and works on a code host, too.
* The lists of docs/index.md are the navigation: a page is put there, once, and nowhere else. One that is
  missing there is a warning, and warnings are errors (``make docs``).
* Nothing is loaded from elsewhere: no font, no script, no picture. tests/documentation/test_site.py looks.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cors_policies import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT: Final = Path(__file__).parents[2]

project = "django-cors-policies"
author = "django-cors-policies contributors"
version = release = __version__

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "docs/adr/*.md"]
# What is no document is not looked through: environments and builds are large.
exclude_patterns = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "docs"]

myst_heading_anchors = 4
highlight_language = "none"

html_theme = "furo"
html_title = f"{project} {release}"
html_extra_path = ["root"]
html_copy_source = False
html_show_copyright = False

_SECTION: Final = re.compile(r"^## (.+)\n\n((?:.|\n)*?)(?=^## |\Z)", re.MULTILINE)
_ENTRY: Final = re.compile(r"^(?:-|\d+\.) \[([^\]]+)\]\(([^)#]+)\.md\)", re.MULTILINE)


def _navigation(text: str) -> str:
    """The directives for the lists of the start page: a tree for each section, in its order and words."""
    trees = []
    for caption, entries in _SECTION.findall(text):
        pages = [f"{title.replace('`', '')} <{page}>" for title, page in _ENTRY.findall(entries)]
        trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```", ""]))
    return "\n".join(trees)


def _add_navigation(app: Sphinx, docname: str, source: list[str]) -> None:
    if docname == app.config.root_doc:
        source[0] += "\n" + _navigation(source[0])


def setup(app: Sphinx) -> None:
    """Sphinx calls it once, before it reads a page."""
    app.connect("source-read", _add_navigation)
