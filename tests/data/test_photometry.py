import numpy as np

from checkstar.data.photometry import colour_covariance, colour_jacobian


def test_colours_are_the_blue_less_the_red():
    assert (colour_jacobian(3) @ [20.0, 19.0, 18.5]).tolist() == [20.0, 19.0, 18.5, 1.0, 0.5]


def test_neighbouring_colours_share_the_error_of_their_band():
    covariance = colour_covariance(np.array([[0.3, 0.2, 0.1]]))[0]
    expected = [[0.09, 0, 0, 0.09, 0], [0, 0.04, 0, -0.04, 0.04], [0, 0, 0.01, 0, -0.01]]
    expected += [[0.09, -0.04, 0, 0.13, -0.04], [0, 0.04, -0.01, -0.04, 0.05]]
    # The rounding of the colours adds 1e-12.
    np.testing.assert_allclose(covariance, expected, atol=1e-11)
    np.linalg.cholesky(covariance)
