"""Which pages does the admin of policies have, and how does one get to each?

Before you edit: the table is complete, and is used twice: the browser tests hold every page of it to the same
rules, and the documentation's pictures are made from it. A page that is added to the admin is added here. The
database is that of ``project.admin_content``, and opening a page changes nothing that another is about.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from playwright.sync_api import Page

from project.admin_content import EDITOR, PASSWORD, READER

_numbers = itertools.count(1)


@dataclass
class Admin:
    """The admin of a running site in a browser's page. ``site`` is its address, without a last slash."""

    page: Page
    site: str
    _links: dict[str, str] = field(default_factory=dict)

    def sign_in(self, user: str) -> None:
        """As this user, to the list of policies."""
        self.open("policy/")
        self.page.get_by_label("Username").fill(user)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Log in")

    def open(self, address: str) -> None:
        """A page, by its address below those of the app."""
        self.page.goto(f"{self.site}/admin/cors_policies/{address}")

    def row(self, name: str, kind: str = "policy", view: str = "change") -> None:
        """A page of a row, by the row's name."""
        if name not in self._links:
            self.open(f"{kind}/?q={name}")
            link = self.page.locator("#result_list th a").filter(has_text=name).first
            self._links[name] = (link.get_attribute("href") or "").split("/")[-3]
        self.open(f"{kind}/{self._links[name]}/{view}/")

    def press(self, button: str | re.Pattern[str]) -> None:
        """Sends a form, and waits for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).click()

    def save(self) -> None:
        """Presses the form's button."""
        self.press("Save")

    def write(self, **values: str) -> None:
        """Fills in fields, by the names that they are sent with."""
        for name, value in values.items():
            self.page.locator(f"[name={name}]").fill(value)


class AdminPage(NamedTuple):
    """A page: its name, how to get there, and who does."""

    name: str
    reach: Callable[[Admin], None]
    user: str = EDITOR


def _at(address: str) -> Callable[[Admin], None]:
    return lambda admin: admin.open(address)


def _row(name: str, kind: str = "policy", view: str = "change") -> Callable[[Admin], None]:
    return lambda admin: admin.row(name, kind, view)


def _policy_with_errors(admin: Admin) -> None:
    admin.open("policy/add/")
    admin.write(name="two words", path="api/**", allowed_origins="https://app.example/\nhtps://app.example")
    admin.save()


def _group_with_errors(admin: Admin) -> None:
    admin.open("origingroup/add/")
    admin.write(name="two words", origins="app.example\nhttps://*.example.com/x")
    admin.save()


def _origin_with_errors(admin: Admin) -> None:
    admin.open("origin/add/")
    admin.write(pattern="app.example")
    admin.save()


def _question_before_saving(admin: Admin) -> None:
    admin.row("orders")
    admin.write(allowed_origins="https://other.example")
    admin.save()


def _question_before_an_action(admin: Admin) -> None:
    admin.open("policy/?q=orders")
    admin.page.locator("tr", has=admin.page.get_by_role("link", name="orders", exact=True)).locator(
        "[name=_selected_action]"
    ).check()
    admin.page.locator("select[name=action]").select_option("switch_off")
    admin.press(re.compile("^(Go|Run)$"))  # before Django 6.1, and since


def change_meanwhile(name: str, kind: str, **values: str) -> Callable[[Admin], None]:
    """To a form that was sent, although what it shows was changed in another window since it was opened."""

    def reach(admin: Admin) -> None:
        admin.row(name, kind)
        colleague = Admin(admin.page.context.new_page(), admin.site)
        colleague.page.goto(admin.page.url)
        colleague.write(description=f"Changed by a colleague, number {next(_numbers)}.")
        colleague.save()
        colleague.page.get_by_text("was changed successfully").wait_for()
        colleague.page.close()
        admin.write(**values)
        admin.save()
        admin.page.get_by_text("Somebody else has changed this since you opened it").wait_for()

    return reach


def _result(admin: Admin) -> None:
    admin.open("policy/try/?origin=https://app.example&method=PUT&path=/api/orders/1")


def _try_changes(admin: Admin) -> None:
    admin.row("orders")
    admin.write(max_age="60")
    admin.press("Try it with these changes")


def _promotion(admin: Admin) -> None:
    admin.open("policy/trial/")
    admin.press("Make orders-next live…")


PAGES: Final[tuple[AdminPage, ...]] = (
    AdminPage("policies", _at("policy/")),
    AdminPage("policy-add", _at("policy/add/")),
    AdminPage("policy-change", _row("orders")),
    AdminPage("policy-errors", _policy_with_errors),
    AdminPage("policy-delete", _row("orders", view="delete")),
    AdminPage("policy-history", _row("orders", view="history")),
    AdminPage("before-you-save", _question_before_saving),
    AdminPage("before-an-action", _question_before_an_action),
    AdminPage("two-editors", change_meanwhile("public", "policy", max_age="60")),
    AdminPage("groups", _at("origingroup/")),
    AdminPage("group-add", _at("origingroup/add/")),
    AdminPage("group-change", _row("front-ends", "origingroup")),
    AdminPage("group-errors", _group_with_errors),
    AdminPage("group-delete", _row("front-ends", "origingroup", "delete")),
    AdminPage("group-history", _row("front-ends", "origingroup", "history")),
    AdminPage("origins", _at("origin/")),
    AdminPage("origin-add", _at("origin/add/")),
    AdminPage("origin-change", _row("https://shop.example", "origin")),
    AdminPage("origin-errors", _origin_with_errors),
    AdminPage("origin-delete", _row("https://shop.example", "origin", "delete")),
    AdminPage("origin-history", _row("https://shop.example", "origin", "history")),
    AdminPage("revisions", _at("revision/")),
    AdminPage("revision", _at("revision/2/change/")),
    AdminPage("restore", _at("revision/1/restore/")),
    AdminPage("try-it", _at("policy/try/")),
    AdminPage("try-it-result", _result),
    AdminPage("try-it-errors", _at("policy/try/?origin=https://app.example&method=GET&path=orders")),
    AdminPage("try-it-changes", _try_changes),
    AdminPage("blocked-origins", _at("policy/blocked/")),
    AdminPage("trial-report", _at("policy/trial/")),
    AdminPage("trial-promotion", _promotion),
    AdminPage("policy-map", _at("policy/map/")),
    AdminPage("policies-view-only", _at("policy/"), READER),
    AdminPage("policy-view-only", _row("orders"), READER),
    AdminPage("group-view-only", _row("front-ends", "origingroup"), READER),
    AdminPage("origin-view-only", _row("https://shop.example", "origin"), READER),
    AdminPage("revision-view-only", _at("revision/2/change/"), READER),
    AdminPage("blocked-origins-view-only", _at("policy/blocked/"), READER),
    AdminPage("trial-report-view-only", _at("policy/trial/"), READER),
)
