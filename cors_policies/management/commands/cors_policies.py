"""``manage.py cors_policies``: the policy set from the command line.

Exit status 0: done, or allowed; 1: refused, or denied; 2: usage.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from cors_policies import documents, services
from cors_policies.cli import files, showing
from cors_policies.conf import get_settings
from cors_policies.core.browser import evaluate, parse_browser_request
from cors_policies.core.problems import InvalidPolicyError, Problem

_CREDENTIALS: Final = ("omit", "same-origin", "include")


class Command(BaseCommand):
    """Dispatches to the subcommands."""

    help = "Export, import and explain the CORS policy set."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The subcommands and what they take."""
        subcommands = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
        export = subcommands.add_parser("export", help="print the policy set document, or write it to a file")
        export.add_argument("--output", metavar="FILE", help="write to this file instead")
        load = subcommands.add_parser("import", help="store the policies and groups of a document, by name")
        load.add_argument("file", metavar="FILE", help="a JSON file, or - for standard input")
        load.add_argument("--replace", action="store_true", help="delete what the file lacks")
        load.add_argument("--dry-run", action="store_true", help="show what would change, and store nothing")
        explain = subcommands.add_parser("explain", help="what a browser would do with a request, and why")
        explain.add_argument("path", metavar="PATH")
        explain.add_argument("--origin", required=True, help="the origin of the page that calls")
        explain.add_argument("--method", default="GET")
        explain.add_argument("--header", action="append", default=[], metavar="'Name: value'")
        explain.add_argument("--host", default="", help="the host that is asked, with a port if it has one")
        explain.add_argument("--scheme", default="https", choices=("http", "https"))
        explain.add_argument("--credentials", default="omit", choices=_CREDENTIALS)
        explain.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, subcommand: str, **options: Any) -> None:
        """Runs the subcommand; what it refuses is an error without a traceback."""
        try:
            getattr(self, f"handle_{subcommand}")(**options)
        except InvalidPolicyError as error:
            raise CommandError("\n".join(showing.problem_lines(error.problems)), returncode=1) from error
        except files.UnreadableError as error:
            raise CommandError(str(error), returncode=1) from error
        except DatabaseError as error:
            message = f"The database cannot be used: {error}. Is it there, and migrated?"
            raise CommandError(message, returncode=1) from error

    def handle_export(self, *, output: str | None, **_options: Any) -> None:
        """Prints or writes the document."""
        text = files.render(documents.policy_set_document(get_settings().DATABASE_ALIAS))
        if output is None:
            self.stdout.write(text, ending="")
        else:
            files.write(output, text)

    def handle_import(self, *, file: str, replace: bool, dry_run: bool, **_options: Any) -> None:
        """Stores the document and prints what that changed."""
        report = services.apply_document(files.read(file), replace=replace, dry_run=dry_run)
        for line in showing.report_lines(report, dry_run=dry_run):
            self.stdout.write(line)

    def handle_explain(self, *, header: list[str], **options: Any) -> None:
        """Prints the outcome; a denial ends with status 1."""
        keys = ("path", "origin", "method", "host", "scheme", "credentials")
        request = parse_browser_request({**{key: options[key] for key in keys}, "headers": _headers(header)})
        stored = documents.read_policy_set(get_settings().DATABASE_ALIAS)
        evaluation = evaluate(stored.compile(), request)
        if options["json"]:
            self.stdout.write(json.dumps(evaluation.to_document(), indent=2, ensure_ascii=False))
        else:
            for line in showing.evaluation_lines(evaluation):
                self.stdout.write(line)
        if evaluation.outcome != "allowed":
            raise SystemExit(1)


def _headers(lines: list[str]) -> dict[str, str]:
    """The headers of repeated ``--header`` options; equal names are joined, as a browser joins them."""
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            message = f"\"{line}\" has no colon. Write it as 'X-Token: abc'."
            raise InvalidPolicyError([Problem("invalid", "headers", None, line, message)])
        name, value = name.strip(), value.strip()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
