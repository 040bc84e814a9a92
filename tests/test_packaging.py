"""What an installation of the distribution gets, and that the lists of dependencies tell one story.

Before you edit: the wheel is built once for all tests, by tests/conftest.py.
"""

import re
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from cors_policies import __version__

ROOT = Path(__file__).parent.parent
APP = ROOT / "cors_policies"


@pytest.fixture(scope="module")
def wheel(wheel_path: Path) -> Iterator[zipfile.ZipFile]:
    """The wheel of this tree, open for reading."""
    with zipfile.ZipFile(wheel_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    """The METADATA file of the wheel."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def required_by(metadata: Message) -> dict[str, SpecifierSet]:
    """What the distribution and its extras need, by name."""
    lines = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    return {line.name.lower(): line.specifier for line in lines}


def listed_in(path: Path) -> dict[str, SpecifierSet]:
    """What a requirements file lists, by name."""
    lines = (re.sub(r"#.*", "", line).strip() for line in path.read_text().splitlines())
    return {found.name.lower(): found.specifier for found in map(Requirement, filter(None, lines))}


def pins(path: Path) -> Iterator[tuple[str, Version]]:
    """What a lock file names: a package more than once where Pythons take different releases."""
    for line in path.read_text().splitlines():
        found = Requirement(line)
        (exact,) = found.specifier
        yield canonicalize_name(found.name), Version(exact.version)


class TestTheWheel:
    """The wheel holds the whole app: modules, templates, static files, migrations and its types' marker."""

    def test_holds_every_file_of_the_app_and_nothing_else(self, wheel: zipfile.ZipFile) -> None:
        files = [path for path in APP.rglob("*") if path.is_file() and "__pycache__" not in path.parts]

        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}

        assert packed == {path.relative_to(ROOT).as_posix() for path in files}

    def test_is_marked_as_typed_and_licensed(self, wheel: zipfile.ZipFile) -> None:
        names = wheel.namelist()

        assert "cors_policies/py.typed" in names
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)

    def test_names_itself_and_its_version(self, metadata: Message) -> None:
        assert (metadata["Name"], metadata["Version"]) == ("django-cors-policies", __version__)


class TestTheDependencies:
    """pyproject.toml, requirements.txt and requirements.lock agree about what the app needs."""

    def test_requirements_list_them_with_the_same_bounds(self, metadata: Message) -> None:
        needed = required_by(metadata)

        listed = listed_in(ROOT / "requirements.txt")

        assert {name: listed.get(name) for name in needed} == needed

    def test_each_has_a_lower_bound(self, metadata: Message) -> None:
        without = [
            name
            for name, specifiers in required_by(metadata).items()
            if not any(bound.operator == ">=" for bound in specifiers)
        ]

        assert without == []

    def test_the_lock_names_a_release_of_each_within_the_bounds(self) -> None:
        locked: dict[str, list[Version]] = {}
        for name, exact in pins(ROOT / "requirements.lock"):
            locked.setdefault(name, []).append(exact)

        for name, specifiers in listed_in(ROOT / "requirements.txt").items():
            assert locked.get(canonicalize_name(name)), f"{name} is not in requirements.lock: make lock"
            assert all(exact in specifiers for exact in locked[canonicalize_name(name)]), name
