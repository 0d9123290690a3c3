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
# # Prepare the cell measurements
#
# **Question of the project.** A fine needle takes a few cells from a lump in the breast; a program outlines their nuclei in the image and measures them. Do these measurements alone tell whether the lump is malignant, reliably enough to decide which samples a pathologist should see first?
#
# **This notebook** takes the raw table, gives it names and a coding that cannot be misread, and checks whether the numbers can be what they claim to be. It drops nothing and corrects nothing: whatever looks odd is either explained here or left for a person to decide.
#
# **Data.** *Breast Cancer Wisconsin (Diagnostic)*, Street, Wolberg and Mangasarian (1993), as it comes with scikit-learn: 569 samples, ten measurements of the nuclei, each as mean, standard error and "worst" (mean of the three largest values). It is old, comes from one hospital and is used to teach; nothing here is medical advice.

# %%
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from nbtrail import dataset

# %%
source = load_breast_cancer(as_frame=True)
print(f"{len(source.data)} samples, {source.data.shape[1]} measurements")
source.data.iloc[:3, [0, 1, 2, 10, 20]]


# %% [markdown]
# ## Names and coding
#
# Two things in the raw table invite mistakes. `mean radius`, `radius error` and `worst radius` put the statistic now in front, now behind. And the target codes **malignant as 0**, so that every "positive" rate computed without care would describe the healthy samples. Here malignant is 1.
#
# The table has no identifiers. A sample is named after its row, so that predictions can be joined back later.

# %%
def tidy_name(name: str) -> str:
    """`mean concave points` becomes `concave_points_mean`, `radius error` `radius_error`."""
    words = name.split()
    if words[0] in ("mean", "worst"):
        words = [*words[1:], words[0]]
    return "_".join(words)


samples = source.data.rename(columns=tidy_name)
samples.insert(0, "sample_id", [f"S{row:03d}" for row in range(1, len(samples) + 1)])
code_of_malignant = list(source.target_names).index("malignant")
samples["malignant"] = (source.target == code_of_malignant).astype(int)

samples["malignant"].map({0: "benign", 1: "malignant"}).value_counts().to_frame("samples")

# %% [markdown]
# ## Can these numbers be true?
#
# Beyond missing values and duplicates, geometry gives checks that do not depend on opinion:
#
# - the area of a nucleus should be close to that of a circle with its mean radius;
# - no outline is shorter than the circle's around the same area, so perimeter² / (4π · area) is at least 1;
# - the "worst" value is a mean of the largest ones, so it is never below the mean.

# %%
numbers = samples.drop(columns=["sample_id", "malignant"])
measured = [name.removesuffix("_mean") for name in numbers if name.endswith("_mean")]

circle_area = np.pi * samples["radius_mean"] ** 2
area_ratio = samples["area_mean"] / circle_area
roundness = samples["perimeter_mean"] ** 2 / (4 * np.pi * samples["area_mean"])
worst_below_mean = sum(
    int((samples[f"{name}_worst"] < samples[f"{name}_mean"]).sum()) for name in measured
)

pd.Series(
    {
        "missing values": int(numbers.isna().sum().sum()),
        "duplicated samples": int(numbers.duplicated().sum()),
        "negative values": int((numbers < 0).sum().sum()),
        "area / circle's area, smallest": round(area_ratio.min(), 3),
        "area / circle's area, largest": round(area_ratio.max(), 3),
        "perimeter² / (4π · area), smallest": round(roundness.min(), 3),
        "worst value below the mean": worst_below_mean,
    },
    dtype=object,
).to_frame("found")

# %%
zero_columns = numbers.columns[(numbers == 0).any()]
with_zeros = samples.loc[(samples[zero_columns] == 0).any(axis=1)]
print("columns with zeros:", ", ".join(zero_columns))
print(f"samples with zeros: {len(with_zeros)}, malignant: {with_zeros['malignant'].sum()}")
print("all six at once:", bool((with_zeros[zero_columns] == 0).all(axis=None)))

# %% [markdown]
# The zeros are no missing values in disguise. They come together, in all six columns that count dents of the outline, and only in benign samples: nuclei without a dent have nothing to measure. They stay zeros. (It follows that no logarithm is taken of these columns later.)
#
# The geometry holds for every sample: areas agree with radii within 10 %, no outline is impossibly short, no "worst" lies below its mean. So the largest values are large nuclei and no slips of the decimal point, and **no sample is removed**.

# %%
assert numbers.notna().all(axis=None)
assert not numbers.duplicated().any()
assert area_ratio.between(0.9, 1.1).all()
assert (roundness >= 1).all()
assert worst_below_mean == 0
assert samples["malignant"].sum() == 212

# %%
samples.to_csv(dataset("cell-measurements_cleaned.csv", "w"), index=False)
