"""NBT601: randomness without a seed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbtrail.policy.catalogue import Level, Problem, Rule
from nbtrail.policy.code import random_calls
from nbtrail.policy.code.random_calls import FAMILIES, NUMPY
from nbtrail.policy.code.reading import Call, Reading
from nbtrail.policy.code.trees import literal, resolve

UNSEEDED = "NBT601"
RULES = (
    Rule(UNSEEDED, "unseeded-randomness", "Random numbers are drawn without a seed", Level.WARN),
)

#: A function of a library or of the author's own that sets seeds: of what, nobody can see.
_SETS_SEEDS = re.compile(
    r"(?i)^(?:(?:set|fix|init|reset|make|apply|configure)_?)?(?:(?:all|global|random|the|np|torch|my)_?)*"
    r"(?:seeds?|reproducib\w*|determinis\w*)(?:_?(?:everything|all|torch|np|everywhere|value|state))*$"
)
_HOW_TO_SEED = {
    "numpy": "`np.random.seed(0)`",
    "random": "`random.seed(0)`",
    "torch": "`torch.manual_seed(0)`",
    "tensorflow": "`tf.random.set_seed(0)`",
    "keras": "`keras.utils.set_random_seed(0)`",
}


@dataclass(slots=True)
class _State:
    """Which generators have a seed, at one place and anywhere in the notebook."""

    now: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)

    def covers(self, family: str, in_function: bool) -> bool:
        seeded = self.ever if in_function else self.now
        return bool(seeded & FAMILIES[family])


def problems(reading: Reading) -> Iterator[Problem]:
    """One for each generator of a library, and one for each cell with a call to be seeded."""
    if not reading.python:
        return
    seeding = _seeding_functions(reading)
    state = _State(ever=_all_seeds(reading, seeding))
    drawn: dict[str, list[Call]] = {}
    loose: dict[int, list[tuple[Call, str]]] = {}
    for call in reading.calls:
        if not call.scope:
            state.now |= _seeds(call, seeding)
        for family in random_calls.draws(call, reading):
            if not state.covers(family, bool(call.scope)):
                drawn.setdefault(family, []).append(call)
        remedy = random_calls.wants(call, reading)
        if remedy and not (remedy.global_seed and state.covers(NUMPY, bool(call.scope))):
            loose.setdefault(call.cell.index, []).append((call, remedy.add))
    found = [*_of_generators(drawn), *_of_calls(loose)]
    yield from (problem for _, problem in sorted(found, key=lambda entry: entry[0]))


def _of_generators(drawn: dict[str, list[Call]]) -> Iterator[tuple[int, Problem]]:
    for family, calls in drawn.items():
        first = calls[0]
        others = len({call.cell.index for call in calls}) - 1
        more = f" and in {others} more cell{'s' if others > 1 else ''}" if others else ""
        message = (
            f"`{_shown(first)}` draws at random here{more}, and no seed is set before: call "
            f"{_HOW_TO_SEED[family]} in the first cell, so that a second run gives the same."
        )
        yield first.cell.index, Problem(UNSEEDED, message, first.cell.id, first.line)


def _of_calls(loose: dict[int, list[tuple[Call, str]]]) -> Iterator[tuple[int, Problem]]:
    for index, entries in loose.items():
        by_remedy: dict[str, dict[str, None]] = {}
        for call, add in entries:
            by_remedy.setdefault(add, {})[_shown(call)] = None
        names = " and ".join(", ".join(f"`{n}`" for n in group) for group in by_remedy.values())
        count = sum(len(group) for group in by_remedy.values())
        message = (
            f"{names} {'draw' if count > 1 else 'draws'} at random without a seed: add "
            f"{' or '.join(by_remedy)}, so that a second run gives the same."
        )
        first = min((call for call, _ in entries), key=lambda call: call.line)
        yield index, Problem(UNSEEDED, message, first.cell.id, first.line)


def _shown(call: Call) -> str:
    written = resolve(call.node.func, {})
    is_class = call.method[:1].isupper()
    return call.method if is_class or not written or len(written) > 50 else written


def _seeds(call: Call, functions: dict[str, set[str]]) -> set[str]:
    """Generators that a call seeds."""
    if call.name in functions:
        return functions[call.name]
    own = random_calls.SEEDS.get(call.name)
    if own is not None:
        return {own} if _is_seed(call) else set()
    if call.method in ("seed_everything", "set_seed", "set_all_seeds", "set_random_seed"):
        return set(_HOW_TO_SEED)
    root = call.name.partition(".")[0]
    if root not in random_calls.LIBRARIES and _SETS_SEEDS.match(call.method):
        return set(_HOW_TO_SEED)
    return set()


def _is_seed(call: Call) -> bool:
    """Whether a seed is given that is the same tomorrow: not none, not the clock."""
    given = [*call.node.args, *(k.value for k in call.node.keywords)]
    if not given or literal(given[0]) is None:
        return False
    return not any(
        isinstance(part, ast.Attribute) and part.attr in ("time", "now", "time_ns", "urandom")
        for part in ast.walk(given[0])
    )


def _seeding_functions(reading: Reading) -> dict[str, set[str]]:
    """The notebook's own functions that seed something, also by way of each other."""
    direct = {name: set[str]() for name in reading.scopes}
    for _ in range(3):
        for name, calls in reading.scopes.items():
            for call in calls:
                direct[name] |= _seeds(call, {k: v for k, v in direct.items() if k != name})
    return {name: families for name, families in direct.items() if families}


def _all_seeds(reading: Reading, functions: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    for call in reading.calls:
        found |= _seeds(call, functions)
    return found
