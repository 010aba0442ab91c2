import numpy as np
import pytest

from checkstar.data.dataset import Dataset
from checkstar.errors import InputError
from checkstar.methods import BoostedTrees, Ridge
from checkstar.methods.domain_guard import DomainGuard
from checkstar.testing import check_method
from checkstar.testing.method_contract import simulate_classes


def draw(n, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) + shift
    return Dataset(x, 2 * x[:, 0] + 0.1 * rng.normal(size=n))


def test_it_keeps_the_contract():
    check_method(DomainGuard(Ridge(), level=0.05))
    check_method(DomainGuard(BoostedTrees(random_state=0), level=0.05), simulate_classes())


def test_it_abstains_on_no_more_than_the_stated_share_of_ordinary_objects():
    guard = DomainGuard(Ridge(), level=0.05).fit_data(draw(4000))
    # Of two tests at 2.5 %, which agree on some objects; 4000 new objects and 4000 that calibrate: 0.5 %.
    assert 0.02 < guard.abstains(draw(4000, 1).x).mean() < 0.065


def test_outside_it_says_no_more_than_the_training_labels_do():
    train = draw(1000)
    guard = DomainGuard(Ridge()).fit_data(train)
    far = draw(20, 2, shift=10.0)
    said = guard.predict_distribution(far.x)
    assert guard.abstains(far.x).all()
    assert said.mean() == pytest.approx(np.full((20, 1), train.y.mean()))
    assert (said.std() >= train.y.std() - 1e-12).all()


def test_inside_it_is_the_method_inside():
    train, test = draw(1000), draw(200, 3)
    guard, plain = DomainGuard(Ridge()).fit_data(train), Ridge().fit_data(train)
    inside = ~guard.abstains(test.x)
    assert inside.sum() > 180
    expected, said = (m.predict_distribution(test.x[inside]) for m in (plain, guard))
    assert said.mean() == pytest.approx(expected.mean())
    assert said.std() == pytest.approx(expected.std())


def test_classes_outside_get_their_shares_in_the_training_set():
    data = simulate_classes(600)
    guard = DomainGuard(BoostedTrees(random_state=0)).fit_data(data)
    said = guard.predict_distribution(np.full((1, 6), 50.0))
    shares = [(data.y[:, 0] == name).mean() for name in said.names]
    assert said.probabilities[0] == pytest.approx(shares)


def test_an_object_of_which_nothing_was_seen_is_outside():
    guard = DomainGuard(Ridge()).fit_data(draw(500))
    x = np.zeros((2, 3))
    noise = np.array([[1.0, 1.0, 1.0], [np.inf, np.inf, np.inf]])
    from checkstar.noise import Gaussian

    assert guard.abstains(x, noise=Gaussian(noise)).tolist() == [False, True]


@pytest.mark.parametrize("level", [0, 1, -0.1])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(InputError, match="give a share of objects between 0 and 1"):
        DomainGuard(Ridge(), level=level).fit_data(draw(100))


def test_a_new_object_counts_as_much_as_a_whole_group():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(60, 3)), 20, axis=0) + 0.01 * rng.normal(size=(1200, 3))
    guard = DomainGuard(Ridge(), level=0.05).fit(x, x[:, 0], group=np.repeat(np.arange(60), 20))
    # Stranger than all 60 groups, twice for two scores; counted as 1200 objects it was 2 / 1201.
    assert guard.p_value(np.full((1, 3), 50.0)) == pytest.approx(2 / 61)


def test_too_few_objects_to_tell_any_are_refused():
    with pytest.raises(
        InputError, match=r"^DomainGuard got 150 independent objects, too few to tell any object at level="
    ):
        DomainGuard(Ridge()).fit_data(draw(150))
