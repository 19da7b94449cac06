"""The draws of a seed do not depend on what the process did before, nor on whether its functions had to be compiled."""

import os
import subprocess
import sys

FIT = """
import sys
import numpy as np
import bayesgmm as bg

X = bg.load_faithful()
if "EM first" in sys.argv:
    bg.GaussianMixture(3, random_state=1).fit(X).predict(X)
fit = bg.BayesianGaussianMixture(2, draws=20, tune=50, chains=1, random_state=1, progressbar=False).fit(X)
sys.stdout.write(fit.mixture_.means.tobytes().hex())
"""


def draw(*arguments, cache):
    command = [sys.executable, "-W", "ignore", "-c", FIT, *arguments]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def test_draws_are_the_same_compiled_or_from_the_disk_and_after_other_work(tmp_path):
    cold = draw(cache=tmp_path)
    assert cold == draw(cache=tmp_path)
    assert cold == draw("EM first", cache=tmp_path)
