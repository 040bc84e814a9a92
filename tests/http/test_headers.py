"""Do both ways onto a response leave the same headers there?"""

from __future__ import annotations

from typing import Any

import pytest
from django.http.response import ResponseHeaders
from django.utils.cache import patch_vary_headers
from hypothesis import example, given
from hypothesis import strategies as st

from cors_policies import headers
from cors_policies.headers import merged, prepared, put_by_mapping, put_by_store

NAMES = st.sampled_from(
    [
        "Access-Control-Allow-Origin",
        "ACCESS-CONTROL-MAX-AGE",
        "access-control-x",
        "X-Other",
        "Content-Type",
        "vary",
    ]
)
VARIES = st.sampled_from(["", "*", "Accept", "origin", "Accept, ORIGIN", "Accept,Cookie", "Cookie, *"])
VALUES = st.lists(
    st.tuples(st.sampled_from(["Access-Control-Allow-Origin", "Access-Control-Max-Age"]), st.just("new")),
    unique_by=lambda pair: pair[0],
)
ADDED = st.sampled_from([(), ("Origin",), ("Origin", "Access-Control-Request-Method")])


class TestBothWays:
    """The dict behind Django's mapping is used as the mapping uses it."""

    @given(given_names=st.lists(NAMES), vary=VARIES, values=VALUES, added=ADDED)
    def test_leave_the_same(
        self, given_names: list[str], vary: str, values: list[tuple[str, str]], added: tuple[str, ...]
    ) -> None:
        start = dict.fromkeys(given_names, "old") | ({"Vary": vary} if vary else {})
        one, other = ResponseHeaders(start), ResponseHeaders(start)

        put_by_mapping(one, prepared(values, added))
        put_by_store(other, prepared(values, added))

        assert dict(one.items()) == dict(other.items())

    def test_dict_is_used_where_it_is_as_we_know_it(self) -> None:
        assert headers.put_headers is put_by_store

    def test_mapping_is_used_where_it_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Other:
            def __init__(self, _data: dict[str, str]) -> None:
                self._store = [("X-Probe", "1")]

        monkeypatch.setattr(headers, "ResponseHeaders", Other)

        assert not headers._has_store()  # noqa: SLF001 - what chooses at import


class TestVary:
    """Names are added as Django adds them."""

    @given(vary=VARIES, added=ADDED.filter(bool))
    @example(vary="Accept,Cookie", added=("Origin",))
    def test_as_django_does(self, vary: str, added: tuple[str, ...]) -> None:
        class Response:
            def __init__(self) -> None:
                self.headers: dict[str, Any] = {"Vary": vary} if vary else {}

            def has_header(self, name: str) -> bool:
                return name in self.headers

        response = Response()
        patch_vary_headers(response, added)  # type: ignore[arg-type]

        assert merged(vary, ", ".join(added)) == response.headers["Vary"]
