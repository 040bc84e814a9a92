"""Does docs/policy-keys.md list the keys of a policy, in their order and with their defaults?"""

import json
import re
from dataclasses import MISSING, fields
from typing import Final

from cors_policies.core.policy import GROUP_KEYS, POLICY_KEYS, Policy
from tests.servers import ROOT

PAGE: Final = (ROOT / "docs" / "policy-keys.md").read_text("utf-8")
ROWS: Final = re.findall(r"^\| `(\w+)` \| (?:`([^`]+)`|required) \|", PAGE, re.MULTILINE)


def test_keys_are_those_of_the_document() -> None:
    assert tuple(key for key, _ in ROWS) == POLICY_KEYS


def test_defaults_are_those_of_the_code() -> None:
    defaults = {field.name: field.default for field in fields(Policy) if field.default is not MISSING}

    shown = {key: json.loads(default) for key, default in ROWS if default}

    assert shown == json.loads(json.dumps(defaults))


def test_groups_are_described() -> None:
    assert re.findall(r"A group has `(\w+)`, `(\w+)` and `(\w+)`", PAGE) == [GROUP_KEYS]
