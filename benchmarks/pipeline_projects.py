"""Two projects of five notebooks each, always the same: one of light steps, one of real ones."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

_LIGHT = """
# %% 1-CLEANING-readings-without-gaps.ipynb makes data/2026-11-20_readings-clean.csv
import csv
# %%
with open("data/2026-11-20_readings-raw.csv", newline="") as file:
    rows = [row for row in csv.DictReader(file) if row["value"]]
len(rows)
# %%
with open("data/2026-11-20_readings-clean.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, fieldnames=["day", "sensor", "value"])
    writer.writeheader()
    writer.writerows(rows)

# %% 2-EXPLORATION-readings-by-sensor.ipynb makes data/2026-11-20_sensor-counts.json needs 1
import csv
import json
from collections import Counter
# %%
with open("data/2026-11-20_readings-clean.csv", newline="") as file:
    counts = Counter(row["sensor"] for row in csv.DictReader(file))
counts.most_common(3)
# %%
with open("data/2026-11-20_sensor-counts.json", "w") as file:
    json.dump(dict(sorted(counts.items())), file)

# %% 3-CLEANING-daily-means.ipynb makes data/2026-11-20_daily-means.json needs 1
import csv
import json
from statistics import fmean
# %%
days = {}
with open("data/2026-11-20_readings-clean.csv", newline="") as file:
    for row in csv.DictReader(file):
        days.setdefault(int(row["day"]), []).append(float(row["value"]))
# %%
means = {day: fmean(values) for day, values in sorted(days.items())}
with open("data/2026-11-20_daily-means.json", "w") as file:
    json.dump(means, file)

# %% 4-EXPERIMENTAL-trend-of-means.ipynb makes data/2026-11-20_trend-line.json needs 3
import json
from statistics import linear_regression
# %%
with open("data/2026-11-20_daily-means.json") as file:
    means = {int(day): value for day, value in json.load(file).items()}
line = linear_regression(list(means), list(means.values()))
line
# %%
trend_score = line.slope
with open("data/2026-11-20_trend-line.json", "w") as file:
    json.dump({"slope": line.slope, "intercept": line.intercept}, file)

# %% 5-DEPLOY-forecast-next-week.ipynb makes data/2026-11-20_forecast-week.json needs 3 4
import json
# %%
with open("data/2026-11-20_trend-line.json") as file:
    line = json.load(file)
with open("data/2026-11-20_daily-means.json") as file:
    last = max(map(int, json.load(file)))
# %%
week = [line["intercept"] + line["slope"] * (last + ahead) for ahead in range(1, 8)]
with open("data/2026-11-20_forecast-week.json", "w") as file:
    json.dump(week, file)
week
"""

_LOAD = """patients = pd.read_csv("data/2026-11-20_patients-clean.csv")
X, y = patients.drop(columns="outcome"), patients["outcome"]
x_train, x_test, y_train, y_test = train_test_split(X, y, random_state=seed)
X.describe()"""

_JUDGE = """scores = {}
for name, model in models.items():
    cv = cross_val_score(model, x_train, y_train, cv=4, scoring="roc_auc")
    scores[name] = float(cv.mean())
    print(name, cv.round(4))
# %%
fig, ax = plt.subplots(figsize=(6, 3))
ax.bar(list(scores), list(scores.values()))
ax.set_ylim(0.5, 1)
plt.show()"""

_REAL = f"""
# %% 1-CLEANING-patients-outliers-out.ipynb makes data/2026-11-20_patients-clean.csv
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
# %%
raw = pd.read_csv("data/2026-11-20_patients-raw.csv")
raw.info()
# %%
numbers = raw.columns.drop("outcome")
low, high = raw[numbers].quantile(0.005), raw[numbers].quantile(0.995)
inside = ((raw[numbers] >= low) & (raw[numbers] <= high)).all(axis=1)
usual = IsolationForest(n_estimators=50, random_state=seed).fit_predict(raw[numbers]) > 0
clean = raw[inside & usual]
clean = clean.assign(ratio=clean.m0 / (clean.m1.abs() + 1), size=np.hypot(clean.m2, clean.m3))
# %%
fig, axes = plt.subplots(3, 4, figsize=(12, 8))
for column, ax in zip(numbers, axes.flat):
    ax.hist(clean[column], bins=60)
    ax.set_title(column)
fig.tight_layout()
plt.show()
# %%
clean.to_csv("data/2026-11-20_patients-clean.csv", index=False)
len(clean)

# %% 2-EXPLORATION-measurements-by-outcome.ipynb makes data/2026-11-20_outcome-means.csv needs 1
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import train_test_split
# %%
{_LOAD}
# %%
means = patients.groupby("outcome").agg(["mean", "std", "median"]).round(6)
means
# %%
for column in list(X)[:6]:
    fig, ax = plt.subplots(figsize=(7, 3))
    for outcome, part in patients.groupby("outcome"):
        ax.hist(part[column], bins=80, alpha=0.5, label=str(outcome))
    ax.set_title(column)
    ax.legend()
    plt.show()
# %%
fig, axes = plt.subplots(4, 4, figsize=(10, 10))
for i in range(4):
    for j in range(4):
        axes[i, j].scatter(x_train.iloc[:, i], x_train.iloc[:, j], c=y_train, s=2)
plt.show()
# %%
means.to_csv("data/2026-11-20_outcome-means.csv")

# %% 3-EXPERIMENTAL-linear-and-neighbours.ipynb makes data/2026-11-20_scores-linear.json needs 1
import json
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
# %%
{_LOAD}
# %%
models = {{
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    "vectors": make_pipeline(StandardScaler(), SVC(random_state=seed)),
}}
# %%
{_JUDGE}
# %%
linear_auc = max(scores.values())
with open("data/2026-11-20_scores-linear.json", "w") as file:
    json.dump(scores, file)

# %% 4-EXPERIMENTAL-trees-and-forests.ipynb makes data/2026-11-20_scores-trees.json needs 1
import json
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.tree import DecisionTreeClassifier
# %%
{_LOAD}
# %%
models = {{
    "tree": DecisionTreeClassifier(max_depth=6, random_state=seed),
    "forest": RandomForestClassifier(40, random_state=seed),
    "boosting": GradientBoostingClassifier(n_estimators=30, random_state=seed),
}}
# %%
{_JUDGE}
# %%
tree_auc = max(scores.values())
with open("data/2026-11-20_scores-trees.json", "w") as file:
    json.dump(scores, file)

# %% 5-DEPLOY-best-model-scores.ipynb makes data/2026-11-20_patients-scored.csv needs 1 3 4
import json
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.model_selection import train_test_split
# %%
{_LOAD}
# %%
scores = {{}}
for part in ("linear", "trees"):
    with open(f"data/2026-11-20_scores-{{part}}.json") as file:
        scores.update(json.load(file))
scores
# %%
model = GradientBoostingClassifier(n_estimators=150, random_state=seed).fit(x_train, y_train)
probability = model.predict_proba(x_test)[:, 1]
final_auc = roc_auc_score(y_test, probability)
final_auc
# %%
fig, ax = plt.subplots()
ax.plot(*roc_curve(y_test, probability)[:2])
plt.show()
# %%
scored = x_test.assign(probability=probability)
scored.to_csv("data/2026-11-20_patients-scored.csv", index=False)
"""


@dataclass(frozen=True)
class Step:
    """A notebook: its cells, the file that others read, and the steps whose files it reads."""

    name: str
    makes: str
    needs: tuple[str, ...]
    cells: tuple[str, ...]


def _parse(text: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for part in text.strip().split("# %% ")[1:]:
        head, _, body = part.partition("\n")
        name, _, files = head.partition(" makes ")
        makes, _, needs = files.partition(" needs ")
        before = tuple(step.name for step in steps if step.name[0] in needs.split())
        cells = tuple(cell.strip() for cell in body.split("# %%\n"))
        steps.append(Step(name, makes, before, cells))
    return tuple(steps)


LIGHT, REAL = _parse(_LIGHT), _parse(_REAL)


def make_light(root: Path) -> None:
    """Five notebooks of the standard library: what is measured is everything but their code."""
    chance = random.Random(1)
    lines = ["day,sensor,value"]
    for day in range(60):
        for sensor in "abcde":
            value = "" if chance.random() < 0.05 else f"{20 + day * 0.1 + chance.gauss(0, 1):.3f}"
            lines.append(f"{day},{sensor},{value}")
    _make(root, LIGHT, "data/2026-11-20_readings-raw.csv", lines)


def make_real(root: Path) -> None:
    """Five notebooks with pandas, plots and five models; three of them wait for the first only."""
    chance = random.Random(2)
    lines = [",".join([*(f"m{i}" for i in range(12)), "outcome"])]
    for _ in range(6000):
        values = [chance.gauss(0, 1) for _ in range(12)]
        drive = values[0] + 0.7 * values[1] * values[2] - 0.5 * values[3] ** 2 + chance.gauss(0, 1)
        lines.append(",".join([*(f"{value:.5f}" for value in values), str(int(drive > 0))]))
    _make(root, REAL, "data/2026-11-20_patients-raw.csv", lines)


def change(root: Path, name: str) -> None:
    """Change the code of a step so that it has to run again, and makes the same files."""
    book = json.loads((root / name).read_text())
    book["cells"][0]["source"] += "\nchanged = True"
    (root / name).write_text(json.dumps(book, indent=1))


def _make(root: Path, steps: tuple[Step, ...], data: str, lines: list[str]) -> None:
    (root / "data").mkdir(parents=True)
    (root / data).write_text("\n".join(lines) + "\n")
    (root / "nbtrail.toml").write_text("")
    for step in steps:
        (root / step.name).write_text(json.dumps(_notebook(step), indent=1))
    (root / "pipeline.yaml").write_text(_for_ploomber(steps))


def _notebook(step: Step) -> dict[str, object]:
    """Papermill and Ploomber put their parameters behind the first cell."""
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {"tags": ["parameters"]} if index == 0 else {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, source in enumerate(("seed = 7", *step.cells))
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _for_ploomber(steps: tuple[Step, ...]) -> str:
    lines = ["meta: {extract_upstream: false, extract_product: false}", "tasks:"]
    for step in steps:
        upstream = ", ".join(f"step{need[0]}" for need in step.needs)
        product = f"{{nb: out/{step.name}, data: {step.makes}}}"
        lines += [f"- name: step{step.name[0]}", f"  source: {step.name}", f"  product: {product}"]
        lines += [f"  upstream: [{upstream}]"] if upstream else []
    return "\n".join(lines) + "\n"
