import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score

from checkstar.errors import InputError
from checkstar.studies.contributions import by_unit, of_accuracy, of_any, of_balanced_accuracy


def classes(n, rng):
    truth = rng.choice(["RRab", "RRc", "EA"], n, p=[0.6, 0.3, 0.1])
    predicted = np.where(rng.random(n) < 0.7, truth, "RRab")
    return truth, predicted


def test_the_mean_of_the_contributions_is_the_score():
    truth, predicted = classes(500, np.random.default_rng(0))
    assert of_accuracy(truth, predicted).mean() == pytest.approx((truth == predicted).mean())
    # scikit-learn as the second implementation.
    assert of_balanced_accuracy(truth, predicted).mean() == pytest.approx(balanced_accuracy_score(truth, predicted))


def test_the_scatter_of_balanced_contributions_is_that_of_the_score():
    rng = np.random.default_rng(1)
    drawn = [of_balanced_accuracy(*classes(400, rng)) for _ in range(800)]
    told = np.mean([d.std() / 20 for d in drawn])
    # 800 draws know a standard deviation to 2.5 %; 10 % is four of these.
    assert told == pytest.approx(np.std([d.mean() for d in drawn]), rel=0.1)


def test_groups_that_are_left_out_give_the_scatter_of_any_score():
    rng = np.random.default_rng(2)
    values = rng.standard_normal((400, 400))
    units = np.arange(400)
    told = np.mean([of_any(lambda rows, v=v: float(np.mean(v[rows] ** 2)), units).std() / 20 for v in values[:60]])
    assert told == pytest.approx(np.std((values**2).mean(axis=1)), rel=0.1)  # as above
    one = of_any(lambda rows: float(values[0][rows].mean()), units)
    assert one.mean() == pytest.approx(values[0].mean(), abs=1e-6)  # groups of equal size


def test_scatter_of_a_median_is_found_with_few_objects():
    rng = np.random.default_rng(3)
    units, covered = np.arange(200), 0
    for values in rng.normal(0.3, 1.0, (200, 200)):
        made = of_any(lambda rows, v=values: abs(float(np.median(v[rows]))), units)
        covered += abs(made.mean() - 0.3) < 1.96 * made.std(ddof=1) / np.sqrt(200)
    # 99.9 % of a binomial at 0.95; leaving out one object at a time holds in 0.68.
    assert covered >= stats.binom.ppf(0.001, 200, 0.95)


def test_contributions_need_two_units():
    with pytest.raises(InputError, match="all 3 objects belong to one unit"):
        of_any(lambda rows: 0.0, np.zeros(3, int))


def test_sums_are_those_of_the_units_that_are_there():
    sums = by_unit(np.array([[1.0], [2.0], [6.0]]), np.array([7, 7, 9]))
    assert sums.tolist() == [[-3.0], [3.0]]
