import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basalt_iq.play.stats import mcnemar, pearson, spearman, wilson


def test_wilson_equals_values_worked_by_hand():
    # z = 1.959964, z^2 = 3.841459. 7 of 20: centre (0.35 + 0.096036) / 1.192073 = 0.374169,
    # half = 1.959964 / 1.192073 * sqrt(0.35 * 0.65 / 20 + 3.841459 / 1600) = 0.192977.
    assert wilson(7, 20) == pytest.approx((0.181192, 0.567146), abs=2e-6)
    # 0 of 10: (0, z^2 / (n + z^2)) = (0, 3.841459 / 13.841459)
    assert wilson(0, 10) == pytest.approx((0.0, 0.277533), abs=1e-6)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_and_mirrors(case):
    successes, trials = case
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    mirrored = wilson(trials - successes, trials)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-12)


def test_wilson_of_nothing_knows_nothing_and_nonsense_is_refused():
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError):
        wilson(3, 2)


def test_mcnemar_equals_the_binomial_by_hand():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(6, 0) == 2 / 2**6
    assert mcnemar(1, 5) == mcnemar(5, 1) == 2 * (1 + 6) / 2**6
    assert mcnemar(3, 3) == 1.0


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_probability_and_symmetric(a, b):
    assert 0 < mcnemar(a, b) <= 1
    assert mcnemar(a, b) == mcnemar(b, a)


def test_correlations():
    x = [1.0, 2.0, 3.0, 4.0]
    assert pearson(x, [2.0, 4.0, 6.0, 8.0]) == pytest.approx(1.0)
    # cov = 0.5 + 0.5 + ... by hand: x - 2.5 = (-1.5 -.5 .5 1.5), y - 2.5 = (-.5 -1.5 1.5 .5) -> 3 / 5
    assert pearson(x, [2.0, 1.0, 4.0, 3.0]) == pytest.approx(0.6)
    assert spearman(x, [1.0, 10.0, 100.0, 1000.0]) == pytest.approx(1.0)
    # ranks of y with a tie: 1, 2.5, 2.5, 4
    assert spearman(x, [0.0, 5.0, 5.0, 9.0]) == pytest.approx(4.5 / math.sqrt(5 * 4.5))


def test_correlation_ignores_gaps_and_refuses_constants():
    assert pearson([1, 2, np.nan, 3], [1, 2, 99, 3]) == pytest.approx(1.0)
    assert pearson([1, 1, 1], [1, 2, 3]) is None
    assert spearman([1, 2], [2, 1]) is None
