"""Which requests did a browser send for one run of a row, in which order, and what decided them?

Before you edit:

* It wraps the WSGI application, so that it sees preflights, which the middleware answers, and every header as
  it leaves. It changes nothing.
* It asks the engine as the middleware does a moment later; a change in between is shown by the next run.
* In memory, in one process, and bounded: the demo's server has one process, and a run is read once.
* Of cookies only the lab's own are kept: the administrator's session is nobody's business.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode

from django.core.handlers.wsgi import WSGIRequest

from cors_policies.core.engine import decide
from cors_policies.facts import RequestFacts
from cors_policies.store import current_snapshot

COOKIE: Final = "lab_visits"
MAX_RUNS: Final = 300
MAX_REQUESTS: Final = 20
"""Of one run."""
_LONGEST: Final = 300
"""Characters of a name or value that are kept."""
_PREFIX: Final = "/lab/"
_LOG: Final = "/lab/log"
_ASKED: Final = (
    "Origin",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
    "Content-Type",
    "X-Lab-Token",
)
"""The request headers that decide, or that a preflight was sent for."""
_ANSWERED: Final = (
    "access-control-",
    "cross-origin-resource-policy",
    "timing-allow-origin",
    "vary",
    "location",
    "set-cookie",
)
"""How the names of response headers start that decide."""
_READ: Final = {"exposed-headers": ("x-lab-total",), "safelisted-headers": ("etag",)}
"""By row, what is in the answer as well, and not always there for the script."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Entry = dict[str, Any]


class RequestLog:
    """The requests of the latest runs, each in the order in which they came."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, list[Entry]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, run: str, entry: Entry) -> None:
        """Notes a request; the oldest run makes place for a new one."""
        with self._lock:
            entries = self._runs.setdefault(run, [])
            if len(entries) < MAX_REQUESTS:
                entries.append(entry)
            while len(self._runs) > MAX_RUNS:
                self._runs.popitem(last=False)

    def of(self, run: str) -> list[Entry]:
        """The requests of a run so far; the status of one that is not answered yet is ``None``."""
        with self._lock:
            return list(self._runs.get(run, ()))


log: Final = RequestLog()


def recorded(application: Application) -> Application:
    """The application, with each request that names a run noted in the log."""

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        run = _run_of(environ)
        if not run:
            return application(environ, start_response)
        entry, shown = _describe(WSGIRequest(environ)), _shown_names(environ["PATH_INFO"])
        log.add(run, entry)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            entry["answer"] = [
                [name, value.strip()[:_LONGEST]]
                for name, value in headers
                if name.lower().startswith(shown)
                # Django writes a space before a cookie.
                and (name != "Set-Cookie" or value.lstrip().startswith(COOKIE))
            ]
            entry["status"] = int(status[:3])
            return start_response(status, headers, *more)

        return application(environ, start)

    return answer


def _run_of(environ: Environ) -> str:
    path: str = environ.get("PATH_INFO", "")
    if path == _LOG or not path.startswith(_PREFIX):
        return ""
    query: str = environ.get("QUERY_STRING", "")
    return parse_qs(query).get("run", [""])[0][:_LONGEST]


def _shown_names(path: str) -> tuple[str, ...]:
    row = path.removeprefix(_PREFIX).partition("/")[0]
    return (*_ANSWERED, *_READ.get(row, ()))


def _describe(request: WSGIRequest) -> Entry:
    """What was asked, and what the policies say to it."""
    facts = RequestFacts(request)
    decision = decide(current_snapshot(), facts)
    is_preflight = facts.method == "OPTIONS" and facts.requested_method is not None and bool(facts.origin)
    return {
        "kind": "preflight" if is_preflight else "actual",
        "method": facts.method,
        "host": facts.host,
        "path": _path_of(request)[:_LONGEST],
        "headers": _headers_of(request),
        "status": None,
        "answer": [],
        "policy": decision.policy.name if decision.policy else None,
        "path_group": [policy.name for policy in decision.group.policies] if decision.group else [],
        "reason": decision.reason,
    }


def _path_of(request: WSGIRequest) -> str:
    """The path with its query, but for the name of the run."""
    query = [pair for pair in parse_qsl(request.META["QUERY_STRING"]) if pair[0] != "run"]
    return request.path + (f"?{urlencode(query)}" if query else "")


def _headers_of(request: WSGIRequest) -> list[list[str]]:
    found = [[name, request.headers[name][:_LONGEST]] for name in _ASKED if request.headers.get(name)]
    # The server invents a type where there is no body.
    if request.headers.get("Content-Length") in (None, "", "0"):
        found = [line for line in found if line[0] != "Content-Type"]
    if COOKIE in request.COOKIES:
        found.append(["Cookie", f"{COOKIE}={request.COOKIES[COOKIE]}"[:_LONGEST]])
    return found
