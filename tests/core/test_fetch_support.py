"""Does docs/fetch-support.md say where the code is, and is it there?"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
APP = ROOT / "cors_policies"
PAGE = (ROOT / "docs" / "fetch-support.md").read_text(encoding="utf-8")
CLAUSE = re.compile(r"https://fetch\.spec\.whatwg\.org/#[a-z0-9-]+")


def clauses_of(*modules: str) -> set[str]:
    """The clauses of the standard that modules of the core refer to."""
    return {clause for name in modules for clause in CLAUSE.findall((APP / "core" / name).read_text("utf-8"))}


class TestPlaces:
    """What the page names is in the module that it names."""

    def test_every_name_is_defined_there(self) -> None:
        places = re.findall(r"`(core/\w+\.py): (\w+)`", PAGE)
        missing = [
            f"{module}: {name}"
            for module, name in places
            if not re.search(
                rf"^(def|class) {name}\b|^{name}\b.* = ", (APP / module).read_text("utf-8"), re.MULTILINE
            )
        ]

        assert len(places) > 30
        assert missing == []


class TestClauses:
    """Every clause that the client's half follows has its line."""

    def test_every_clause_of_the_code_is_on_the_page(self) -> None:
        followed = clauses_of("browser.py", "browser_request.py", "fetch_rules.py", "vocabulary.py")

        assert len(followed) > 15
        assert followed - set(CLAUSE.findall(PAGE)) == set()
