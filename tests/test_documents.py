"""Do the documents of the repository point at what is there: files, and headings in them."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# [text](target) and ![text](target), without titles; fenced code is taken out before.
_LINK: Final = re.compile(r"\]\(([^()\s]+)\)")
_FENCE: Final = re.compile(r"^( *)(```|~~~).*?^\1\2", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def links_of(text: str) -> list[str]:
    """The targets of a document's links into the repository: relative files, and headings."""
    targets: list[str] = _LINK.findall(_FENCE.sub("", text))
    return [target for target in targets if "://" not in target and not target.startswith("mailto:")]


def anchors_of(text: str) -> set[str]:
    """The anchors of a document's headings, as repository sites make them."""
    headings: list[str] = _HEADING.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def is_broken(target: str, document: Path) -> bool:
    """Whether the link of the document leads nowhere."""
    name, _, anchor = target.partition("#")
    file = (document.parent / name).resolve() if name else document
    if not file.exists():
        return True
    if not anchor or file.suffix != ".md":
        return False
    return anchor not in anchors_of(file.read_text(encoding="utf-8"))


class TestLinks:
    """A relative link leads to a file of the repository, and its fragment to a heading of that file."""

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
    def test_of_every_document_lead_somewhere(self, document: Path) -> None:
        links = links_of(document.read_text(encoding="utf-8"))

        assert [link for link in links if is_broken(link, document)] == []

    @pytest.mark.parametrize(
        ("target", "broken"),
        [
            pytest.param("here.md", False, id="file"),
            pytest.param("here.md#the-second-one", False, id="heading"),
            pytest.param("#only-one", False, id="heading-of-the-same-document"),
            pytest.param("gone.md", True, id="no-file"),
            pytest.param("here.md#the-third-one", True, id="no-heading"),
            pytest.param("#in-a-fence", True, id="heading-in-a-fence"),
        ],
    )
    def test_are_broken_without_their_target(self, tmp_path: Path, target: str, broken: bool) -> None:
        (tmp_path / "here.md").write_text("# Title\n\n## The `second` one\n", encoding="utf-8")
        document = tmp_path / "document.md"
        document.write_text("# Only one\n\n```\n# In a fence\n```\n", encoding="utf-8")

        assert is_broken(target, document) is broken
