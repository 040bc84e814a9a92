"""Does docs/tutorial.md say what happens, line by line, in a new project with a running server?

Before you edit: after a change of what is printed, ``Shell.run_page`` gives the page with the new outputs.
"""

from pathlib import Path

from tests.documentation.sessions import Shell
from tests.servers import ROOT


def test_every_line_prints_what_the_tutorial_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text("utf-8")

    with Shell(tmp_path) as shell:
        assert shell.run_page(page) == page
