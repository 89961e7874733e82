"""Hypothesis profiles: `ci` is the same in every run, `thorough` looks for hours, `round-trips` tries 100,000 customers, `fuzz`
reads whatever people may write for ten minutes and more; HYPOTHESIS_PROFILE chooses.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

__all__ = ["crowds", "share", "stateful"]

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile(
    "ci", max_examples=70, derandomize=True, database=None, deadline=None, suppress_health_check=_SLOW
)
settings.register_profile("thorough", max_examples=1_000, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("round-trips", settings.get_profile("thorough"))
settings.register_profile("fuzz", settings.get_profile("thorough"), max_examples=1_500)
_CHOSEN = os.environ.get("HYPOTHESIS_PROFILE", "ci")
settings.load_profile(_CHOSEN)


def stateful(examples: int, steps: int) -> settings:
    """The chosen profile for a state machine, whose examples take seconds; a thorough one has 20 times as many."""
    more = 1 if _CHOSEN == "ci" else 20
    return settings(max_examples=examples * more, stateful_step_count=steps * (1 if more == 1 else 2))


def crowds(size: int) -> settings:
    """The chosen profile for examples that are many customers at once, which cost no more than one. The assertion names the one
    that is wrong; to make the others smaller would take minutes.
    """
    examples = {"ci": 8, "thorough": 1_000, "fuzz": 1_000, "round-trips": 100_000 // size}
    return settings(max_examples=examples[_CHOSEN], phases=(Phase.explicit, Phase.reuse, Phase.generate))


def share(of_the_examples: float, *, smallest: bool = True) -> settings:
    """The chosen profile with a part of its examples, for what takes longer than the rest.

    Args:
        smallest: look for the smallest example that fails, which takes as long as some hundred others.
    """
    chosen = settings.get_profile(_CHOSEN)
    phases = chosen.phases if smallest else (Phase.explicit, Phase.reuse, Phase.generate)
    return settings(chosen, max_examples=max(1, int(chosen.max_examples * of_the_examples)), phases=phases)
