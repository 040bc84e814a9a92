"""What does the page of blocked origins show of a refusal: why, what could be done, and when?

Before you edit:

* Nothing is judged here. The texts say what the engine's reasons mean.
* An origin is a stranger's text. Only a serialized origin is filled in: ``*`` or ``~.*`` would be a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.http import urlencode
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cors_policies.admin.asking import example_call
from cors_policies.admin.fields import shortened
from cors_policies.admin.prefill import CALL, proposal
from cors_policies.core import engine
from cors_policies.core.origins import NULL_ORIGIN, parse_serialized_origin
from cors_policies.core.remedies import Remedy
from cors_policies.core.timestamps import parse_timestamp
from cors_policies.core.vocabulary import ANY, is_token

BAR: Final = 6
GAP: Final = 2
HEIGHT: Final = 24
"""Of a chart, in pixels: a day, what is between two, and the highest."""
REASONS: Final[Mapping[str, Any]] = {
    engine.ORIGIN_NOT_ALLOWED: gettext_lazy("origin not allowed"),
    engine.METHOD_NOT_ALLOWED: gettext_lazy("method not allowed"),
    engine.HEADER_NOT_ALLOWED: gettext_lazy("request header not allowed"),
    engine.BAD_REQUEST_HEADERS: gettext_lazy("malformed list of request headers"),
}
_REMEDIES: Final[Mapping[str, Any]] = {
    engine.ORIGIN_NOT_ALLOWED: gettext_lazy(
        "No policy of this path allows the origin. If you know whose page it is, add it to one."
    ),
    engine.METHOD_NOT_ALLOWED: gettext_lazy(
        "The policy allows the origin, but not this method. If its pages are meant to use it, add it there."
    ),
    engine.HEADER_NOT_ALLOWED: gettext_lazy(
        "The policy allows the origin and the method, but not some request header. Its name is not recorded; "
        "the browser's console shows it. Add it to the allowed request headers."
    ),
    engine.BAD_REQUEST_HEADERS: gettext_lazy(
        "No browser asks like this. It is a script or a scanner, and there is nothing to allow."
    ),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of a chart: its place and height."""

    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Link:
    """A policy that could be changed."""

    name: str
    address: str
    is_shield: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the page shows of an observation."""

    row: Any
    days: tuple[int, ...]
    links: Sequence[Link]
    more: int
    """How many policies of the path group have no link here."""
    trial: str = ""
    """The address that says why, step by step; empty where there is no such call."""

    @property
    def origin(self) -> str:
        """The origin, cut; empty for what was counted together."""
        return shortened(self.row.origin)

    @property
    def where(self) -> str:
        """Host and path pattern."""
        return shortened(self.row.host + self.row.path)

    @property
    def reason(self) -> str:
        """Why, in a few words."""
        return str(REASONS.get(self.row.reason, _("not recorded")))

    @property
    def is_shielded(self) -> bool:
        """Whether the path's policies let in nobody at all."""
        return bool(self.links) and not self.more and all(link.is_shield for link in self.links)

    @property
    def remedy(self) -> str:
        """What could be done."""
        if self.is_shielded and self.is_filled:
            return _(
                "A shield keeps everybody out of this path, as a rule on purpose. Find out why it is there "
                "before you add the origin: that lets it in to all that the shield covers."
            )
        return _remedy(self.row)

    @property
    def is_filled(self) -> bool:
        """Whether the links fill something in."""
        return bool(filled_in(self.row))

    @property
    def last_seen(self) -> Any:
        """When last, in the editor's time zone."""
        return localtime(parse_timestamp(self.row.last_seen))

    @property
    def width(self) -> int:
        """How wide the chart is."""
        return len(self.days) * (BAR + GAP) - GAP

    @property
    def height(self) -> int:
        """How high it is."""
        return HEIGHT

    @property
    def bar(self) -> int:
        """How wide a day of it is."""
        return BAR

    @property
    def numbers(self) -> str:
        """The counts of the days as text."""
        return ", ".join(map(str, self.days))

    @property
    def bars(self) -> list[Bar]:
        """The same as bars, the highest as high as the chart. A day with none has a line of its own."""
        most = max(self.days) or 1
        heights = [max(1, round(HEIGHT * count / most)) for count in self.days]
        return [Bar(at * (BAR + GAP), HEIGHT - high, high) for at, high in enumerate(heights)]


def filled_in(row: Any) -> str:
    """The query of a form's address that adds what was refused, and goes on with that call.

    ``""`` where that is to be typed by hand.
    """
    if row.reason == engine.ORIGIN_NOT_ALLOWED and parse_serialized_origin(row.origin) is not None:
        remedy = Remedy(policy=None, origins=(row.origin,))
    elif row.reason == engine.METHOD_NOT_ALLOWED and row.method != ANY and is_token(row.method):
        remedy = Remedy(policy=None, methods=(row.method,))
    else:
        return ""
    call = tried(row)
    return urlencode({**dict(proposal(remedy).lists()), **({CALL: [call]} if call else {})}, doseq=True)


def tried(row: Any) -> str:
    """The query of the page "Try it" for a call like this one; ``""`` where no browser makes such a call."""
    if not row.path or not is_token(row.method) or parse_serialized_origin(row.origin) is None:
        return ""
    policy = {"path": row.path, "host": row.host, "allowed_methods": [row.method], "allow_credentials": False}
    return urlencode(example_call({**policy, "allowed_origins": [row.origin], "origin_groups": []}))


def _remedy(row: Any) -> str:
    if not row.origin:
        return _("What came rarely is counted together here: whose requests they were is not known any more.")
    if row.reason != engine.ORIGIN_NOT_ALLOWED or parse_serialized_origin(row.origin) is not None:
        return str(_REMEDIES.get(row.reason, ""))
    if row.origin == NULL_ORIGIN:
        return _(
            "Sandboxed frames and local files send this, and so can anybody. It is not filled in for you; if "
            "you mean it, type null into the policy's origins."
        )
    return _("This is no origin that a browser would send, so there is nothing to allow.")
