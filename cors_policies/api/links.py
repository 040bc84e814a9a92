"""Which calls can be made next with what an answer shows?

For the OpenAPI description: programs that read it then know that the ``name`` of a new policy is the one in
``policies/{name}/``, and its ``ETag`` the one for ``If-Match``.

Before you edit: links are found by the addresses, so that a new one below a collection has them by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_MEMBER = re.compile(r"(?P<collection>/[^{]*/)\{(?P<key>\w+)\}/.*")
_SOURCES = (("post", "201", ""), ("get", "200", "/results/0"))
"""The answers of a collection that show members: the new one, or the first of a page."""


def with_links(description: dict[str, Any]) -> dict[str, Any]:
    """The description, in which collections link to the calls of their members."""
    paths = description["paths"]
    for address, operations in paths.items():
        member = _MEMBER.fullmatch(address)
        if member is not None and member["collection"] in paths:
            _link(paths[member["collection"]], member["key"], list(_described(operations)))
    return description


def _link(collection: dict[str, Any], key: str, targets: list[dict[str, Any]]) -> None:
    for method, status, place in _SOURCES:
        response = collection.get(method, {}).get("responses", {}).get(status)
        if response is not None:
            links = response.setdefault("links", {})
            has_tag = "ETag" in response.get("headers", {})
            for target in targets:
                parameters = {key: f"$response.body#{place}/{key}"}
                if has_tag and _takes_tag(target):
                    parameters["If-Match"] = "$response.header.ETag"
                links[target["operationId"]] = {
                    "operationId": target["operationId"],
                    "parameters": parameters,
                }


def _described(operations: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for operation in operations.values() if "operationId" in operation)


def _takes_tag(operation: dict[str, Any]) -> bool:
    return any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ()))
