"""What every test gets without asking."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# A time limit for each example fails on a busy machine, and says nothing of the code.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, print_blob=True)
# On another Python or another database; and in `make test`.
settings.register_profile("few", deadline=None, print_blob=True, max_examples=10)
settings.register_profile("some", deadline=None, print_blob=True, max_examples=30)
# --hypothesis-profile comes later, and prevails.
settings.load_profile("ci" if os.environ.get("CI") else "default")

LONG = (
    "tests/services/test_databases.py",
    "tests/cli/test_commands_page.py",
    "tests/browser/test_tutorial.py",
    "tests/test_foreign_project.py",
)
"""Files of one or two tests that take half a minute or more."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, after the order was made random: else one processor waits for another's last."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def wheel_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built once and without network (see requirements.txt)."""
    target = tmp_path_factory.mktemp("dist")
    root = Path(__file__).parent.parent
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(root)],
        check=True,
        capture_output=True,
    )
    (path,) = target.glob("*.whl")
    return path
