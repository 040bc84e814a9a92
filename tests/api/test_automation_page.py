"""Do the examples of docs/automation.md do what the page says, as they stand there?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer

from cors_policies import documents, services
from cors_policies.models import OriginGroup, Revision
from cors_policies.signals import policy_set_changed
from tests.factories import UserFactory
from tests.helpers import policy

pytestmark = pytest.mark.slow

PAGE: Final = (Path(__file__).parents[2] / "docs" / "automation.md").read_text("utf-8")
SCRIPTS: Final = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PROGRAM, RECEIVER = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PERMISSIONS: Final = tuple(
    f"{code}_{model}"
    for code in ("view", "add", "change", "delete")
    for model in ("policy", "origingroup", "origin")
)
APP: Final = "https://app.example"


class Pipeline:
    """A folder, and an account at the running site."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self._environment = {
            **os.environ,
            "CORS_API": f"{address}/api/cors",
            "CORS_LOGIN": "pipeline:secret",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def shell(self, script: str, statuses: Collection[int] = (0,)) -> str:
        """What a script of the page prints."""
        return self._run(["bash", "-e", "-c", script], statuses)

    def program(self, statuses: Collection[int] = (0, 1)) -> str:
        """What the program of the page prints."""
        return self._run([sys.executable, "-c", PROGRAM], statuses)

    def _run(self, command: list[str], statuses: Collection[int]) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode in statuses, done.stderr
        return done.stdout

    def write(self, *policies: dict[str, Any]) -> None:
        """The file that was reviewed."""
        groups = [{"name": "customers", "origins": ["https://first.example"]}]
        document = {"origin_groups": groups, "policies": policies}
        (self.folder / "policies.json").write_text(json.dumps(document), "utf-8")


@pytest.fixture
def pipeline(live_server: LiveServer, tmp_path: Path) -> Pipeline:
    """A site with a group of customers, and the account of the page."""
    user: User = UserFactory.create(username="pipeline", permissions=PERMISSIONS)
    user.set_password("secret")
    user.save()
    services.create_group({"name": "customers", "origins": ["https://first.example"]})
    return Pipeline(tmp_path, live_server.url)


def _script(words: str) -> str:
    (found,) = (str(script) for script in SCRIPTS if words in script)
    return found


_DELETE: Final = 'curl -sS --fail-with-body -u "$CORS_LOGIN" -X DELETE'
ADD, _rest = _script('{"patterns"').split(_DELETE)
REMOVE: Final = f"{_DELETE}{_rest}"


@pytest.mark.django_db(transaction=True)
class TestPage:
    """Every example is run, in the order of the page."""

    def test_set_in_version_control(self, pipeline: Pipeline) -> None:
        pipeline.shell(_script("> policies.json\n"))
        assert json.loads((pipeline.folder / "policies.json").read_text())["policies"] == []

        orders = policy("orders", "/api/**", allowed_origins=[APP], allowed_methods=["GET", "PUT"])
        pipeline.write(orders | {"allow_credentials": True})
        report = json.loads(pipeline.shell(_script("dry_run=true")))
        assert (report["revision"], report["created"]) == (1, ["orders"])
        pipeline.shell(_script("/evaluate/"))
        evaluation = json.loads((pipeline.folder / "answer.json").read_text("utf-8"))
        assert (evaluation["outcome"], evaluation["policy"]) == ("allowed", "orders")
        assert Revision.objects.count() == 1

        apply, restore = _script("If-Match: ${tag"), _script("/restore/")
        taken_back = json.loads(pipeline.shell(f"{apply}{restore}"))
        report = json.loads((pipeline.folder / "applied.json").read_text("utf-8"))
        assert (report["revision"], report["created"]) == (2, ["orders"])
        assert Revision.objects.get(number=2).comment == "Release 7"
        assert (taken_back["revision"], taken_back["deleted"]) == (3, ["orders"])
        assert documents.policy_set_document("default")["policies"] == []

    @pytest.mark.parametrize("words", ["dry_run=true", "If-Match: ${tag", "/evaluate/"])
    def test_refusal_fails_the_step_and_says_why(self, pipeline: Pipeline, words: str) -> None:
        pipeline.write(policy("orders", "api"))

        output = pipeline.shell(_script(words), statuses={1, 22})

        assert '"invalid-path"' in output

    def test_call_that_would_be_denied_fails_the_step(self, pipeline: Pipeline) -> None:
        pipeline.write(policy("orders", allowed_origins=[]))

        told = pipeline.shell(_script("/evaluate/"), statuses={1})

        assert told.startswith("denied\nThe browser asks first with a preflight")

    def test_what_has_changed_since_is_not_taken_back(self, pipeline: Pipeline) -> None:
        pipeline.write(policy("orders"))

        told = pipeline.shell(f"{_script('If-Match: ${tag')}{ADD}{_script('/restore/')}", statuses={22})

        assert '"precondition_failed"' in told
        assert [found["name"] for found in documents.policy_set_document("default")["policies"]] == ["orders"]

    def test_without_a_tag_nothing_is_written(self, pipeline: Pipeline) -> None:
        pipeline.write(policy("orders"))
        User.objects.get().user_permissions.clear()

        pipeline.shell(_script("If-Match: ${tag"), statuses={1, 127})

        assert documents.policy_set_document("default")["policies"] == []

    def test_group_is_made(self, pipeline: Pipeline) -> None:
        services.delete_group(OriginGroup.objects.get())

        assert json.loads(pipeline.shell(_script('{"name": "customers"}')))["origins"] == []

    def test_origin_that_is_listed_nowhere(self, pipeline: Pipeline) -> None:
        assert pipeline.shell(_script("$CORS_API/origins/$"), statuses={1, 127}) == ""

    def test_origins_that_a_program_adds_stay(self, pipeline: Pipeline) -> None:
        pipeline.write(policy("orders", origin_groups=["customers"]))
        pipeline.shell(ADD)
        before = documents.policy_set_document("default")["origin_groups"]
        pipeline.shell(_script("live.json"))

        pipeline.shell(_script("If-Match: ${tag").replace("policies.json", "wanted.json"))

        after = documents.policy_set_document("default")
        assert (len(before[0]["origins"]), after["origin_groups"]) == (2, before)
        assert [found["name"] for found in after["policies"]] == ["orders"]

    def test_program(self, pipeline: Pipeline) -> None:
        pipeline.write(policy("orders", "api"))
        assert pipeline.program().startswith("policies.0.path: invalid-path: ")

        pipeline.write(policy("orders"))
        assert pipeline.program() == "Revision 2 is in force.\n"

        services.create_group({"name": "spare"})
        pipeline.write()
        assert pipeline.program() == (
            "This deletes the policy orders\nThis deletes the origin group spare\nRevision 4 is in force.\n"
        )

    def test_program_that_is_refused_says_why(self, pipeline: Pipeline) -> None:
        pipeline.write(policy("orders"))
        User.objects.get().user_permissions.clear()

        assert pipeline.program(statuses={1}).startswith("policy-set/: permission_denied: ")
        assert documents.policy_set_document("default")["policies"] == []

    def test_origin_of_a_customer(self, pipeline: Pipeline) -> None:
        pipeline.shell(ADD)
        pipeline.shell(ADD)
        assert documents.policy_set_document("default")["origin_groups"][0]["origins"] == [
            "https://first.example",
            "https://shop.customer.example",
        ]
        assert Revision.objects.get(number=2).comment == "Customer 42"

        pipeline.shell(REMOVE)
        assert documents.policy_set_document("default")["origin_groups"][0]["origins"] == [
            "https://first.example"
        ]

    def test_origin_is_revoked_everywhere(self, pipeline: Pipeline) -> None:
        services.create_policy(policy(allowed_origins=["https://shop.customer.example"]))

        pipeline.shell(_script("$CORS_API/origins/$"))

        assert documents.policy_set_document("default")["policies"][0]["allowed_origins"] == []

    def test_receiver(self, capsys: pytest.CaptureFixture[str]) -> None:
        names: dict[str, Any] = {}
        exec(compile(RECEIVER, "docs/automation.md", "exec"), names)  # noqa: S102 - the page's own example
        try:
            services.create_policy(policy())
        finally:
            policy_set_changed.disconnect(names["purge_the_cdn"])

        assert capsys.readouterr().out == "Revision 1 by orm: public-api\n"


def test_no_script_is_left_out() -> None:
    """The first one sets the variables, which the tests do."""
    assert len(SCRIPTS) == 10
