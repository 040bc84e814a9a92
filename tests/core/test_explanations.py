"""What an editor is told, sentence by sentence, in the order of events."""

from typing import Any

import pytest

from cors_policies.core.browser import BrowserRequest, evaluate
from cors_policies.core.path_group import Site
from cors_policies.core.policy import Policy
from cors_policies.core.snapshot import Shield, compile_snapshot

APP = "https://app.example"
OTHER = "https://other.example"
POLICIES = (
    Policy(
        name="orders",
        path="/api/orders",
        allowed_origins=(APP,),
        allowed_methods=("GET", "PUT"),
        allowed_headers=("x-a",),
        exposed_headers=("x-total", "x-page"),
    ),
    Policy(name="all", path="/api/**", allowed_origins=("*",)),
    Policy(name="second", path="/shared", allowed_origins=(OTHER,), allowed_headers=("*",)),
    Policy(name="first", path="/shared", allowed_origins=(APP, "null"), priority=1, allowed_headers=("*",)),
    Policy(name="strict", path="/strict", host="api.example", allowed_origins=(APP,), reject_denied=True),
    Policy(name="every-header", path="/headers", allowed_origins=(APP,), exposed_headers=("*",)),
    *(Policy(name=f"p{number:02}", path="/many", allowed_origins=(OTHER,)) for number in range(12)),
)
SNAPSHOT = compile_snapshot(POLICIES, {}, shields=[Shield(Site("", "/broken"))])


def explain(path: str, origin: str | None = APP, **more: Any) -> tuple[str, ...]:
    """The sentences about one request."""
    headers = more.pop("headers", {})
    request = BrowserRequest(path=path, origin=origin, headers=tuple(headers.items()), **more)
    return evaluate(SNAPSHOT, request).explanation


class TestOrderOfEvents:
    """The script, the browser, the server, the browser again; and where it ends badly, what to change."""

    def test_an_allowed_request(self) -> None:
        assert explain("/api/orders", method="put", headers={"Cookie": "a=b", "X-A": "1"}) == (
            "fetch() writes the method put as PUT.",
            "fetch() drops Cookie: no script can set it.",
            "The browser asks first with a preflight, because of the method PUT and the request header x-a.",
            '/api/orders belongs to the path group of /api/orders, which holds policy "orders".',
            f'The first that allows {APP} is policy "orders": it alone governs the request.',
            "The server answers the preflight with 200 and lets the request through.",
            "The browser sends PUT and hands the response to the script, which may also read the response "
            "headers x-total, x-page.",
        )

    def test_a_denied_preflight(self) -> None:
        assert explain("/api/orders", method="DELETE") == (
            "The browser asks first with a preflight, because of the method DELETE.",
            '/api/orders belongs to the path group of /api/orders, which holds policy "orders".',
            f'The first that allows {APP} is policy "orders": it alone governs the request.',
            'The method DELETE is not allowed by policy "orders".',
            "The server answers the preflight with 200 and no CORS header.",
            "The preflight fails: the browser never sends DELETE, and the script gets an error.",
            'Add DELETE to allowed_methods of policy "orders".',
        )

    def test_an_origin_that_the_most_specific_path_does_not_allow(self) -> None:
        assert explain("/api/orders", OTHER) == (
            "The browser sends GET at once: no preflight is needed.",
            '/api/orders belongs to the path group of /api/orders, which holds policy "orders".',
            f"No policy of this group allows {OTHER}: for this origin the group is a shield.",
            "Policies with a broader path or host are never consulted.",
            "The view is called, and its response gets no CORS header.",
            "The browser keeps the response from the script, which gets an error.",
            f'Add {OTHER} to allowed_origins of policy "orders", or to one of its origin groups.',
        )

    def test_included_credentials(self) -> None:
        assert explain("/api/orders", method="PUT", credentials="include") == (
            "The browser asks first with a preflight, because of the method PUT.",
            '/api/orders belongs to the path group of /api/orders, which holds policy "orders".',
            f'The first that allows {APP} is policy "orders": it alone governs the request.',
            'The request includes credentials, which are not allowed by policy "orders".',
            "The server answers the preflight with 200 and no Access-Control-Allow-Credentials.",
            "The preflight fails: the browser never sends PUT, and the script gets an error.",
            'Set allow_credentials of policy "orders" (its origins listed, without *), or omit credentials.',
        )

    def test_an_ungoverned_path(self) -> None:
        assert explain("/nowhere", method="PUT") == (
            "The browser asks first with a preflight, because of the method PUT.",
            "No policy governs /nowhere: the server adds no CORS header.",
            "No host was named, so only policies for every host were looked at.",
            "The script gets an error, unless the view or a proxy answers with CORS headers of its own.",
            f"Write a policy whose path covers /nowhere and that allows {APP}.",
        )

    def test_a_same_origin_request(self) -> None:
        assert explain("/shared", host="app.example", method="PUT") == (
            f"{APP} is the server's own origin: the browser sends PUT and checks nothing.",
            '/shared belongs to the path group of /shared, which holds the policies "first" and "second", '
            "tried in this order.",
            "The response goes to whoever asked for it, whatever its CORS headers.",
        )

    def test_a_request_without_an_origin(self) -> None:
        assert explain("/nowhere", None, host="api.example") == (
            "There is no origin, so this is no CORS request: no browser checks the response.",
            "No policy governs /nowhere: the server adds no CORS header.",
            "The response goes to whoever asked for it, whatever its CORS headers.",
        )


class TestScript:
    """A sentence says what fetch() changes, and none where it changes nothing."""

    def test_dropped_headers_are_named(self) -> None:
        headers = {"Cookie": "a", "Host": "b", "X-HTTP-Method": "TRACE", "Accept": "*/*"}

        assert explain("/api/x", headers=headers)[0] == (
            "fetch() drops Cookie, Host and X-HTTP-Method: no script can set them."
        )

    @pytest.mark.parametrize("method", ["GET", "patch", "PURGE"])
    def test_nothing_is_said_of_a_method_that_stays(self, method: str) -> None:
        assert not any("writes the method" in sentence for sentence in explain("/api/x", method=method))


class TestServer:
    """The path group is named by its path and host, and its policies in the order tried."""

    def test_a_host_is_named(self) -> None:
        assert (
            '/strict belongs to the path group of /strict on api.example, which holds policy "strict".'
            in explain("/strict", host="api.example")
        )

    def test_a_long_group_is_cut(self) -> None:
        names = ", ".join(f'"p{number:02}"' for number in range(10))

        assert (
            "/many belongs to the path group of /many, "
            f"which holds the policies {names} and 2 more, tried in this order." in explain("/many")
        )

    def test_a_rejected_request_never_reaches_the_view(self) -> None:
        sentences = explain("/strict", OTHER, host="api.example")

        assert "The server answers 403 without calling the view, and the script gets an error." in sentences
        assert not any("The view is called" in sentence for sentence in sentences)

    def test_only_a_request_without_a_host_hears_of_hosts(self) -> None:
        assert not any(
            "No host was named" in sentence for sentence in explain("/nowhere", host="api.example")
        )


class TestReadableHeaders:
    """An allowed request is told which response headers the script may read."""

    @pytest.mark.parametrize(
        ("path", "readable"),
        [
            pytest.param("/api/orders", "may also read the response headers x-total, x-page.", id="listed"),
            pytest.param("/headers", "may read every response header.", id="wildcard"),
            pytest.param("/shared", "may read the CORS-safelisted response headers only.", id="none"),
        ],
    )
    def test_last_sentence(self, path: str, readable: str) -> None:
        assert (
            explain(path)[-1]
            == f"The browser sends GET and hands the response to the script, which {readable}"
        )


class TestRemedies:
    """The last sentences of a denial say what to change."""

    @pytest.mark.parametrize(
        ("request_", "remedy"),
        [
            pytest.param(
                {"path": "/shared", "origin": "https://x.example"},
                'Add https://x.example to allowed_origins of policy "first" or "second", '
                "or to one of its origin groups.",
                id="origin-in-a-group-of-two",
            ),
            pytest.param(
                {"path": "/api/orders", "origin": "null"},
                'Add null to allowed_origins of policy "orders", or to one of its origin groups.',
                id="null",
            ),
            pytest.param(
                {"path": "/broken"},
                "What is stored for this path is broken: manage.py check --database default says why. "
                "Repair it.",
                id="broken-policy",
            ),
            pytest.param(
                {"path": "/api/orders", "origin": "https://App.example/"},
                f"No browser sends https://App.example/ as an origin. Ask again with {APP}.",
                id="origin-in-another-spelling",
            ),
            pytest.param(
                {"path": "/nowhere", "origin": "https://App.example/"},
                f"No browser sends https://App.example/ as an origin. Ask again with {APP}.",
                id="origin-in-another-spelling-and-no-policy",
            ),
            pytest.param(
                {"path": "/nowhere", "origin": "null"},
                "Write a policy whose path covers /nowhere and that allows null.",
                id="null-and-no-policy",
            ),
            pytest.param(
                {"path": "/api/orders", "origin": "https://*.example"},
                "No browser sends https://*.example as an origin. "
                "Ask again with one that this pattern covers.",
                id="pattern-for-an-origin",
            ),
            pytest.param(
                {"path": "/api/orders", "origin": "app.example"},
                "No browser sends app.example as an origin. Ask again with one such as https://app.example.",
                id="no-origin-at-all",
            ),
            pytest.param(
                {"path": "/api/orders", "method": "POST"},
                'Add POST to allowed_methods of policy "orders".',
                id="method",
            ),
            pytest.param(
                {"path": "/api/orders", "method": "patch"},
                "Browsers send patch as it is written, and methods have a case. Write PATCH in the script.",
                id="patch-in-lower-case",
            ),
            pytest.param(
                {"path": "/api/orders", "method": "PATCH"},
                'Add PATCH to allowed_methods of policy "orders".',
                id="patch",
            ),
            pytest.param(
                {"path": "/api/orders", "headers": {"X-B": "", "X-A": ""}},
                'Add x-b to allowed_headers of policy "orders", or do not send it.',
                id="header",
            ),
            pytest.param(
                {"path": "/api/orders", "headers": {"X-C": "", "X-B": ""}},
                'Add x-b and x-c to allowed_headers of policy "orders", or do not send them.',
                id="headers",
            ),
            pytest.param(
                {"path": "/shared", "headers": {"Authorization": "x", "X-A": ""}},
                "A * in allowed_headers never covers authorization.",
                id="authorization",
            ),
            pytest.param(
                {"path": "/shared", "headers": {f"x-{number}": "" for number in range(65)}},
                "Send fewer request headers: at most 64 names and 4096 bytes are read.",
                id="too-many-headers",
            ),
            pytest.param(
                {"path": "/shared", "credentials": "include"},
                'Set allow_credentials of policy "first" (its origins listed, without *), '
                "or omit credentials.",
                id="credentials",
            ),
            pytest.param(
                {"path": "/shared", "origin": "null", "credentials": "include"},
                "No policy can allow credentials to null, which any sandboxed frame can send. "
                "Omit credentials.",
                id="credentials-of-null",
            ),
        ],
    )
    def test_last_sentence(self, request_: dict[str, Any], remedy: str) -> None:
        assert explain(**request_)[-1] == remedy

    def test_what_is_not_allowed_is_said_before_what_to_change(self) -> None:
        sentences = explain("/api/orders", headers={"X-B": "", "X-A": ""})

        assert sentences.index(
            'The request header x-b cannot be sent: not allowed by policy "orders".'
        ) < sentences.index('Add x-b to allowed_headers of policy "orders", or do not send it.')

    def test_too_many_headers_are_said_to_be_unread(self) -> None:
        sentences = explain("/shared", headers={f"x-{number}": "" for number in range(65)})

        assert "The preflight names more request headers than the server reads." in sentences

    def test_an_allowed_request_needs_no_remedy(self) -> None:
        assert not any(
            sentence.startswith(("Add ", "Set ", "Write ", "Send ")) for sentence in explain("/shared")
        )
