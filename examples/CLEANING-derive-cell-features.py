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
# # Derive features from the cell measurements
#
# Thirty columns, but far fewer than thirty facts. This notebook turns them into features that a model, and a reader of its coefficients, can tell apart. All choices follow from what the columns *mean*; the diagnosis is not looked at, so nothing leaks from samples that will later be held out.

# %%
import numpy as np
import pandas as pd

from nbtrail import dataset

samples = pd.read_csv(dataset("cell-measurements_cleaned.csv"))
numbers = samples.drop(columns=["sample_id", "malignant"])
samples.shape


# %% [markdown]
# ## What is measured twice

# %%
def strongest_pairs(table: pd.DataFrame, least: float) -> pd.Series:
    """Pairs of columns whose absolute correlation is at least `least`, strongest first."""
    correlation = table.corr().abs()
    upper = np.triu(np.ones(correlation.shape, dtype=bool), k=1)
    pairs = correlation.where(upper).stack()
    return pairs[pairs >= least].sort_values(ascending=False)


strongest_pairs(numbers, 0.95).round(3).to_frame("|r|")

# %% [markdown]
# Two patterns explain all of these pairs:
#
# 1. **Radius, perimeter and area are one quantity.** Keep the radius. What perimeter and area say together about the *shape* is not lost: the data's authors define compactness as perimeter² / area − 1, and that column stays.
# 2. **"Worst" follows the mean**, as the largest of some values must. Keep the mean, and replace "worst" by its **excess** over the mean: how far the largest nuclei stand out. A pathologist looks for just that, nuclei of unequal size. For a linear model nothing is lost, since worst = mean + excess.
#
# The standard errors (here: **spread**) have long right tails. A cube root tames them; unlike a logarithm it takes the zeros of smooth outlines as they are.

# %%
kept = [
    "radius",
    "texture",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
]

features = samples[["sample_id"]].copy()
for name in kept:
    features[f"{name}_mean"] = samples[f"{name}_mean"]
    features[f"{name}_excess"] = (samples[f"{name}_worst"] - samples[f"{name}_mean"]).round(6)
    features[f"{name}_spread"] = np.cbrt(samples[f"{name}_error"]).round(6)
features["malignant"] = samples["malignant"]

features.describe().T[["min", "50%", "max"]].round(3)

# %% [markdown]
# ## Did it help?

# %%
derived = features.drop(columns=["sample_id", "malignant"])
errors = [f"{name}_error" for name in kept]
spreads = [f"{name}_spread" for name in kept]

pd.DataFrame(
    {
        "before": {
            "columns": numbers.shape[1],
            "pairs with |r| of 0.95 or more": len(strongest_pairs(numbers, 0.95)),
            "largest |r|": numbers.corr().abs().where(~np.eye(30, dtype=bool)).max(axis=None),
            "largest |skew| of the spreads": samples[errors].skew().abs().max(),
        },
        "after": {
            "columns": derived.shape[1],
            "pairs with |r| of 0.95 or more": len(strongest_pairs(derived, 0.95)),
            "largest |r|": derived.corr().abs().where(~np.eye(24, dtype=bool)).max(axis=None),
            "largest |skew| of the spreads": derived[spreads].skew().abs().max(),
        },
    }
).round(2)

# %% [markdown]
# Twenty-four columns carry what thirty did. No pair is a near copy any more; the strongest remaining one, concavity with concave points, is two views of the same dents, and both stay because one counts them and the other measures their depth.

# %%
assert derived.notna().all(axis=None)
assert len(strongest_pairs(derived, 0.95)) == 0

features.to_csv(dataset("cell-features_mean-excess-spread.csv", "w"), index=False)
