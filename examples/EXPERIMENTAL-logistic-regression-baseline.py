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
# # Logistic regression: how far does a straight line get?
#
# **Idea.** The exploration showed classes that overlap gradually and no odd subgroups. Then a weighted sum of the standardised features may be all that is needed, and it can be read: each weight says which way and how strongly a feature pushes.
#
# **One thing to choose**, the strength of regularisation. The features are still correlated, so some is needed; five values are tried, not fifty, because every further try on the same folds makes the winner look a little better than it is.

# %%
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nbtrail import dataset, log_param

plt.style.use("plots.mplstyle")
Path("figures").mkdir(exist_ok=True)
Path("models").mkdir(exist_ok=True)

# %%
train = pd.read_csv(dataset("cell-features_train-in-folds.csv"))
X = train.drop(columns=["sample_id", "malignant", "fold"])
y = train["malignant"]
folds = PredefinedSplit(train["fold"])


# %% [markdown]
# ## Strength of regularisation
#
# Scaling is part of the model, so that each fold is scaled by what its own training part knows. Models are compared by **log loss**: nearly all of them rank the samples almost perfectly, so that the AUC hardly differs, but log loss also punishes confident mistakes. `C` is the *inverse* of the strength.

# %%
def baseline(C: float) -> object:
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=2000))


def out_of_fold(model: object) -> np.ndarray:
    """Probability of malignant for each sample, from the model that did not see its fold."""
    return cross_val_predict(model, X, y, cv=folds, method="predict_proba")[:, 1]


candidates = {C: out_of_fold(baseline(C)) for C in (0.03, 0.1, 0.3, 1.0, 3.0)}
tried = pd.DataFrame(
    {
        "log loss": {C: log_loss(y, probability) for C, probability in candidates.items()},
        "AUC": {C: roc_auc_score(y, probability) for C, probability in candidates.items()},
    }
).rename_axis("C")
best_C = float(tried["log loss"].idxmin())
log_param("logistic_C", best_C)
tried.round(4)

# %%
probability = candidates[best_C]
by_fold = train.assign(probability=probability).groupby("fold")
fold_auc = by_fold.apply(lambda part: roc_auc_score(part["malignant"], part["probability"]))
fold_loss = by_fold.apply(lambda part: log_loss(part["malignant"], part["probability"]))

logistic_cv_auc = float(fold_auc.mean())
logistic_cv_loss = float(fold_loss.mean())
print(f"C = {best_C:g}")
print(f"AUC      {logistic_cv_auc:.4f}  (folds {fold_auc.min():.4f} to {fold_auc.max():.4f})")
print(f"log loss {logistic_cv_loss:.4f}  (folds {fold_loss.min():.4f} to {fold_loss.max():.4f})")

# %% [markdown]
# ## What the model looks at

# %%
model = baseline(best_C).fit(X, y)
weights = pd.Series(model[-1].coef_[0], index=X.columns).sort_values(key=abs).tail(12)

fig, ax = plt.subplots(figsize=(6.4, 3.9))
ax.barh(
    weights.index.str.replace("_", " "),
    weights,
    color=np.where(weights > 0, "C1", "C0"),
    height=0.62,
)
ax.axvline(0, color="0.3", linewidth=1)
ax.grid(axis="y", visible=False)
ax.set_xlabel("change of the log-odds of malignant per standard deviation")
ax.set_title("Twelve largest weights")
fig.savefig("figures/logistic-regression-weights.png", metadata={"Software": None})
plt.show()

# %% [markdown]
# ## What was learned
#
# - A straight line gets very far: an AUC above 0.99 where the best single feature had 0.96.
# - The weights make sense: large nuclei, nuclei of unequal size (spread and excess of the radius), texture and dents push towards malignant. Where a sign surprises, remember that correlated features share their weight; a single weight is no finding about biology.
# - This is the model to beat. Anything more complicated has to earn it.

# %%
joblib.dump(model, "models/logistic-regression.joblib")
pd.DataFrame(
    {
        "sample_id": train["sample_id"],
        "fold": train["fold"],
        "malignant": y,
        "probability": probability.round(9),
    }
).to_csv(dataset("out-of-fold-probabilities_logistic-regression.csv", "w"), index=False)
