"""The steps of a pipeline as calls of nbconvert, in a script for any POSIX shell."""

from __future__ import annotations

import glob
import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from nbtrail.export.model import Recipe, RecipeStep
from nbtrail.export.requirements import one_line

_HEAD = """\
#!/bin/sh
# {title}, by nbtrail. Stops at the first notebook that fails.
set -eu
"""

_RECIPE = """\
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
{pythons}{exports}
# Whatever kernels the user has installed: the ones of these interpreters are meant.
export JUPYTER_PREFER_ENV_PATH=1

# Everything is made in results/, anew at every run; project/ stays as it is.
results=$here/results
rm -rf -- "$results"
mkdir -p -- "$results/notebooks"
cp -R -- "$here/project" "$results/project"
cd -- "$results/project"
{folders}
# step NUMBER PYTHON KERNEL FOLDER NAME FACTS
step() {{
    printf '%s\\n' "step $1 of {count}: $4/$5"
    mkdir -p -- "$results/notebooks/$4"
    "$2" "$here/prepare_step.py" "$here/project/$4/$5" "$6" >"$results/prepared"
    cd -- "$results/project/$4"
    "$2" -m nbconvert --to notebook --execute --stdin --stdout --log-level=WARN \\
        --ExecutePreprocessor.kernel_name="$3"{timeout} \\
        <"$results/prepared" >"$results/executed"
    rm -- "$results/prepared"
    mv -- "$results/executed" "$results/notebooks/$4/$5"
}}

{steps}

"$PYTHON_1" "$here/check_results.py"
"""

_PYTHON = """\
PYTHON_{n}=${{PYTHON_{n}:{default}}}
case $PYTHON_{n} in /*) ;; */*) PYTHON_{n}=$PWD/$PYTHON_{n} ;; esac
"""


class PlainStep(msgspec.Struct, frozen=True):
    """A step of the project as it is.

    Attributes
    ----------
    path
        POSIX path from the project's root.
    kernel
        Kernel other than the notebook's own, or empty.
    python
        Interpreter of an environment of the step's own, or empty.
    """

    path: str
    kernel: str = ""
    python: str = ""


def recipe_script(recipe: Recipe, *, api: bool) -> str:
    """``run.sh`` of a recipe: every step on the interpreter of its environment, then the check.

    ``api`` says whether the recipe brings what notebooks import from nbtrail.
    """
    exports = variables_of(recipe)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]
    if api:
        lines.append('export PYTHONPATH="$here/api"')
    pythons = [_PYTHON.format(n=1, default="-${PYTHON:-python3}")]
    for number in range(2, len(recipe.environments) + 1):
        told = f"?is to be the interpreter of requirements-{number}.txt"
        pythons.append(_PYTHON.format(n=number, default=told))
    folders = sorted({*recipe.folders, *(step.folder for step in recipe.steps)} - {"."})
    made = "mkdir -p -- " + " ".join(map(shlex.quote, folders)) + "\n" if folders else ""
    head = _HEAD.format(title=one_line(f"The notebooks of run {recipe.run} in their order"))
    return head + _RECIPE.format(
        folders=made,
        exports="\n".join(lines),
        pythons="".join(pythons),
        count=len(recipe.steps),
        timeout=_timeout(recipe.timeout),
        steps="\n".join(_call(recipe, n, step) for n, step in enumerate(recipe.steps, 1)),
    )


def _call(recipe: Recipe, number: int, step: RecipeStep) -> str:
    facts: dict[str, Any] = {}
    if recipe.params:
        facts["params"] = recipe.params
    if recipe.secrets:
        facts["secrets"] = recipe.secrets
    if step.metrics:
        facts["metrics"] = list(step.metrics)
    name = step.path.rpartition("/")[2]
    words = [step.kernel, step.folder, name, json.dumps(facts, sort_keys=True)]
    python = f'"$PYTHON_{step.environment + 1}"'
    return f"step {number} {python} {' '.join(map(shlex.quote, words))}"


def variables_of(recipe: Recipe) -> dict[str, str]:
    """Environment variables of the steps: those on record, and the date of datasets."""
    known = {"PYTHONHASHSEED": "0", **recipe.variables}
    if recipe.date:
        known["NBTRAIL_DATE"] = recipe.date
    return {name: known[name] for name in sorted(known) if name.isidentifier()}


def plain_script(
    steps: Sequence[PlainStep],
    *,
    root: str | None,
    variables: Mapping[str, str],
    params: Mapping[str, Any],
    secrets: Sequence[str] = (),
    timeout: float = 0,
) -> str:
    """The ordered calls for the project as it is; notebooks get their outputs in place.

    Parameters
    ----------
    root
        The project's folder seen from the script's; ``None`` where it is to be told as the first
        argument.
    params
        Parameters of the run. nbconvert knows none: they are set in a copy that is run instead,
        and the notebooks stay as they are.
    secrets
        Names of those that are taken from the environment (`parts.prepare_step`).
    """
    lines = [_HEAD.format(title="The notebooks of this project in their order").rstrip()]
    if root is None:
        lines.append('cd -- "${1:?Give the folder of the project}"')
    else:
        way = "" if root == "." else f"/{shlex.quote(root)}"
        lines.append(f'cd -- "$(dirname -- "$0")"{way}')
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    if "NBTRAIL_DATE" not in variables:
        # One date for all notebooks, also where the last one starts on the next day.
        lines.append('export NBTRAIL_DATE="${NBTRAIL_DATE:-$(date +%Y-%m-%d)}"')
    with_params = bool(params or secrets)
    if with_params:
        lines += _with_params({"params": dict(params), "secrets": list(secrets)})
    lines.append("")
    lines += [_plain_call(step, with_params, timeout) for step in steps]
    return "\n".join(lines) + "\n"


def _plain_call(step: PlainStep, with_params: bool, timeout: float) -> str:
    program = (
        f"{shlex.quote(_from_here(step.python))} -m nbconvert"
        if step.python
        else "jupyter nbconvert"
    )
    call = f"{program} --to notebook --execute"
    if step.kernel:
        call += f" --ExecutePreprocessor.kernel_name={shlex.quote(step.kernel)}"
    call += _timeout(timeout)
    folder, _, name = step.path.rpartition("/")
    if not with_params:
        # nbconvert takes names for patterns.
        return f"{call} --inplace {shlex.quote(glob.escape('./' + step.path))}"
    place = shlex.quote("./" + folder)
    target = shlex.quote(f"{folder}/{name}".lstrip("/"))
    return "\n".join(
        (
            f"prepare {shlex.quote('./' + step.path)}",
            f'(cd -- {place} && {call} --stdin --stdout <"$scratch/prepared" >"$scratch/executed")',
            f"mkdir -p -- {shlex.quote('.executed/' + folder)}",
            f'cp -- "$scratch/executed" .executed/{target}',
        )
    )


def _with_params(given: Mapping[str, Any]) -> list[str]:
    from nbtrail.export.parts import prepare_step
    from nbtrail.export.resources import source_of

    facts = shlex.quote(json.dumps(given, sort_keys=True))
    return [
        "# With parameters, copies are run; they go to .executed/, the notebooks stay as they are.",
        "scratch=$(mktemp -d)",
        "trap 'rm -rf -- \"$scratch\"' EXIT",
        "cat >\"$scratch/prepare_step.py\" <<'END_OF_PREPARE_STEP'",
        source_of(prepare_step.__name__).rstrip(),
        "END_OF_PREPARE_STEP",
        "prepare() {",
        f'    "${{PYTHON:-python3}}" "$scratch/prepare_step.py" "$1" {facts} >"$scratch/prepared"',
        "}",
    ]


def _from_here(path: str) -> str:
    return path if path.startswith("/") else f"./{path}"


def _timeout(seconds: float) -> str:
    return f" --ExecutePreprocessor.timeout={max(1, round(seconds))}" if seconds else ""
