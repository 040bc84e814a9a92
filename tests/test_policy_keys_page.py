"""Does docs/policy-keys.md list the keys of a policy, in their order and with their defaults?"""

import json
import re
from typing import Final

from cors_policies.core.policy import GROUP_KEYS, POLICY_KEYS, Policy
from tests.servers import ROOT

PAGE: Final = (ROOT / "docs" / "policy-keys.md").read_text("utf-8")
ROWS: Final = re.findall(r"^\| `(\w+)` \| (?:`([^`]+)`|required) \|", PAGE, re.MULTILINE)


def test_keys_are_those_of_the_document() -> None:
    assert tuple(key for key, _ in ROWS) == POLICY_KEYS


def test_defaults_are_those_of_the_code() -> None:
    document = Policy(name="", path="").to_document()
    shown = {key: json.loads(default) for key, default in ROWS if default}

    assert shown == {key: value for key, value in document.items() if key not in {"name", "path"}}


def test_groups_are_described() -> None:
    assert re.findall(r"A group has `(\w+)`, `(\w+)` and `(\w+)`", PAGE) == [GROUP_KEYS]
