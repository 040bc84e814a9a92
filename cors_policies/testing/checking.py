"""Does this response pass the browser's checks, and if not, what is wrong with it?

The rules are those of :mod:`cors_policies.core.fetch_rules`; here they are asked about real responses,
whoever wrote the headers, and their failures are put into words.
"""

from __future__ import annotations

from collections.abc import Mapping

from cors_policies.core import fetch_rules
from cors_policies.core import vocabulary as http
from cors_policies.core.browser import BrowserRequest


def preflight_failure(status: int, answer: Mapping[str, str], request: BrowserRequest) -> str:
    """Why the answer to the preflight does not let the request through; ``""`` where it does.

    https://fetch.spec.whatwg.org/#cors-preflight-fetch
    """
    credentials = request.includes_credentials
    failure = sharing_failure(answer, request)
    if failure:
        return failure
    if not fetch_rules.is_ok_status(status):
        return f"The preflight is answered {status}: browsers want a status from 200 to 299."
    if not fetch_rules.passes_method_check(answer, request.sent_method, credentials=credentials):
        return (
            f"{_shown(answer, http.ACCESS_CONTROL_ALLOW_METHODS)}: {request.sent_method} is not let through."
        )
    if not fetch_rules.passes_header_check(answer, request.unsafe_names, credentials=credentials):
        names = ", ".join(request.unsafe_names)
        return f"{_shown(answer, http.ACCESS_CONTROL_ALLOW_HEADERS)}: not all of {names} are let through."
    return ""


def sharing_failure(answer: Mapping[str, str], request: BrowserRequest) -> str:
    """Why the answer is not shared with the page; ``""`` where it is.

    https://fetch.spec.whatwg.org/#cors-check
    """
    origin, credentials = request.origin or "", request.includes_credentials
    if fetch_rules.passes_cors_check(answer, origin, credentials=credentials):
        return ""
    said = _shown(answer, http.ACCESS_CONTROL_ALLOW_ORIGIN)
    if credentials and answer.get(http.ACCESS_CONTROL_ALLOW_ORIGIN) == origin:
        said = _shown(answer, http.ACCESS_CONTROL_ALLOW_CREDENTIALS)
    with_credentials = " with credentials" if credentials else ""
    return f"{said}: the response is not shared with {origin}{with_credentials}."


def _shown(answer: Mapping[str, str], name: str) -> str:
    value = answer.get(name)
    return f"The response has no {name}" if value is None else f"The response has {name}: {value}"
