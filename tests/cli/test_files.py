"""Is a file read strictly, and written whole or not at all?"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cors_policies.cli import files
from cors_policies.cli.outcome import RefusedError


def refusal_of(content: bytes, path: Path) -> str:
    """Why the content is refused."""
    path.write_bytes(content)
    with pytest.raises(RefusedError) as caught:
        files.read(str(path))
    return str(caught.value).removeprefix(str(path))


class TestRead:
    """JSON in UTF-8 is read; of anything else it is said what it is."""

    @pytest.mark.parametrize(
        ("content", "value"),
        [
            pytest.param(b'{"a": "\xc3\xa9"}', {"a": "\u00e9"}, id="utf-8"),
            pytest.param(b"\xef\xbb\xbf[]", [], id="byte-order-mark"),
            pytest.param(b"[" * 200 + b"]" * 200, None, id="nested"),
        ],
    )
    def test_takes(self, tmp_path: Path, content: bytes, value: object) -> None:
        path = tmp_path / "set.json"
        path.write_bytes(content)

        found = files.read(str(path))

        assert value is None or found == value

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            pytest.param(b"", " is no JSON: line 1, column 1: Expecting value.", id="empty"),
            pytest.param(
                b'{"a": 1,\n "b" 2}', " is no JSON: line 2, column 6: Expecting ':' delimiter.", id="syntax"
            ),
            pytest.param(b"[1] [2]", " is no JSON: line 1, column 5: Extra data.", id="two-documents"),
            pytest.param(b'["\xff"]', " is not UTF-8: see byte 2. Save it as UTF-8.", id="latin-1"),
            pytest.param(b"\xff\xfe[\x00]\x00", " is not UTF-8: see byte 0. Save it as UTF-8.", id="utf-16"),
            pytest.param(b'{"a": NaN}', " is no JSON: NaN is no number that JSON has.", id="nan"),
            pytest.param(b"-Infinity", " is no JSON: -Infinity is no number that JSON has.", id="infinity"),
            pytest.param(
                b"[" * 100_000, " is nested too deeply to be a policy set document.", id="nested-too-deeply"
            ),
            pytest.param(
                b'{"policies": [{"a": 1, "b": 2, "b": 3}]}',
                ' is no JSON: the key "b" stands twice in one object.',
                id="repeated-key",
            ),
        ],
    )
    def test_refuses(self, tmp_path: Path, content: bytes, text: str) -> None:
        assert refusal_of(content, tmp_path / "set.json") == text

    def test_refuses_a_number_of_too_many_digits(self, tmp_path: Path) -> None:
        assert " is no JSON: Exceeds the limit" in refusal_of(b"9" * 10_000, tmp_path / "set.json")

    def test_takes_standard_input_for_a_dash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 1}')))

        assert files.read("-") == {"a": 1}

    def test_names_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{")))

        with pytest.raises(RefusedError, match=r"^standard input is no JSON"):
            files.read("-")

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            pytest.param("none.json", "none.json cannot be read: No such file or directory.", id="missing"),
            pytest.param(".", ". cannot be read: Is a directory.", id="directory"),
            pytest.param("a\x00b", "a\\u0000b cannot be read: embedded null byte.", id="no-name"),
            pytest.param("\x1b[1m", "\\u001b[1m cannot be read: No such file or directory.", id="escape"),
        ],
    )
    def test_refuses_what_is_no_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
    ) -> None:
        monkeypatch.chdir(tmp_path)

        with pytest.raises(RefusedError) as caught:
            files.read(name)

        assert str(caught.value) == text


class TestWrite:
    """A file holds the whole text, or what it held before; nothing is left beside it."""

    def test_of_a_new_file_follows_the_umask(self, tmp_path: Path) -> None:
        path = tmp_path / "set.json"
        mask = os.umask(0o027)
        try:
            files.write(str(path), "\u00e9\n")
        finally:
            os.umask(mask)

        assert path.read_bytes() == b"\xc3\xa9\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_keeps_the_permissions_of_a_file_that_is_there(self, tmp_path: Path) -> None:
        path = tmp_path / "set.json"
        path.write_text("before")
        path.chmod(0o604)

        files.write(str(path), "after")

        assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("after", 0o604)

    def test_follows_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "real.json").write_text("before")
        link = tmp_path / "link.json"
        link.symlink_to("real.json")

        files.write(str(link), "after")

        assert link.is_symlink()
        assert (tmp_path / "real.json").read_text() == "after"

    def test_leaves_a_device_a_device(self) -> None:
        files.write(os.devnull, "gone")

        assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)

    @pytest.mark.usefixtures("_full_disk")
    def test_that_fails_half_way_leaves_everything_as_it_was(self, tmp_path: Path) -> None:
        path = tmp_path / "set.json"
        path.write_text("before")

        with pytest.raises(RefusedError, match=r"set\.json cannot be written: No space left on device"):
            files.write(str(path), "after")

        assert path.read_text() == "before"
        assert [found.name for found in tmp_path.iterdir()] == ["set.json"]

    @pytest.fixture
    def _full_disk(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        def fail(_handle: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", fail)
            yield

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            pytest.param("none/set.json", "No such file or directory", id="no-folder"),
            pytest.param(".", "Is a directory", id="directory"),
            pytest.param("a\x00b", "embedded null", id="no-name"),
        ],
    )
    def test_refuses(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str) -> None:
        monkeypatch.chdir(tmp_path)

        with pytest.raises(RefusedError, match=f"cannot be written: .*{reason}"):
            files.write(name, "text")

        assert list(tmp_path.iterdir()) == []
