"""The recipe of a container: everything that a recorded run needs, in one folder."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from nbtrail.export.model import Content, Recipe
from nbtrail.export.parts import check_results, prepare_step
from nbtrail.export.readme import readme_of
from nbtrail.export.requirements import Requirements, one_line
from nbtrail.export.resources import api_sources, source_of
from nbtrail.export.script import recipe_script
from nbtrail.export.tools import tools_beside

SCHEMA = 1

_IGNORED = """\
# By nbtrail: nothing goes into the image but what is named here.
*
!api
!expected
!project
!check_results.py
!prepare_step.py
!recipe.json
!requirements*.txt
!run.sh
**/__pycache__
**/.ipynb_checkpoints
"""


#: What lies below, results too, are no notebooks of the project that the recipe lies in.
_MARK = "# By nbtrail: a recipe is a project of its own.\n"


def docker_files(recipe: Recipe) -> tuple[Content, ...]:
    """All files of a container's recipe, sorted by path; the same bytes for the same run."""
    brings_api = recipe.uses_nbtrail and not all(
        "nbtrail" in wanted.names for wanted in recipe.environments
    )
    texts = {
        "Dockerfile": dockerfile(recipe),
        ".dockerignore": _IGNORED,
        "README.md": readme_of(recipe),
        "run.sh": recipe_script(recipe, api=brings_api),
        "prepare_step.py": source_of(prepare_step.__name__),
        "check_results.py": source_of(check_results.__name__),
        "recipe.json": _facts(recipe),
        "nbtrail.toml": _MARK,
        # Tells `nbtrail.dataset` where the project begins, and where its data are.
        "project/nbtrail.toml": _settings(recipe),
    }
    for number, wanted in enumerate(recipe.environments, 1):
        texts[lock_name(number)] = lock_text(wanted)
    if brings_api:
        texts.update({f"api/{path}": text for path, text in api_sources().items()})
    files = [Content(path, data=text.encode()) for path, text in texts.items()]
    files += [_within("project", content) for content in recipe.contents]
    files += [_within("expected", content) for content in recipe.expected]
    return tuple(sorted(files, key=lambda content: content.path))


def lock_name(number: int) -> str:
    """File of the ``number``-th environment's requirements."""
    return "requirements.txt" if number == 1 else f"requirements-{number}.txt"


def lock_text(wanted: Requirements) -> str:
    """An environment's requirements, with what runs its notebooks where it has none of it."""
    tools = tools_beside(wanted.names, wanted.minor)
    if not tools:
        return wanted.text()
    why = "# Not on record: what runs the notebooks."
    return wanted.text() + "\n".join(["", why, *tools]) + "\n"


def dockerfile(recipe: Recipe) -> str:
    """The Dockerfile; no name of the project's stands in it, so that none can break it."""
    minor = recipe.environments[0].minor or "3"
    lines = [
        f"# Recipe of run {one_line(recipe.run)}, by nbtrail. README.md says how to use it.",
        f"FROM python:{minor}-slim",
        "",
    ]
    locks = [lock_name(n) for n in range(1, len(recipe.environments) + 1)]
    if any("git+" in line for one in recipe.environments for line in one.lines):
        lines += [
            "# Some distributions come from a repository.",
            "RUN apt-get update && apt-get install --yes --no-install-recommends git \\",
            "    && rm -rf /var/lib/apt/lists/*",
            "",
        ]
    lines += [
        "RUN useradd --create-home runner && install -d -o runner -g runner /recipe",
        "WORKDIR /recipe",
        f"COPY {' '.join(locks)} ./",
    ]
    for number, lock in enumerate(locks, 1):
        # All are named with their versions: nothing is looked for beyond them.
        lines += [
            f"RUN python -m venv /opt/environment-{number} \\",
            f"    && /opt/environment-{number}/bin/python -m pip install --no-deps \\",
            f"        --no-cache-dir --disable-pip-version-check --requirement {lock}",
            f"ENV PYTHON_{number}=/opt/environment-{number}/bin/python",
        ]
    lines += [
        "",
        "COPY --chown=runner:runner . .",
        "USER runner",
        'CMD ["sh", "run.sh"]',
    ]
    return "\n".join(lines) + "\n"


def _facts(recipe: Recipe) -> str:
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "project": recipe.project,
        "run": recipe.run,
        "date_of_datasets": recipe.date,
        "params": recipe.params,
        "steps": [
            {"path": step.path, "metrics": step.metrics, "files": step.files}
            for step in recipe.steps
        ],
    }
    text = msgspec.json.encode(facts, order="sorted")
    return msgspec.json.format(text, indent=2).decode() + "\n"


def _settings(recipe: Recipe) -> str:
    return f"[datasets]\nfolder = {json.dumps(recipe.data_folder, ensure_ascii=False)}\n"


def _within(folder: str, content: Content) -> Content:
    return msgspec.structs.replace(content, path=f"{folder}/{content.path}")
