"""Holm's correction, against statsmodels."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from mirrortest.multiplicity import holm


def test_it_is_that_of_statsmodels() -> None:
    p = np.array([0.01, 0.04, 0.03, 0.005, 0.9])
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert holm(p) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.9])


def test_what_is_no_test_counts_for_none() -> None:
    assert holm(np.array([0.02, np.nan, 0.03])) == pytest.approx([0.04, np.nan, 0.04], nan_ok=True)
    assert len(holm(np.array([]))) == 0
