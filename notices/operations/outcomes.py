"""Tells listeners what became of deliveries, and when each channel was last looked after."""

from collections import Counter
from collections.abc import Callable, Collection

Ended = Callable[[str, str, int], None]
"""Called with a channel, an outcome or "retry", and how many."""
Looked = Callable[[Collection[str]], None]
"""Called with the channels that a batch has looked at."""

_on_ended: list[Ended] = []
_on_looked: list[Looked] = []


def on_ended(listener: Ended) -> None:
    """Registers `listener`, which is called after deliveries ended, or an attempt failed."""
    if listener not in _on_ended:
        _on_ended.append(listener)


def on_looked(listener: Looked) -> None:
    """Registers `listener`, which is called after each batch, also one that found nothing due."""
    if listener not in _on_looked:
        _on_looked.append(listener)


def tell(counts: Counter[tuple[str, str]]) -> None:
    """Tells how many ended how, by channel and outcome."""
    for (channel, outcome), number in counts.items():
        for listener in _on_ended:
            listener(channel, outcome, number)


def tell_looked(channels: Collection[str]) -> None:
    """Tells that a batch of these channels is through."""
    for listener in _on_looked:
        listener(channels)
