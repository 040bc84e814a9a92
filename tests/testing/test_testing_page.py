"""Do the tests of docs/testing.md pass as they stand there, in the demo project?"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parents[2]
_EXAMPLE: Final = re.compile(r"(?<=^```python\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
WITH_PYTEST, WITH_UNITTEST = _EXAMPLE.findall((ROOT / "docs" / "testing.md").read_text(encoding="utf-8"))


def run(folder: Path, *arguments: str) -> str:
    """What the runner says of the tests in the folder; its failure is the test's."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "PYTHONPATH": str(ROOT),
        "DEMO_DATABASE": str(folder / "not-there" / "demo.sqlite3"),
    }
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


class TestExamples:
    """Both are whole: they run in a project as they are, where no database could be opened."""

    def test_with_pytest(self, tmp_path: Path) -> None:
        (tmp_path / "test_orders.py").write_text(WITH_PYTEST, encoding="utf-8")
        (tmp_path / "pytest.ini").write_text("[pytest]", encoding="utf-8")  # that of no folder above

        said = run(
            tmp_path, "pytest", "-p", "no:cacheprovider", "-p", "no:asyncio", "--no-header", "-W", "error"
        )

        assert "4 passed" in said

    def test_with_unittest(self, tmp_path: Path) -> None:
        (tmp_path / "test_orders.py").write_text(WITH_UNITTEST, encoding="utf-8")

        assert "Ran 3 tests" in run(tmp_path, "django", "test", "test_orders")
