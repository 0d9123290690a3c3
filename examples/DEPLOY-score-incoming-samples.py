# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Score incoming samples
#
# From a table of new samples to a list that says which of them a pathologist should see first. Runs from start to end without a choice to make; what cannot be trusted stops it or is marked.

# %%
import json
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from nbtrail import dataset, log_metric

plt.style.use("plots.mplstyle")
Path("figures").mkdir(exist_ok=True)

# %%
model = joblib.load("models/chosen-model.joblib")
card = json.loads(Path("models/chosen-model.json").read_text(encoding="utf-8"))
incoming = pd.read_csv(dataset("cell-features_incoming.csv"))
print(f"{len(incoming)} samples; {card['model']}, threshold {card['threshold']}")

# %% [markdown]
# ## Is this what the model was trained for?
#
# Missing columns, missing values and repeated samples stop the notebook. Samples with a value outside the range seen in training are scored, but marked: there the model extrapolates.

# %%
columns = list(card["training_range"])
missing = [name for name in columns if name not in incoming]
assert not missing, f"columns missing from the incoming samples: {missing}"
assert incoming["sample_id"].is_unique
assert incoming[columns].notna().all(axis=None)
assert list(model.feature_names_in_) == columns

lowest, highest = np.array(list(card["training_range"].values())).T
outside = ((incoming[columns] < lowest) | (incoming[columns] > highest)).sum(axis=1)
print(f"{(outside > 0).sum()} of {len(incoming)} samples have values outside the training range")

# %% [markdown]
# ## Predictions

# %%
predictions = pd.DataFrame(
    {
        "sample_id": incoming["sample_id"],
        "probability": model.predict_proba(incoming[columns])[:, 1].round(6),
        "values_outside_training_range": outside,
    }
)
predictions["flagged"] = predictions["probability"] >= card["threshold"]
predictions = predictions.sort_values("probability", ascending=False, kind="stable")
predictions = predictions.reset_index(drop=True)

log_metric("samples_flagged", int(predictions["flagged"].sum()))
print(f"{predictions['flagged'].sum()} of {len(predictions)} samples flagged")
predictions.head(10)

# %%
flagged = predictions["flagged"]

fig, ax = plt.subplots(figsize=(6.8, 3.4))
for group, colour, label in ((flagged, "C1", "see first"), (~flagged, "C0", "can wait")):
    part = predictions[group]
    ax.scatter(part.index + 1, part["probability"], color=colour, label=f"{label} ({len(part)})")
unlike = predictions[predictions["values_outside_training_range"] > 0]
ax.scatter(
    unlike.index + 1, unlike["probability"], s=110, facecolors="none", edgecolors="0.25",
    linewidths=1.1, label=f"outside the training range ({len(unlike)})",
)  # fmt: skip
ax.axhline(card["threshold"], color="0.2", linewidth=1.2, linestyle=(0, (4, 2)))
ax.annotate(
    f"threshold {card['threshold']:.2f}", (len(predictions), card["threshold"]), xytext=(0, 6),
    textcoords="offset points", ha="right", color="0.2",
)  # fmt: skip
ax.set_xlabel("incoming samples, most suspicious first")
ax.set_ylabel("probability of malignant")
ax.set_title("Which samples to see first")
ax.legend(loc="upper right")
fig.savefig("figures/incoming-samples.png", metadata={"Software": None})
plt.show()

# %% [markdown]
# The file lists all samples, most suspicious first, with the marks. It contains no diagnosis, and is none.

# %%
predictions.to_csv(dataset("malignancy-predictions_incoming.csv", "w"), index=False)
