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
# # Random forest: do features matter in combination?
#
# **Idea.** A linear model adds features up. If "large *and* dented" meant more than the sum of both, a forest of deep trees would find it, without being told where to look. So this is a test for interactions more than a search for the best forest, and **nothing is tuned**: settings are fixed beforehand to common values.

# %%
from pathlib import Path

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from nbtrail import dataset

Path("models").mkdir(exist_ok=True)

# %% tags=["parameters"]
seed = 2026
n_trees = 150
min_samples_leaf = 3

# %%
train = pd.read_csv(dataset("cell-features_train-in-folds.csv"))
X = train.drop(columns=["sample_id", "malignant", "fold"])
y = train["malignant"]

# %%
forest = RandomForestClassifier(
    n_trees, min_samples_leaf=min_samples_leaf, oob_score=True, random_state=seed, n_jobs=1
)
probability = cross_val_predict(
    forest, X, y, cv=PredefinedSplit(train["fold"]), method="predict_proba"
)[:, 1]

by_fold = train.assign(probability=probability).groupby("fold")
fold_auc = by_fold.apply(lambda part: roc_auc_score(part["malignant"], part["probability"]))
fold_loss = by_fold.apply(lambda part: log_loss(part["malignant"], part["probability"]))

forest_cv_auc = float(fold_auc.mean())
forest_cv_loss = float(fold_loss.mean())
print(f"AUC      {forest_cv_auc:.4f}  (folds {fold_auc.min():.4f} to {fold_auc.max():.4f})")
print(f"log loss {forest_cv_loss:.4f}  (folds {fold_loss.min():.4f} to {fold_loss.max():.4f})")

# %% [markdown]
# A forest brings a second opinion for free: each tree was grown without about a third of the samples and can be judged on those. If this accuracy differed much from that of the folds, something would be wrong with the folds.

# %%
forest.fit(X, y)
forest_oob_score = float(forest.oob_score_)
forest_cv_accuracy = float(((probability >= 0.5) == y).mean())
print(f"accuracy: {forest_cv_accuracy:.3f} across folds, {forest_oob_score:.3f} out of bag")

importance = pd.Series(forest.feature_importances_, index=X.columns)
importance.sort_values(ascending=False).head(8).round(3).to_frame("importance")

# %% [markdown]
# ## What was learned
#
# - The forest ranks samples about as well as the straight line. Were interactions important, it should have done clearly better.
# - Its log loss is worse: averaging many trees pulls probabilities towards the middle, so that it is rarely as sure as it could be.
# - It relies on the same features, size and dents, as the linear model. (Importances favour features with many distinct values and divide up what correlated features share: read them as a rough order.)
# - Both estimates of the accuracy agree, so the folds can be trusted.

# %%
joblib.dump(forest, "models/random-forest.joblib")
pd.DataFrame(
    {
        "sample_id": train["sample_id"],
        "fold": train["fold"],
        "malignant": y,
        "probability": probability.round(9),
    }
).to_csv(dataset("out-of-fold-probabilities_random-forest.csv", "w"), index=False)
