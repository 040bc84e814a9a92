"""``manage.py cors_policies``: the policy set from the command line.

Exit status 0: done, or allowed; 1: refused, or denied; 2: usage, or nothing that could be linted. What was
asked for goes to standard output, why it was refused to standard error.

Before you edit: what a subcommand does is in :mod:`cors_policies.cli`. Here are arguments and streams only.
"""

from __future__ import annotations

import codecs
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from cors_policies.cli.adopting import adopt_corsheaders
from cors_policies.cli.explaining import explain_request
from cors_policies.cli.exporting import FORMATS, HTTP_PART, NGINX, PARTS, Wanted, export_format
from cors_policies.cli.linting import lint_set
from cors_policies.cli.outcome import DONE, Outcome, RefusedError
from cors_policies.cli.sets import export_set, import_set, prune_revisions
from cors_policies.cli.showing import escaped
from cors_policies.cli.status import show_status, touch
from cors_policies.conf import CHECK_TAG
from cors_policies.core.browser_request import CREDENTIALS_MODES, SCHEMES, parse_headers
from cors_policies.models.revisions import MAX_COMMENT
from cors_policies.translating import told, told_later

_ADOPT: Final = "adopt-corsheaders"
_REQUEST_OPTIONS: Final = ("path", "origin", "method", "host", "scheme", "credentials")
COMMON_VALUES: Final = ("--settings", "--pythonpath")
COMMON_FLAGS: Final = ("--traceback", "--no-color", "--force-color", "--skip-checks")
"""Options of Django's own that every subcommand takes, before its name or after it."""


class Command(BaseCommand):
    """Dispatches to the subcommands."""

    help = told_later("Export, import, explain, lint and look after the CORS policy set.")
    # Those of the project import every view: that is most of the time that a subcommand takes.
    requires_system_checks = (CHECK_TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The subcommands and what they take."""
        subcommands = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")

        def add(name: str, text: str) -> ArgumentParser:
            subparser = subcommands.add_parser(name, help=text, description=_as_sentence(text))
            _add_common_options(subparser)
            return subparser

        _add_export_options(add("export", told("print the policy set document, or write it to a file")))
        _add_import_options(
            add("import", told("store the policies and origin groups of a document, by name"))
        )
        _add_explain_options(add("explain", told("say what a browser would do with a request, and why")))
        _add_adopt_options(add(_ADOPT, told("make policies of the settings of django-cors-headers")))
        _add_lint_options(
            add("lint", told("list what is wrong with a policy set, or accepted and probably not intended"))
        )
        add(
            "status",
            told("show the versions in database, cache and process, sizes, load time and the last error"),
        )
        add("touch", told("make every process load the set anew, after it was changed by SQL"))
        _add_prune_options(add("prune-revisions", told("delete all revisions but the last ones")))

    def check(self, *args: Any, **options: Any) -> Any:
        """Without that of what is stored, which Django 6.1 runs: these commands are what corrects it."""
        return super().check(*args, **{**options, "databases": []})

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Runs the subcommand; adopting goes on where checks complain of the settings that it is about."""
        if options.get("subcommand") == _ADOPT:
            options["skip_checks"] = True
        return super().execute(*args, **options)

    def handle(self, *_args: Any, subcommand: str, **options: Any) -> None:
        """Runs the subcommand and prints what it says. Raises ``CommandError``, with the exit status."""
        run = _SUBCOMMANDS[subcommand]
        try:
            outcome = run(options)
        except RefusedError as error:
            raise CommandError(str(error), returncode=error.status) from error
        for remark in outcome.remarks:
            self.stderr.write(remark, style_func=str)
        self._print(outcome.text)
        if outcome.status != DONE:
            self._end(outcome)

    def _print(self, text: str) -> None:
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(text if codecs.lookup(encoding).name == "utf-8" else escaped(text), ending="")

    def _end(self, outcome: Outcome) -> None:
        """A shell sees the status, and nothing more is to be said; who calls from Python sees an error."""
        if getattr(self, "_called_from_command_line", False):
            sys.exit(outcome.status)
        raise CommandError(outcome.text.rstrip("\n"), returncode=outcome.status)


def _export(options: dict[str, Any]) -> Outcome:
    form, part, path, host = (options[name] for name in ("format", "part", "path", "host"))
    if (path is not None or host or part) and form is None:
        raise CommandError(told("Say with --format what --path, --host and --part are for."), returncode=2)
    if part and form != NGINX:
        raise CommandError(told("Only --format nginx has parts. Leave --part out."), returncode=2)
    if host and path is None:
        raise CommandError(told("Say with --path which path of that host is meant."), returncode=2)
    if form is None:
        return export_set(options["output"])
    return export_format(Wanted(form=form, part=part or HTTP_PART, path=path, host=host), options["output"])


def _import(options: dict[str, Any]) -> Outcome:
    flags = {name: options[name] for name in ("replace", "dry_run", "comment")}
    return import_set(options["file"], **flags)


def _explain(options: dict[str, Any]) -> Outcome:
    document = {key: options[key] for key in _REQUEST_OPTIONS}
    document["headers"] = parse_headers(options["header"])
    return explain_request(document, as_json=options["json"])


def _adopt(options: dict[str, Any]) -> Outcome:
    return adopt_corsheaders(write=options["write"], comment=options["comment"])


def _lint(options: dict[str, Any]) -> Outcome:
    return lint_set(options["file"], as_json=options["json"], strict=options["strict"])


_SUBCOMMANDS: Final[dict[str, Callable[[dict[str, Any]], Outcome]]] = {
    "export": _export,
    "import": _import,
    "explain": _explain,
    _ADOPT: _adopt,
    "lint": _lint,
    "status": lambda _options: show_status(),
    "touch": lambda _options: touch(),
    "prune-revisions": lambda options: prune_revisions(options["keep"]),
}


def _add_common_options(parser: ArgumentParser) -> None:
    """Django reads its own options before the subcommand only; people write them at the end."""
    for name in COMMON_VALUES:
        parser.add_argument(name, default=SUPPRESS, help=SUPPRESS)
    for name in COMMON_FLAGS:
        parser.add_argument(name, action="store_true", default=SUPPRESS, help=SUPPRESS)
    parser.add_argument("-v", "--verbosity", type=int, choices=range(4), default=SUPPRESS, help=SUPPRESS)


def _add_export_options(parser: ArgumentParser) -> None:
    parser.add_argument("--output", metavar="FILE", help=told("write to this file instead"))
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help=told("for nginx, or for a bucket of S3 or Google Cloud Storage, instead"),
    )
    parser.add_argument(
        "--path",
        metavar="PATTERN",
        help=told(
            "only the policies of this path pattern; a bucket has one (default: all for nginx, the only one "
            "for a bucket)"
        ),
    )
    parser.add_argument(
        "--host", default="", help=told("the host pattern of these policies (default: every host)")
    )
    parser.add_argument(
        "--part",
        choices=PARTS,
        help=told(
            "for nginx: the part for http { } (the default), or the one for server { }, which never changes"
        ),
    )


def _add_import_options(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=told("a JSON file, or - for standard input"))
    parser.add_argument("--replace", action="store_true", help=told("also delete what the file lacks"))
    parser.add_argument(
        "--dry-run", action="store_true", help=told("show what would change, and store nothing")
    )
    _add_comment_option(parser)


def _add_comment_option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--comment", default="", type=_comment, help=told("why, for the revision that this makes")
    )


def _add_prune_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--keep",
        required=True,
        type=_count,
        metavar="N",
        help=told("how many to keep; every one can be restored"),
    )


def _add_adopt_options(parser: ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help=told("store the policies, by name"))
    _add_comment_option(parser)


def _add_explain_options(parser: ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help=told("the path, as in /api/orders"))
    parser.add_argument("--origin", required=True, help=told("the origin of the page that calls"))
    parser.add_argument("--method", default="GET", help=told("as the script writes it (default: GET)"))
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        type=_header,
        metavar="'Name: value'",
        help=told("a header that the script sets; may be repeated"),
    )
    parser.add_argument("--host", default="", help=told("the host that is asked, with a port if it has one"))
    parser.add_argument("--scheme", default="https", choices=SCHEMES, help=told("(default: https)"))
    parser.add_argument(
        "--credentials", default="omit", choices=CREDENTIALS_MODES, help=told("(default: omit)")
    )
    parser.add_argument("--json", action="store_true", help=told("print JSON"))


def _add_lint_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help=told("a JSON file, or - for standard input (default: the stored set)"),
    )
    parser.add_argument("--json", action="store_true", help=told("print JSON"))
    parser.add_argument("--strict", action="store_true", help=told("end with status 1 for a warning, too"))


def _as_sentence(text: str) -> str:
    return told("{sentence}.", sentence=f"{text[0].upper()}{text[1:]}")


def _header(line: str) -> str:
    if ":" not in line:
        raise ArgumentTypeError(told("{line} has no colon. Write it as 'X-Token: abc'.", line=repr(line)))
    return line


def _comment(text: str) -> str:
    if len(text) > MAX_COMMENT or not text.isprintable():
        raise ArgumentTypeError(told("write at most {limit} printable characters", limit=MAX_COMMENT))
    return text


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):  # noqa: PLR2004
        raise ArgumentTypeError(
            told("{text} is no number of revisions. Write a whole number from 1", text=repr(text))
        )
    return int(text)
