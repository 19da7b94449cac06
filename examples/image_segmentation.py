# %% [markdown]
"""
Image segmentation
==================

A photograph of 65,536 pixels as a mixture of colours: each pixel gets the mean colour of its
component, and a map says how unsure each pixel is. With so many rows the posterior is nearly
normal, so ``method="laplace"`` answers in seconds; pixels of one colour count as one row.
"""

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image
from skimage.data import chelsea
from sklearn.datasets import load_sample_image

import bayesgmm as bg

photograph = Image.fromarray(load_sample_image("china.jpg")).resize((256, 256))
image = np.asarray(photograph)  # 256 x 256 pixels of three numbers, red, green and blue

# %% [markdown]
# The rows are the pixels. Two colours or eight, one shape of covariance for all (``"tied"``) or one
# for each (``"full"``).


# %%
def fit_colors(image, n_components, covariance_type):
    pixels = image.reshape(-1, image.shape[2] if image.ndim == 3 else 1)
    how = {"covariance_type": covariance_type, "method": "laplace", "random_state": 1}
    return bg.BayesianGaussianMixture(n_components, progressbar=False, **how).fit(pixels)


def fit_all(image):
    choices = [(2, "tied"), (2, "full"), (8, "tied"), (8, "full")]
    return {(K, family): fit_colors(image, K, family) for K, family in choices}


def show_all(fits, image):
    with bg.plot_style():
        axes = plt.subplots(1, 4, figsize=(12, 3.3), layout="constrained")[1]
    for ax, ((K, family), fit) in zip(axes, fits.items(), strict=True):
        ax.imshow(bg.segment_image(fit, image).colors, cmap="gray", vmin=0, vmax=255)
        ax.set_title(f"K = {K}, {family}")
        ax.set_axis_off()


fits = fit_all(image)
bg.plot_segmentation(fits[8, "full"], image)

# %% [markdown]
# Full components may be thin and long, as the shades of one material are; tied ones cut the colours
# into regions of equal shape, and keep the red of the pagoda.

# %%
show_all(fits, image)

# %% [markdown]
# Each fit says how far its normal approximation can be trusted: a k-hat below 0.7 is good, and the
# last line of the summary puts it in words.

# %%
trust = {f"{K}, {family}": fit.posterior_.attrs["pareto_k"] for (K, family), fit in fits.items()}
pd.Series(trust, name="k-hat").rename_axis("K, family").to_frame().round(2)

# %% [markdown]
# In grey a row is one number, and only 256 of them are distinct. The same four: with one feature
# ``"tied"`` is one width for all components, ``"full"`` one for each.

# %%
grey = np.asarray(photograph.convert("L"))
grey_fits = fit_all(grey)
show_all(grey_fits, grey)

# %%
bg.plot_segmentation(grey_fits[8, "tied"], grey)

# %% [markdown]
# The cat, and her segmented picture as a file.

# %%
cat = np.asarray(Image.fromarray(chelsea()).resize((256, 256)))
cat_fit = fit_colors(cat, 8, "tied")
results = Path("results")
results.mkdir(exist_ok=True)
Image.fromarray(bg.segment_image(cat_fit, cat).colors).save(results / "segmented_cat.png")
bg.plot_segmentation(cat_fit, cat)
