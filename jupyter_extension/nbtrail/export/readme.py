"""What a recipe's README says: how to run it, and how to check the results."""

from __future__ import annotations

import re

from nbtrail.export.model import Recipe
from nbtrail.export.requirements import one_line

_TEXT = """\
# {title}

{count} with what is needed to run again: written by nbtrail.

## Run it and check the results

With Docker (Podman takes the same commands), in this folder:

```
docker build --tag {tag} .
docker run --name {tag} {secrets}{tag}
```

All notebooks are run in order, then the results are compared with those on record. The last line
says `identical` or `different`; so does the exit status, 0 or 1. What was made comes out with

```
docker cp {tag}:/recipe/results results
docker rm {tag}
```

`results/` holds the executed notebooks, the project with what they made, and `verdict.json`; it
is made anew at every run. Without Docker, with Python {python}:

```
{venvs}sh run.sh
```

The check alone, which needs nothing but Python: `python check_results.py`.

## What is compared

{compared} Metrics count as the same within {tolerance} of their size unless the project says
otherwise; numbers in tables likewise, all other files byte by byte. `recipe.json` has every
number and hash.

| step | notebook | metrics | files |
| --- | --- | --- | --- |
{steps}
{problems}"""


def readme_of(recipe: Recipe) -> str:
    """The README of a recipe, in Markdown."""
    metrics = sum(len(step.metrics) for step in recipe.steps)
    files = sum(len(step.files) for step in recipe.steps)
    rows = [
        f"| {n} | {cell(step.path)} | {len(step.metrics)} | {len(step.files)} |"
        for n, step in enumerate(recipe.steps, 1)
    ]
    number, run = len(recipe.steps), f"run `{one_line(recipe.run)}`"
    return _TEXT.format(
        title=cell(recipe.project),
        count=f"The {number} notebooks of {run}, as they ran,"
        if number != 1
        else f"The notebook of {run}, as it ran,",
        tag=image_name(recipe.project),
        secrets="".join(f"--env PARAM_{name} " for name in recipe.secrets),
        python=recipe.environments[0].minor or "3",
        venvs=_venvs(recipe),
        compared=f"{metrics} metrics and {files} files.",
        tolerance=f"{recipe.tolerance:g}",
        steps="\n".join(rows),
        problems=_problems(recipe),
    )


def image_name(project: str) -> str:
    """A name that Docker allows for an image and a container."""
    return re.sub(r"[^a-z0-9]+", "-", project.lower()).strip("-")[:60] or "recipe"


def cell(text: str) -> str:
    """A text as Markdown shows it, in its line and in its cell of a table."""
    return re.sub(r"([\\`*_{}\[\]<>()#|!&~])", r"\\\1", one_line(text))


def _venvs(recipe: Recipe) -> str:
    from nbtrail.export.docker import lock_name

    lines = []
    for number in range(1, len(recipe.environments) + 1):
        place = f"environment-{number}"
        lines += [
            f"python{recipe.environments[number - 1].minor or '3'} -m venv {place}",
            f"{place}/bin/python -m pip install --no-deps -r {lock_name(number)}",
            f'export PYTHON_{number}="$PWD/{place}/bin/python"',
        ]
    return "\n".join(lines) + "\n"


def _problems(recipe: Recipe) -> str:
    if not recipe.problems:
        return ""
    rows = [f"- {cell(p.name)}: {cell(p.why)} {cell(p.fix)}" for p in recipe.problems]
    return "\n".join(["", "## What is missing", "", *rows]) + "\n"
