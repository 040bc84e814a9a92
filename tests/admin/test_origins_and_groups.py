"""Do the pages of origins and groups say where each is used, and change it there?"""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from cors_policies import documents, services
from cors_policies.admin.base import MAX_SHOWN
from cors_policies.models import Origin, OriginGroup, Policy
from tests.admin.pages import ROOT, FormPage, shown_texts, text
from tests.helpers import policy

pytestmark = pytest.mark.django_db

APP, PARTNER = "https://app.example", "https://partner.example"


@pytest.fixture(autouse=True)
def _stored() -> None:
    services.create_group({"name": "partners", "origins": [PARTNER]})
    services.create_policy(policy(origin_groups=["partners"], allow_credentials=True))


def origin_path(pattern: str) -> str:
    """The path of an origin's form."""
    return f"origin/{Origin.objects.get(pattern=pattern).pk}/change/"


def group_path() -> str:
    """The path of the group's form."""
    return f"origingroup/{OriginGroup.objects.get().pk}/change/"


class TestOrigin:
    """An origin shows where it is used; another pattern or its deletion counts everywhere."""

    @pytest.mark.parametrize(("pattern", "user"), [(APP, "public-api"), (PARTNER, "partners")])
    def test_form_and_deletion_show_where_it_is_used(
        self, admin_client: Client, pattern: str, user: str
    ) -> None:
        path = origin_path(pattern)

        assert f">{user}</a>" in FormPage(admin_client, path).html
        deletion = text(admin_client.get(ROOT + path.replace("change", "delete")))
        assert f">{user}</a>" in deletion
        assert "Taken out of" in deletion

    def test_deleted_everywhere(self, admin_client: Client) -> None:
        for pattern in (APP, PARTNER):
            admin_client.post(ROOT + origin_path(pattern).replace("change", "delete"), {"post": "yes"})

        document = documents.policy_set_document("default")
        assert document["policies"][0]["allowed_origins"] == []
        assert document["origin_groups"][0]["origins"] == []

    def test_renamed_everywhere(self, admin_client: Client) -> None:
        renamed = {"pattern": "HTTPS://Newer.example/", "description": "Ann's"}
        FormPage(admin_client, origin_path(APP)).confirmed(**renamed)

        assert documents.policy_document(Policy.objects.get())["allowed_origins"] == ["https://newer.example"]
        assert LogEntry.objects.get().change_message == (
            "Pattern: “https://app.example” → “https://newer.example” · Description: nothing → “Ann's”"
        )

    @pytest.mark.parametrize(
        ("pattern", "renamed", "code", "words"),
        [
            (APP, "nonsense", "invalid-origin", "Write the whole origin"),
            (APP, "", "required", "Write an origin"),
            (APP, PARTNER, "duplicate-name", "is taken"),
            (APP, "null", "credentials-null-origin", 'Policy "public-api" allows credentials'),
            (PARTNER, "http://partner.example", "insecure-origin", 'or set "Tolerate insecure origins"'),
        ],
    )
    def test_rename_is_refused_at_the_pattern(
        self, admin_client: Client, pattern: str, renamed: str, code: str, words: str
    ) -> None:
        errors = FormPage(admin_client, origin_path(pattern)).refused(pattern=renamed)

        assert [(field, found[0][0]) for field, found in errors.items()] == [("pattern", code)]
        assert words in errors["pattern"][0][1]
        assert Origin.objects.filter(pattern=pattern).exists()

    def test_new_origin_is_in_no_list(self, admin_client: Client) -> None:
        FormPage(admin_client, "origin/add/").stored(pattern="https://new.example", description="For later.")

        assert Origin.objects.get(pattern="https://new.example").description == "For later."
        assert "new.example" in shown_texts(text(admin_client.get(f"{ROOT}origin/?used=no")))
        assert "new.example" not in shown_texts(text(admin_client.get(f"{ROOT}origin/?used=yes")))

    def test_colleague_s_change_is_not_overwritten(self, admin_client: Client) -> None:
        page = FormPage(admin_client, origin_path(APP))
        services.update_origin(Origin.objects.get(pattern=APP), {"description": "Theirs."})

        assert [code for code, _ in page.refused(description="Mine.")["__all__"]] == ["changed", "changed"]

    def test_long_list_of_users_is_cut(self, admin_client: Client) -> None:
        for number in range(MAX_SHOWN + 4):
            services.create_policy(policy(f"p{number}", f"/{number}"))

        html = FormPage(admin_client, origin_path(APP)).html

        assert "and 5 more" in html
        assert html.count("/cors_policies/policy/") <= MAX_SHOWN + 5

    def test_list_counts_uses_in_a_fixed_number_of_queries(
        self, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(9):
            services.create_group({"name": f"g{number}", "origins": [APP]})
            services.create_policy(policy(f"p{number}", f"/{number}"))

        admin_client.get(f"{ROOT}origin/")
        with django_assert_num_queries(4):
            shown = shown_texts(text(admin_client.get(f"{ROOT}origin/")))

        assert "https://app.example 10 9 -" in shown
        assert "https://partner.example 0 1 -" in shown


class TestOriginGroup:
    """A group is typed one origin a line; a change counts in every policy that uses it."""

    def test_stored_in_the_order_that_was_typed(self, admin_client: Client) -> None:
        origins = "https://z.example\nhttps://a.example, ~https://[a-z]{1,2}\\.example"
        FormPage(admin_client, "origingroup/add/").stored(name="new", origins=origins, description="Ours.")

        assert documents.group_document(OriginGroup.objects.get(name="new")) == {
            "name": "new",
            "description": "Ours.",
            "origins": ["https://z.example", "https://a.example", "~https://[a-z]{1,2}\\.example"],
        }

    def test_untouched_form_changes_nothing(self, admin_client: Client) -> None:
        before = documents.policy_set_document("default")

        FormPage(admin_client, group_path()).stored()

        assert documents.policy_set_document("default") == before
        assert not LogEntry.objects.exists()

    def test_renamed_and_emptied(self, admin_client: Client) -> None:
        FormPage(admin_client, group_path()).stored(name="friends", origins="")

        document = documents.policy_set_document("default")
        assert document["policies"][0]["origin_groups"] == ["friends"]
        assert document["origin_groups"][0]["origins"] == []

    def test_origin_that_a_policy_refuses_is_an_error_at_its_line(self, admin_client: Client) -> None:
        errors = FormPage(admin_client, group_path()).refused(
            origins=f"{PARTNER}\n\nhttp://plain.example\nnull"
        )

        assert [code for code, _ in errors["origins"]] == ["insecure-origin", "credentials-null-origin"]
        assert errors["origins"][0][1].startswith('Line 3: Policy "public-api" allows credentials')
        assert errors["origins"][1][1].startswith("Line 4: ")

    @pytest.mark.parametrize(
        ("changed", "field", "code"),
        [
            ({"name": ""}, "name", "required"),
            ({"name": "a b"}, "name", "invalid"),
            ({"name": "partners"}, "name", "duplicate-name"),
            ({"origins": "nonsense"}, "origins", "invalid-origin"),
        ],
    )
    def test_rule_is_an_error_at_its_field(
        self, admin_client: Client, changed: dict[str, str], field: str, code: str
    ) -> None:
        errors = FormPage(admin_client, "origingroup/add/").refused(**{"name": "new", **changed})

        assert {name: [found for found, _ in all_] for name, all_ in errors.items()} == {field: [code]}

    def test_deletion_shows_the_policies_that_lose_it(self, admin_client: Client) -> None:
        address = ROOT + group_path().replace("change", "delete")
        assert "Taken out of policies: <a" in text(admin_client.get(address))

        admin_client.post(address, {"post": "yes"})

        assert documents.policy_document(Policy.objects.get())["origin_groups"] == []

    def test_many_are_deleted_at_once(self, admin_client: Client) -> None:
        for number in range(MAX_SHOWN + 2):
            services.create_group({"name": f"g{number}", "origins": []})
        chosen = {
            "action": "delete_selected",
            "_selected_action": [row.pk for row in OriginGroup.objects.all()],
        }

        asked = text(admin_client.post(f"{ROOT}origingroup/", chosen))
        admin_client.post(f"{ROOT}origingroup/", {**chosen, "post": "yes"})

        assert "and 3 more" in asked
        assert not OriginGroup.objects.exists()

    def test_list_counts_in_a_fixed_number_of_queries(
        self, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(9):
            services.create_group({"name": f"g{number}", "origins": [APP, PARTNER]})

        admin_client.get(f"{ROOT}origingroup/")
        with django_assert_num_queries(4):
            shown = shown_texts(text(admin_client.get(f"{ROOT}origingroup/")))

        assert "partners 1 1 - just now" in shown
        assert "g3 2 0 - just now" in shown

    def test_found_by_an_origin(self, admin_client: Client) -> None:
        services.create_group({"name": "empty", "origins": []})

        shown = shown_texts(text(admin_client.get(f"{ROOT}origingroup/?q=partner.example")))

        assert "1 result" in shown
