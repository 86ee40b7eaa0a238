"""Makes freezegun look only at modules that name a clock: to freeze then takes a millisecond.

By itself it lists and compares the names in two thousand modules, each time that time is stopped.
"""

import sys
from types import ModuleType
from typing import Any

import freezegun.api
import freezegun.config

Found = list[tuple[str, Any]]

_of_module = freezegun.api._get_cached_module_attributes
_known: dict[str, tuple[ModuleType, int, Found]] = {}
"""By name: a module, how many names it had, and those that are clocks and dates."""


class _Loaded:
    """Stands for `sys` in freezegun: of the modules those that name a clock, or that are new."""

    @property
    def modules(self) -> dict[str, ModuleType]:
        # Of two thousand modules, at each freezing and thawing: so without a call for each.
        found = {}
        for name, module in sys.modules.copy().items():
            try:
                known, size, clocks = _known[name]
                if clocks or known is not module or size != len(module.__dict__):
                    found[name] = module
            except (KeyError, AttributeError):
                found[name] = module
        return found


def _once(module: ModuleType) -> Found:
    # The number of a module's names tells as well as the names whether there are new ones.
    seen, size = _known.get(module.__name__), _size(module)
    if seen is None or seen[0] is not module or seen[1] != size:
        seen = _known[module.__name__] = (module, size, _of_module(module))
    return seen[2]


def _size(module: ModuleType) -> int:
    # Not all that is loaded as a module is one.
    return len(getattr(module, "__dict__", ()))


vars(freezegun.api).update(_get_cached_module_attributes=_once, sys=_Loaded())

# Durations are told by a clock that runs.
freezegun.config.configure(extend_ignore_list=["_pytest.timing"])
