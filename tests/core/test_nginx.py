"""What stands in the exported configuration, and what is refused?

Before you edit: whether nginx answers by it as the middleware does is asked of a real one, in
``tests/services/test_nginx.py``.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from cors_policies.core.exporting.nginx import MAX_BEHAVIOURS, SERVER_PART, render_nginx
from cors_policies.core.exporting.nginx_behaviours import MAX_PARAMETER
from tests.core.exporting import groups_of, refusals

_DEFINED = re.compile(r"^map .+ \$(cors_policies_\w+) \{$", re.MULTILINE)
_USED = re.compile(r"\$(cors_policies_\w+)")


def refused(*policies: dict[str, Any], **keys: Any) -> list[tuple[str, str]]:
    """Policy and field of all that nginx cannot do."""
    groups = groups_of(*policies, **keys)
    return refusals(lambda: render_nginx(groups))


class TestText:
    """The configuration is ASCII, the same for the same policies, and complete."""

    POLICIES: tuple[dict[str, Any], ...] = (
        {"path": "/caf\u00e9", "allowed_origins": ["*"], "exposed_headers": ["x-a"]},
        {"allowed_origins": ["https://*.a.test"], "allowed_methods": ["*"], "allowed_headers": ["*"]},
        {"allowed_origins": ["null"], "allow_private_network": True, "reject_denied": True, "max_age": None},
        {"path": "/img/**", "resource_policy": "cross-origin", "timing_allow_origin": True},
    )

    def test_is_the_same_whatever_came_first(self) -> None:
        named = [{"name": f"p{place}", **policy} for place, policy in enumerate(self.POLICIES)]

        assert render_nginx(groups_of(*named)) == render_nginx(groups_of(*reversed(named)))

    def test_is_ascii_with_short_lines(self) -> None:
        text = render_nginx(groups_of(*self.POLICIES))

        assert text.isascii()
        assert text.endswith("}\n")
        assert max(map(len, text.splitlines())) < MAX_PARAMETER

    @pytest.mark.parametrize("policies", [(), POLICIES], ids=["none", "some"])
    def test_defines_every_variable_once(self, policies: tuple[dict[str, Any], ...]) -> None:
        text = render_nginx(groups_of(*policies))
        defined = _DEFINED.findall(text)

        assert len(defined) == len(set(defined))
        assert set(_USED.findall(text + SERVER_PART)) == set(defined)

    def test_names_groups_and_policies(self) -> None:
        text = render_nginx(groups_of(*self.POLICIES))

        assert "# /caf\\xe9 on every host\n" in text
        assert [line.strip() for line in text.splitlines() if "# policy" in line] == [
            "# policy p0", "# policy p3", "# policy p1", "# policy p2",
        ]  # fmt: skip

    def test_policies_that_answer_alike_share_a_behaviour(self) -> None:
        text = render_nginx(groups_of(*({"path": f"/{place}"} for place in range(300))))

        assert set(re.findall(r"\bp\d+\b(?= )", text.split("cors_policies_method_ok")[1])) == {"p1"}


class TestRefused:
    """What nginx cannot do is refused, all of it at once."""

    def test_expressions(self) -> None:
        policy = {"allowed_origins": ["https://a.test", "~https://a"], "origin_groups": ["one"]}

        assert refused(policy, {"allowed_origins": ["~b"]}, groups={"one": ["~c"]}) == [
            ("p0", "allowed_origins.1"), ("p0", "origin_groups.0"), ("p1", "allowed_origins.0"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            pytest.param("allowed_methods", ["A$B"], id="dollar-in-a-method"),
            pytest.param("allowed_headers", ["x-$"], id="dollar-in-a-request-header"),
            pytest.param("exposed_headers", ["x-$"], id="dollar-in-a-response-header"),
            pytest.param("allowed_methods", [f"M{number}" for number in range(900)], id="many-methods"),
            pytest.param(
                "allowed_headers", [f"x-{number}" for number in range(900)], id="many-request-headers"
            ),
            pytest.param(
                "exposed_headers", [f"x-{number}" for number in range(900)], id="many-response-headers"
            ),
            pytest.param("path", "/" + "\u65e5" * 400, id="path-of-many-bytes"),
            pytest.param("expires_at", "2031-01-01T00:00:00Z", id="expires"),
        ],
    )
    def test_policy(self, field: str, value: Any) -> None:
        assert refused({field: value}) == [("p0", field)]

    @pytest.mark.parametrize(
        "policy",
        [
            pytest.param({"allowed_headers": [f"x-{number}" for number in range(200)]}, id="many-headers"),
            pytest.param({"path": "/" + "\u65e5" * 200}, id="long-path"),
            pytest.param({"allowed_origins": [f"https://{n}.test" for n in range(2000)]}, id="many-origins"),
            pytest.param({"allowed_methods": [], "allowed_headers": [], "allowed_origins": []}, id="shield"),
            pytest.param({"reject_denied": True, "allow_private_network": True, "max_age": 0}, id="flags"),
        ],
    )
    def test_not_refused(self, policy: dict[str, Any]) -> None:
        assert render_nginx(groups_of(policy)).startswith("# CORS policies for nginx")

    def test_too_many_behaviours(self) -> None:
        policies = [{"path": f"/{age}", "max_age": age} for age in range(MAX_BEHAVIOURS + 1)]

        assert refused(*policies) == [("", "")]
        assert render_nginx(groups_of(*policies[1:]))


class TestServerPart:
    """It sends every header for every status, and answers by itself where it is told to."""

    def test_sends_always(self) -> None:
        lines = [line for line in SERVER_PART.splitlines() if line.startswith("add_header")]

        assert len(lines) == 10
        assert all(line.endswith(" always;") for line in lines)

    def test_returns_before_anything_else(self) -> None:
        directives = [line for line in SERVER_PART.splitlines() if not line.startswith("#")]

        assert directives[:2] == [
            "if ($cors_policies_answer = 200) { return 200; }",
            "if ($cors_policies_answer = 403) { return 403; }",
        ]
