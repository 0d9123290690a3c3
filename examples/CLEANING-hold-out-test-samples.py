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
# # Hold out samples before any model sees them
#
# Three groups, drawn once, so that every model is trained, compared and judged on the same samples:
#
# | group | share | used for |
# | --- | --- | --- |
# | incoming | 10 % | stands for samples that arrive later: no diagnosis, looked at by the deployed model only |
# | test | 25 % of the rest | judged **once**, by the model that was chosen |
# | train | the rest | training and comparing models, in five folds |
#
# The folds are written down with the training samples. So all models are compared on identical folds, and differences between them can be taken fold by fold.

# %%
import numpy as np
import pandas as pd

from nbtrail import dataset

# %% tags=["parameters"]
seed = 2026
incoming_share = 0.10
test_share = 0.25
n_folds = 5

# %%
samples = pd.read_csv(dataset("cell-features_mean-excess-spread.csv"))

# Drawn within each class, so that all groups hold the same share of malignant samples.
incoming = samples.groupby("malignant").sample(frac=incoming_share, random_state=seed)
labelled = samples.drop(incoming.index)
test = labelled.groupby("malignant").sample(frac=test_share, random_state=seed)
train = labelled.drop(test.index)

# %%
# Shuffled, then dealt out like cards within each class: fold sizes differ by one or two at most.
shuffled = train.sample(frac=1, random_state=seed)
train = train.assign(fold=shuffled.groupby("malignant").cumcount() % n_folds)

groups = {"incoming": incoming, "test": test, "train": train}
groups |= {f"fold {fold}": part for fold, part in train.groupby("fold")}
pd.DataFrame(
    {
        "samples": {name: len(part) for name, part in groups.items()},
        "malignant, %": {
            name: round(100 * part["malignant"].mean(), 1) for name, part in groups.items()
        },
    }
)

# %% [markdown]
# The share of malignant samples is the same everywhere but for rounding. No sample may be in two groups; that is asserted rather than trusted.

# %%
identifiers = pd.concat([incoming, test, train])["sample_id"]
assert identifiers.is_unique
assert set(identifiers) == set(samples["sample_id"])
assert np.ptp(train["fold"].value_counts()) <= 2

train.sort_index().to_csv(dataset("cell-features_train-in-folds.csv", "w"), index=False)
test.sort_index().to_csv(dataset("cell-features_test.csv", "w"), index=False)
incoming.sort_index().drop(columns="malignant").to_csv(
    dataset("cell-features_incoming.csv", "w"), index=False
)
