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
# # How well do single features separate the classes?
#
# A first look before any model: which features differ between benign and malignant samples, by how much, and is there anything that a straight line could not catch?
#
# This look uses every sample, those held out later included. To keep it harmless **no choice is made from it**: all models get all features.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from nbtrail import dataset

plt.style.use("plots.mplstyle")
Path("figures").mkdir(exist_ok=True)
BENIGN, MALIGNANT = "C0", "C1"

samples = pd.read_csv(dataset("cell-features_mean-excess-spread.csv"))
is_malignant = samples["malignant"] == 1
features = samples.drop(columns=["sample_id", "malignant"])

# %% [markdown]
# ## One feature at a time
#
# The area under the ROC curve (AUC) of a single feature is the chance that a random malignant sample has a larger value than a random benign one: 1 separates perfectly, 0.5 not at all. It needs ranks only, so scales and skew do not matter.

# %%
n_malignant, n_benign = is_malignant.sum(), (~is_malignant).sum()
rank_sums = features.rank()[is_malignant].sum()
single_auc = (rank_sums - n_malignant * (n_malignant + 1) / 2) / (n_malignant * n_benign)
single_auc = single_auc.sort_values()

best_feature = single_auc.idxmax()
best_single_auc = float(single_auc.max())
print(f"best single feature: {best_feature}, AUC {best_single_auc:.3f}")

# %%
kind = single_auc.index.str.rsplit("_", n=1).str[-1]
labels = single_auc.index.str.rsplit("_", n=1).str[0].str.replace("_", " ")
rows = np.arange(len(single_auc))

fig, ax = plt.subplots(figsize=(6.4, 5.6))
ax.axvline(0.5, color="0.55", linewidth=1)
ax.hlines(rows, 0.5, single_auc, color="0.86", linewidth=1.5, zorder=1)
for name, colour, marker in (("mean", "C2", "o"), ("excess", "C4", "D"), ("spread", "C3", "s")):
    of_kind = kind == name
    ax.scatter(
        single_auc[of_kind], rows[of_kind], color=colour, marker=marker, label=name, zorder=2
    )
ax.set_yticks(rows, labels)
ax.set_ylim(-0.8, len(rows) - 0.2)
ax.set_xlim(0.4, 1.0)
ax.grid(axis="y", visible=False)
ax.set_xlabel("AUC of the feature alone")
ax.set_title("Size and dents of the outline separate best")
ax.legend(loc="lower right", title="statistic")
fig.savefig("figures/single-feature-auc.png", metadata={"Software": None})
plt.show()

# %% [markdown]
# ## The best six, side by side

# %%
best_six = single_auc.index[::-1][:6]

fig, axes = plt.subplots(2, 3, figsize=(8.4, 4.6), sharey=True)
for ax, name in zip(axes.flat, best_six, strict=True):
    edges = np.linspace(features[name].min(), features[name].max(), 25)
    for group, colour, label in (
        (~is_malignant, BENIGN, "benign"),
        (is_malignant, MALIGNANT, "malignant"),
    ):
        values = features.loc[group, name]
        share = np.full(len(values), 100 / len(values))
        ax.hist(values, bins=edges, weights=share, color=colour, alpha=0.65, label=label)
    ax.set_title(f"{name.replace('_', ' ')}  ({single_auc[name]:.2f})", fontsize=9.5)
    ax.grid(axis="x", visible=False)
for ax in axes[:, 0]:
    ax.set_ylabel("samples of the class, %")
axes[0, 2].legend(loc="upper right")
fig.suptitle("Six best single features (AUC in brackets)", x=0.01, ha="left", weight="bold")
fig.savefig("figures/best-six-distributions.png", metadata={"Software": None})
plt.show()

# %% [markdown]
# ## What was learned
#
# - One feature alone, the mean number of dents (*concave points*), already separates the classes with an AUC of 0.96. A model has to beat **that**, not 0.5.
# - Size matters twice: malignant nuclei are larger on average (*radius mean*) and the largest ones stand out further (*radius excess*). The derived excess earns its place.
# - The classes overlap in every feature, so no single cut-off will do. The overlap is gradual, and neither class falls apart into separate clumps: no sign of a subgroup that would need a model of its own, and a good reason to try a **linear model first**.
# - Smoothness, symmetry and fractal dimension tell little alone. They stay: what is weak alone can help together.
