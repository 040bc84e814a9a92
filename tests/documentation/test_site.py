"""Is the site built without a warning, with every page in its navigation, and nothing from elsewhere?"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(https?:)?//|<link\b[^>]*\bhref=["']?(https?:)?//"""
    r"""|url\(["']?(https?:)?//|@import ["'](https?:)?//""",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as ``make docs`` builds it."""
    target = tmp_path_factory.mktemp("site")
    options = ["-W", "--keep-going", "-n", "-q", "-c", "docs/site", "-d", str(target / "read")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, ".", str(target / "built")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return target / "built"


def test_every_document_is_a_page(site: Path) -> None:
    documents = [
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/adr/*.md"),
        ROOT / "README.md",
        ROOT / "SECURITY.md",
    ]

    pages = [site / path.relative_to(ROOT).with_suffix(".html") for path in documents]

    assert [page for page in pages if not page.is_file()] == []


def test_navigation_has_the_sections_of_the_start_page(site: Path) -> None:
    page = (site / "docs" / "index.html").read_text("utf-8")

    captions = re.findall(r'<span class="caption-text">([^<]+)</span>', page)

    assert captions == re.findall(r"^## (.+)$", (ROOT / "docs" / "index.md").read_text("utf-8"), re.MULTILINE)


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    files = [path for path in site.rglob("*") if path.suffix in {".html", ".css"}]

    assert [path.name for path in files if _LOADED.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("text", "loads"),
    [
        ('<script src="https://cdn.example/a.js">', True),
        ('<link rel="preload" href="//fonts.example/a">', True),
        ("@font-face { src: url(https://fonts.example/a.woff2) }", True),
        ('<a href="https://example.com">', False),
        ('<script src="_static/a.js">', False),
    ],
)
def test_what_counts_as_loaded(text: str, loads: bool) -> None:
    assert bool(_LOADED.search(text)) is loads
