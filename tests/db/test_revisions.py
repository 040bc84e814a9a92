"""Is every committed change one revision, by whatever way it came in, and does restoring bring it back?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction

from cors_policies import documents, services
from cors_policies.core.policy import Document
from cors_policies.core.problems import InvalidPolicyError
from cors_policies.models import (
    Origin,
    OriginGroup,
    OriginGroupOrigin,
    Policy,
    PolicyOrigin,
    PolicyOriginGroup,
    Revision,
)
from cors_policies.models.versions import read_revision_number
from cors_policies.signals import policy_set_changed
from tests.db.conftest import APP
from tests.helpers import policy

OTHER = "https://other.example"
Said = list[tuple[str, str, str]]


def _stored_set() -> Document:
    return documents.policy_set_document("default")


def _said(revision: Revision) -> Said:
    return [(change.kind, change.name, change.action) for change in revision.changes.all()]


def _new(write: Callable[[], object]) -> list[Said]:
    """What the revisions say that a write has made, the oldest first."""
    known = set(Revision.objects.values_list("number", flat=True))
    write()
    assert read_revision_number("default") == max(Revision.objects.values_list("number", flat=True))
    return [_said(found) for found in Revision.objects.exclude(number__in=known).order_by("number")]


def _last() -> dict[str, Any]:
    return services.revision_document(Revision.objects.latest("number"))


@pytest.fixture
def stored() -> None:
    """A group that two policies list, one origin that a policy and the group share, and a third policy."""
    services.create_group({"name": "partners", "origins": ["https://partner.example", APP]})
    services.create_policy(policy(allowed_origins=[APP], origin_groups=["partners"]))
    services.create_policy(policy("second", "/second", allowed_origins=[], origin_groups=["partners"]))
    services.create_policy(policy("third", "/third", allowed_origins=["https://third.example"]))


PUBLIC = [("policy", "public-api", "updated")]
SECOND = [("policy", "second", "updated")]
GROUP = [("origin_group", "partners", "updated")]


def _saved(**values: Any) -> None:
    row = Policy.objects.get(name="public-api")
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def _take_back(write: Callable[[], object]) -> None:
    """Writes, and rolls back to where it began."""
    with transaction.atomic():
        write()
        transaction.set_rollback(True)


def _move_entry(*, by_update: bool) -> None:
    entry, third = PolicyOrigin.objects.get(policy__name="public-api"), Policy.objects.get(name="third")
    if by_update:
        PolicyOrigin.objects.filter(pk=entry.pk).update(policy=third)
    else:
        entry.policy = third
        entry.save()


def _bulk_moved() -> None:
    entry = PolicyOrigin.objects.get(policy__name="public-api")
    entry.policy = Policy.objects.get(name="third")
    PolicyOrigin.objects.bulk_update([entry], ["policy"])


WAYS: list[object] = [
    pytest.param(lambda: _saved(mode="off"), PUBLIC, id="save"),
    pytest.param(lambda: Policy.objects.create(name="new", path="/new"), [("policy", "new", "created")],
                 id="create"),
    pytest.param(lambda: Policy.objects.bulk_create([Policy(name=name, path="/n") for name in ("n1", "n2")]),
                 [("policy", "n1", "created"), ("policy", "n2", "created")], id="bulk-create"),
    pytest.param(lambda: Policy.objects.filter(name__in=["public-api", "second"]).update(mode="off"),
                 [*PUBLIC, *SECOND], id="queryset-update"),
    pytest.param(lambda: Policy.objects.get(name="third").delete(), [("policy", "third", "deleted")],
                 id="delete"),
    pytest.param(lambda: Policy.objects.filter(name__in=["second", "third"]).delete(),
                 [("policy", "second", "deleted"), ("policy", "third", "deleted")], id="queryset-delete"),
    pytest.param(lambda: Policy.objects.get(name="third").allowed_origins.clear(),  # noqa: PLW0108
                 [("policy", "third", "updated")], id="m2m-clear"),
    pytest.param(lambda: Policy.objects.get(name="third").allowed_origins.add(Origin.objects.earliest("pk")),
                 [("policy", "third", "updated")], id="m2m-add"),
    pytest.param(lambda: Origin.objects.get(pattern=APP).delete(), [*PUBLIC, *GROUP], id="origin-delete"),
    pytest.param(lambda: Origin.objects.filter(pattern=APP).update(pattern=OTHER), [*PUBLIC, *GROUP],
                 id="origin-update"),
    pytest.param(lambda: OriginGroup.objects.get().delete(),
                 [*PUBLIC, *SECOND, ("origin_group", "partners", "deleted")], id="group-delete"),
    pytest.param(lambda: OriginGroup.objects.update(name="friends"),
                 [*PUBLIC, *SECOND, ("origin_group", "friends", "updated")], id="group-rename"),
    pytest.param(lambda: OriginGroup.objects.create(name="new"), [("origin_group", "new", "created")],
                 id="group-create"),
    pytest.param(lambda: OriginGroupOrigin.objects.filter(origin__pattern=APP).delete(), GROUP,
                 id="group-entry"),
    pytest.param(lambda: PolicyOriginGroup.objects.filter(policy__name="second").delete(), SECOND,
                 id="group-of-a-policy"),
    pytest.param(lambda: _move_entry(by_update=True), [*PUBLIC, ("policy", "third", "updated")],
                 id="entry-moved-by-update"),
    pytest.param(lambda: _move_entry(by_update=False), [*PUBLIC, ("policy", "third", "updated")],
                 id="entry-moved-by-save"),
    pytest.param(_bulk_moved, [*PUBLIC, ("policy", "third", "updated")], id="entry-moved-by-bulk-update"),
    pytest.param(lambda: Policy.objects.update_or_create(name="third", defaults={"mode": "off"}),
                 [("policy", "third", "updated")], id="update-or-create"),
]  # fmt: skip


@pytest.mark.usefixtures("stored")
class TestWaysIn:
    """One revision for each committed change, with what it was before and what it is since."""

    @pytest.mark.django_db
    @pytest.mark.parametrize(("write", "said"), WAYS)
    def test_inside_a_test_s_transaction(self, write: Callable[[], object], said: Said) -> None:
        assert _new(write) == [said]

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize(("write", "said"), WAYS)
    def test_committed(self, write: Callable[[], object], said: Said) -> None:
        before = _stored_set()

        assert _new(write) == [said]

        assert (_last()["via"], _last()["actor"]) == ("orm", None)
        services.restore(Revision.objects.order_by("-number")[1])
        assert _stored_set() == before


@pytest.mark.usefixtures("stored")
class TestOneTransaction:
    """However many rows it touched, a transaction makes one revision, of what it came to."""

    @pytest.mark.django_db(transaction=True)
    def test_of_several_writes_is_one(self) -> None:
        def write() -> None:
            with transaction.atomic():
                _saved(mode="off")
                services.create_policy(policy("new", "/new", allowed_origins=[APP]))
                Origin.objects.filter(pattern=APP).update(pattern=OTHER)
                _saved(mode="live")

        assert _new(write) == [[("policy", "new", "created"), *PUBLIC, *GROUP]]
        (change,) = [change for change in _last()["changes"] if change["name"] == "public-api"]
        assert (change["before"]["allowed_origins"], change["after"]["allowed_origins"]) == ([APP], [OTHER])
        assert change["before"]["mode"] == change["after"]["mode"] == "live"

    @pytest.mark.django_db
    def test_the_same_inside_a_test_s_transaction(self) -> None:
        def write() -> None:
            with transaction.atomic():
                _saved(mode="off")
                _saved(priority=3)
            _saved(priority=4)

        assert _new(write) == [PUBLIC, PUBLIC]

    @pytest.mark.django_db(transaction=True)
    def test_that_comes_to_nothing_is_none(self) -> None:
        def write() -> None:
            with transaction.atomic():
                _saved(mode="off")
                _saved(mode="live")
                services.delete_policy(services.create_policy(policy("new", "/new")))

        assert _new(write) == []

    @pytest.mark.django_db(transaction=True)
    def test_deleted_and_made_anew_is_changed(self) -> None:
        def write() -> None:
            with transaction.atomic():
                Policy.objects.get(name="third").delete()
                services.create_policy(policy("third", "/elsewhere"))

        assert _new(write) == [[("policy", "third", "updated")]]

    @pytest.mark.django_db(transaction=True)
    def test_what_a_savepoint_takes_back_is_no_part_of_it(self) -> None:
        def write() -> None:
            with transaction.atomic():
                _take_back(lambda: Policy.objects.get(name="third").delete())
                _saved(mode="off")
                _take_back(lambda: Policy.objects.get(name="second").delete())

        assert _new(write) == [PUBLIC]

    @pytest.mark.django_db(transaction=True)
    def test_that_is_rolled_back_makes_none_and_leaves_no_gap(self) -> None:
        number = read_revision_number("default")
        _take_back(lambda: _saved(mode="off"))

        assert _new(lambda: _saved(mode="off")) == [PUBLIC]
        assert read_revision_number("default") == number + 1

    @pytest.mark.django_db(transaction=True)
    def test_second_call_of_one_decorated_function_is_another(self) -> None:
        @transaction.atomic
        def write(mode: str) -> None:
            _saved(mode=mode)

        def twice() -> None:
            write("off")
            write("live")

        assert _new(twice) == [PUBLIC, PUBLIC]


@pytest.mark.django_db
@pytest.mark.usefixtures("stored")
class TestNothing:
    """What changes no document makes no revision."""

    @pytest.mark.parametrize(
        "write",
        [
            lambda: _saved(),  # noqa: PLW0108 - a write of what is stored
            lambda: services.update_policy(Policy.objects.get(name="third"), policy("third", "/third/",
                                           allowed_origins=["HTTPS://third.example:443"])),
            lambda: services.update_origin(Origin.objects.get(pattern=APP), {"description": "Whose"}),
            lambda: services.create_origin({"pattern": "https://unused.example"}),
            lambda: services.apply_document(_stored_set(), replace=True),
            lambda: services.apply_document({"policies": []}, replace=True, dry_run=True),
            lambda: _take_back(lambda: services.create_policy(policy("new"))),
            lambda: services.touch(),  # noqa: PLW0108
        ],
        ids=["save", "update", "description", "unused-origin", "same-set", "dry-run", "rehearsal", "touch"],
    )  # fmt: skip
    def test_makes_no_revision(self, write: Callable[[], object]) -> None:
        assert _new(write) == []

    def test_nor_does_what_is_refused(self) -> None:
        def write() -> None:
            with pytest.raises(InvalidPolicyError):
                services.apply_document({"policies": [policy("new"), policy("", "x")]}, replace=True)

        assert _new(write) == []


@pytest.mark.django_db(transaction=True)
class TestFixtures:
    """What ``loaddata`` brings is a revision too, after the ones that it brings along."""

    def test_into_the_same_database(self, tmp_path: Any, stored: None) -> None:
        fixture, before = f"{tmp_path}/set.json", _stored_set()
        call_command("dumpdata", "cors_policies", output=fixture, verbosity=0)
        Policy.objects.all().delete()

        assert _new(lambda: call_command("loaddata", fixture, verbosity=0)) == [
            [("policy", name, "created") for name in ("public-api", "second", "third")]
        ]
        assert _stored_set() == before

    def test_into_an_empty_one(self, tmp_path: Any, stored: None) -> None:
        fixture, before, count = f"{tmp_path}/set.json", _stored_set(), Revision.objects.count()
        call_command("dumpdata", "cors_policies", output=fixture, verbosity=0)
        call_command("flush", interactive=False, verbosity=0)

        call_command("loaddata", fixture, verbosity=0)

        assert _stored_set() == before
        assert Revision.objects.count() == count + 1
        services.apply_document({"policies": []}, replace=True)
        services.restore(Revision.objects.get(number=count + 1))
        assert _stored_set() == before


@pytest.mark.django_db
class TestAuthorship:
    """A revision says who made it, by which way in, and why; also when the user is gone."""

    def test_is_what_the_way_in_says(self) -> None:
        with services.acting("api", "ada", "Partner X"):
            services.create_policy(policy())
        User.objects.all().delete()

        said = _last()

        assert (said["actor"], said["via"], said["comment"]) == ("ada", "api", "Partner X")
        assert said["created_at"].endswith("Z")

    def test_ends_with_the_block(self) -> None:
        with pytest.raises(ZeroDivisionError), services.acting("api", "ada"):
            raise ZeroDivisionError
        services.create_policy(policy())

        assert (_last()["actor"], _last()["via"]) == (None, "orm")

    def test_revision_never_changes(self) -> None:
        services.create_policy(policy())
        revision = Revision.objects.get()
        revision.comment = "other"

        with pytest.raises(TypeError):
            revision.save()


@pytest.mark.django_db(transaction=True)
class TestSignal:
    """``policy_set_changed`` is sent once a revision has been committed, and not for one that was not."""

    @pytest.fixture
    def told(self) -> Iterator[list[int]]:
        """The numbers that were told."""
        found: list[int] = []

        def receive(*, revision: Revision, **_kwargs: object) -> None:
            found.append(revision.number)

        policy_set_changed.connect(receive)
        yield found
        policy_set_changed.disconnect(receive)

    def test_is_sent_after_the_commit(self, told: list[int]) -> None:
        with transaction.atomic():
            services.create_policy(policy())
            services.create_policy(policy("other", "/other"))
            assert told == []

        assert told == [Revision.objects.get().number]

    def test_is_not_sent_for_what_is_rolled_back(self, told: list[int]) -> None:
        _take_back(lambda: services.create_policy(policy()))

        assert told == []

    def test_receiver_that_fails_is_logged_and_stops_nobody(
        self, told: list[int], caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(**_kwargs: object) -> None:
            raise ZeroDivisionError

        policy_set_changed.connect(fail)
        try:
            services.create_policy(policy())
        finally:
            policy_set_changed.disconnect(fail)

        assert len(told) == 1
        assert "policy_set_changed" in caplog.text


@pytest.mark.django_db
class TestRestore:
    """Restore makes the set equal to that revision's, past deletions, renames and pruned revisions."""

    @pytest.fixture
    def sets(self, stored: None) -> dict[int, Document]:
        """The set at each revision, of a history with everything in it."""
        found: dict[int, Document] = {}

        def note() -> None:
            found[read_revision_number("default")] = _stored_set()

        def update(stored_name: str, **keys: Any) -> None:
            services.update_policy(Policy.objects.get(name=stored_name), keys, partial=True)
            note()

        note()
        update("third", name="renamed")
        update("second", name="third")
        update("renamed", name="second")
        services.update_group(OriginGroup.objects.get(), {"name": "friends"}, partial=True)
        note()
        services.delete_group(OriginGroup.objects.get())
        note()
        services.update_origin(Origin.objects.get(pattern=APP), {"pattern": OTHER})
        note()
        services.delete_origin(Origin.objects.get(pattern=OTHER))
        note()
        with transaction.atomic():
            update("second", name="swap")
            update("third", name="second")
            update("swap", name="third")
        note()
        services.apply_document({"policies": []}, replace=True)
        note()
        return found

    def test_of_every_revision(self, sets: dict[int, Document]) -> None:
        for number, document in sets.items():
            services.restore(Revision.objects.get(number=number))

            assert _stored_set() == document, number

    def test_is_a_revision_itself(self, sets: dict[int, Document]) -> None:
        number = min(sets)
        with services.acting("api", "ada"):
            report = services.restore(Revision.objects.get(number=number))

        assert [change.name for change in report.changes] == ["public-api", "second", "third", "partners"]
        assert (_last()["number"], _last()["actor"]) == (max(sets) + 1, "ada")

    def test_dry_run_changes_nothing(self, sets: dict[int, Document]) -> None:
        before = _stored_set(), Revision.objects.count()
        report = services.restore(Revision.objects.get(number=min(sets)), dry_run=True)

        assert len(report.changes) == 4
        assert (_stored_set(), Revision.objects.count()) == before

    def test_preview_is_a_dry_run_with_the_number_of_the_set(self, sets: dict[int, Document]) -> None:
        before = _stored_set(), Revision.objects.count()
        for number in sets:
            revision = Revision.objects.get(number=number)

            preview = services.preview_restore(revision)

            assert preview.number == max(sets)
            assert preview.report == services.restore(revision, dry_run=True)
        assert (_stored_set(), Revision.objects.count()) == before

    @pytest.mark.parametrize("keep", [1, 2, 5])
    def test_is_right_for_what_is_kept(self, sets: dict[int, Document], keep: int) -> None:
        count = Revision.objects.count()

        assert services.prune_revisions(keep) == count - keep

        assert list(Revision.objects.values_list("number", flat=True)) == [
            *range(max(sets), max(sets) - keep, -1)
        ]
        for number in Revision.objects.values_list("number", flat=True):
            services.restore(Revision.objects.get(number=number))
            assert _stored_set() == sets[number]

    def test_of_what_would_be_refused_today_stores_nothing(self, stored: None) -> None:
        services.create_policy(policy("last", "/last"))
        revision = Revision.objects.latest("number")
        change = revision.changes.get()
        services.delete_policy(Policy.objects.get(name="last"))
        spoilt = json.loads(change.after or "") | {"path": "no-slash"}
        Revision.objects.get(number=revision.number + 1).changes.update(before=json.dumps(spoilt))
        before = _stored_set()

        with pytest.raises(InvalidPolicyError):
            services.restore(revision)

        assert _stored_set() == before

    @pytest.mark.parametrize("keep", [0, -1])
    def test_at_least_one_is_kept(self, keep: int) -> None:
        with pytest.raises(InvalidPolicyError) as caught:
            services.prune_revisions(keep)

        assert [(problem.code, problem.attr) for problem in caught.value.problems] == [("invalid", "keep")]

    def test_nothing_to_prune(self) -> None:
        assert services.prune_revisions(3) == 0
