"""Tests of public suffixes: does everybody share the names right below this host?"""

from __future__ import annotations

import pytest

from cors_policies.core.public_suffixes import is_public_suffix


class TestIsPublicSuffix:
    """The list's rules apply, its wildcards and exceptions and its private section too."""

    @pytest.mark.parametrize(
        "host",
        [
            pytest.param("com", id="top-level-domain"),
            pytest.param("co.uk", id="second-level"),
            pytest.param("github.io", id="private-section"),
            pytest.param("vercel.app", id="private-section-app"),
            pytest.param("s3.amazonaws.com", id="private-section-below-a-company"),
            pytest.param("kawasaki.jp", id="a-wildcard-rule-stands-below"),
            pytest.param("foo.kawasaki.jp", id="matched-by-a-wildcard-rule"),
            pytest.param("ck", id="top-level-domain-of-a-wildcard-rule"),
            pytest.param("xn--p1ai", id="internationalised"),
            pytest.param("xn--55qx5d.cn", id="internationalised-second-level"),
            pytest.param("internal", id="unlisted-top-level-domain"),
            pytest.param("test", id="reserved-top-level-domain"),
        ],
    )
    def test_accepts(self, host: str) -> None:
        assert is_public_suffix(host)

    @pytest.mark.parametrize(
        "host",
        [
            pytest.param("example.com", id="registrable"),
            pytest.param("example.co.uk", id="registrable-second-level"),
            pytest.param("me.github.io", id="registrable-private"),
            pytest.param("city.kawasaki.jp", id="exception-rule"),
            pytest.param("www.ck", id="exception-rule-of-a-whole-domain"),
            pytest.param("bar.foo.kawasaki.jp", id="below-a-wildcard-rule"),
            pytest.param("example.internal", id="below-an-unlisted-domain"),
            pytest.param("localhost", id="this-machine"),
            pytest.param("a.localhost", id="below-this-machine"),
        ],
    )
    def test_rejects(self, host: str) -> None:
        assert not is_public_suffix(host)
