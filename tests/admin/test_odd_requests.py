"""Is whatever is sent to the admin answered, and never by an error of the server?"""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from cors_policies import documents
from cors_policies.models import Policy
from tests.admin.pages import ROOT, FormPage
from tests.factories import OriginGroupFactory, PolicyFactory

pytestmark = pytest.mark.django_db

KINDS = ("policy", "origin", "origingroup")
ODD = (
    pytest.param("\0", id="nul"),
    pytest.param("a\0b", id="nul-inside"),
    pytest.param("9" * 5000, id="huge-number"),
    pytest.param("-1", id="negative"),
    pytest.param("1e9", id="exponent"),
    pytest.param("\u0663", id="other-digit"),
    pytest.param("\u202e", id="right-to-left-override"),
    pytest.param("<script>", id="tag"),
    pytest.param("a" * 100_000, id="very-long"),
    pytest.param("\r\n" * 10, id="empty-lines"),
    pytest.param("~(", id="no-expression"),
    pytest.param("[]", id="json"),
)


class TestForms:
    """A field with an odd value is stored or refused; nobody is shown a server error."""

    @pytest.mark.parametrize("value", ODD)
    @pytest.mark.parametrize("kind", KINDS)
    def test_in_all_fields_at_once(self, admin_client: Client, kind: str, value: str) -> None:
        page = FormPage(admin_client, f"{kind}/add/")

        assert page.refused(**dict.fromkeys(page.fields, value))

    @pytest.mark.parametrize("value", ["a\0b", "9" * 5000])
    @pytest.mark.parametrize("kind", KINDS)
    def test_in_one_field(self, admin_client: Client, kind: str, value: str) -> None:
        page = FormPage(admin_client, f"{kind}/add/")

        for number, field in enumerate(page.fields):
            new = {"name": f"g{number}", "path": "/p", "pattern": f"https://{number}.example", field: value}
            assert page.save(**new).status_code in {200, 302}, field

    def test_field_of_a_hundred_thousand_bad_lines(self, admin_client: Client) -> None:
        page = FormPage(admin_client, "policy/add/")

        problems = page.refused(name="p", path="/p", allowed_origins="bad\n" * 100_000)

        assert len(problems["allowed_origins"]) == 26
        assert problems["allowed_origins"][-1] == ("more", "99975 more problems.")


class TestLists:
    """A list is shown, or the browser is sent to one that is."""

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        "query",
        [
            "q=%00",
            "q=" + "a+" * 2000,
            "q=" + "a" * 60_000,
            "o=999",
            "p=999",
            "p=x",
            "mode=z",
            "group=%00",
            "foo=1",
        ],
    )
    def test_odd_query(self, admin_client: Client, kind: str, query: str) -> None:
        assert admin_client.get(f"{ROOT}{kind}/?{query}", follow=True).status_code == 200

    @pytest.mark.parametrize(
        "query", ["q=%00", "mode=%00", "host=%00", "group=%00", "o=1.%00", "group=none&group=a%00b"]
    )
    def test_what_no_database_can_look_for_is_the_whole_list(self, admin_client: Client, query: str) -> None:
        PolicyFactory.create(name="one")
        group = OriginGroupFactory.create()
        PolicyFactory.create(name="two", host="api.example.com", origin_groups=[group.name])

        response = admin_client.get(f"{ROOT}policy/?{query}")
        assert (response.status_code, response["Location"]) == (302, f"{ROOT}policy/?e=1")

        shown = admin_client.get(f"{ROOT}policy/?e=1")
        assert shown.context["cl"].result_count == 2

    @pytest.mark.parametrize("query", ["actor=%00", "kind=a%00", "name=%00", "row=%00-1"])
    def test_the_same_of_revisions(self, admin_client: Client, query: str) -> None:
        response = admin_client.get(f"{ROOT}revision/?{query}")

        assert (response.status_code, response["Location"]) == (302, f"{ROOT}revision/?e=1")

    def test_long_search_finds_by_its_first_words(self, admin_client: Client) -> None:
        PolicyFactory.create(name="one")

        found = admin_client.get(f"{ROOT}policy/?q=" + "one+" * 100)

        assert found.context["cl"].result_count == 1

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("key", ["%00", "9" * 30, "x"])
    @pytest.mark.parametrize("page", ["change", "delete", "history"])
    def test_odd_key_in_an_address(self, admin_client: Client, kind: str, key: str, page: str) -> None:
        assert admin_client.get(f"{ROOT}{kind}/{key}/{page}/").status_code in {302, 404}


class TestActions:
    """An action on a row that there cannot be changes nothing, and says so."""

    @pytest.mark.parametrize("chosen", ["x", "\0", "9" * 40, "-1", ""])
    @pytest.mark.parametrize("action", ["switch_off", "duplicate", "delete_selected"])
    def test_changes_nothing(self, admin_client: Client, action: str, chosen: str) -> None:
        OriginGroupFactory.create()
        row = PolicyFactory.create()
        before = documents.policy_set_document("default")

        response = admin_client.post(
            f"{ROOT}policy/", {"action": action, "_selected_action": [row.pk, chosen]}
        )

        assert response.status_code == 302
        assert documents.policy_set_document("default") == before
        assert "does not exist" in str(*get_messages(response.wsgi_request))
        assert Policy.objects.count() == 1
