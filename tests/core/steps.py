"""How much work is a call, counted instead of timed?

Before you edit:

* Counted are the calls of functions, built-in ones too. The number is the same on every machine and in every
  run, so that a test can hold it to a bound. It does not tell what a single built-in call costs.
* The garbage collector runs what other tests have left to be finalised, whenever it likes: not meanwhile.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable


def count_calls(function: Callable[[], object]) -> int:
    """How many functions run while ``function`` does, itself included."""
    events: list[str] = []
    before = sys.getprofile()
    collects = gc.isenabled()
    gc.disable()
    sys.setprofile(lambda _frame, event, _argument: events.append(event))
    try:
        function()
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
    return events.count("call") + events.count("c_call") - 1  # without the last setprofile
