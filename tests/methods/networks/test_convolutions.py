from __future__ import annotations

import numpy as np
import pytest

from checkstar.methods.networks.convolutions import Ring, convolve, pool

torch = pytest.importorskip("torch", reason="torch is not installed: networks cannot be trained")


def begun(lengths, width, cyclic, channels=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    points = [torch.randn(channels, n, generator=generator, dtype=torch.float64) for n in lengths]
    longest = max(lengths)
    table = torch.stack([torch.nn.functional.pad(one, (0, longest - one.shape[1])) for one in points])
    ring = Ring.of(torch.tensor(lengths), width, cyclic)
    return ring.begun(table), ring, points


@pytest.mark.parametrize(("lengths", "width"), [([7, 7], 7), ([7, 7], 16), ([5, 11, 16], 16), ([16, 3], 32)])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (2, 0), (3, 4), (40, 37)])
def test_a_ring_is_continued_with_its_own_points(lengths, width, before, after):
    x, ring, points = begun(lengths, width, cyclic=True)
    longer = ring.extended(x, before, after)
    places = np.arange(-before, width + after)
    for one, row in zip(points, longer, strict=True):
        assert torch.equal(row, one[:, places % one.shape[1]])


@pytest.mark.parametrize("width", [11, 16])
def test_without_a_ring_there_are_zeros_after_the_true_end(width):
    x, ring, points = begun([5, 11], width, cyclic=False)
    longer = ring.extended(x + 1, 2, 3)
    assert (longer[0, :, 2:7] == points[0] + 1).all()
    assert (longer[0, :, 7:] == 0).all() and (longer[:, :, :2] == 0).all() and (longer[:, :, width + 2 :] == 0).all()


def test_every_layer_keeps_the_continuation_so_layers_can_be_stacked():
    x, ring, _ = begun([9, 13], 16, cyclic=True)
    layer = torch.nn.Conv1d(3, 3, 3, dilation=4).double()
    out = pool(convolve(layer, x, ring), ring, 5)
    for n, row in zip([9, 13], out, strict=True):
        assert torch.allclose(row, row[:, np.arange(16) % n], rtol=0, atol=1e-14)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("dilation", [1, 3, 8])
def test_convolution_on_a_ring_is_the_sum_written_out(causal, dilation):
    x, ring, points = begun([10, 7], 16, cyclic=True)
    layer = torch.nn.Conv1d(3, 2, 3, dilation=dilation).double()
    out = convolve(layer, x, ring, causal=causal)
    offsets = np.array([-2, -1, 0] if causal else [-1, 0, 1]) * dilation
    for one, row in zip(points, out, strict=True):
        n = one.shape[1]
        for j in range(n):
            seen = one[:, (j + offsets) % n]
            assert torch.allclose(row[:, j], (layer.weight * seen).sum(dim=(1, 2)) + layer.bias, rtol=0, atol=1e-13)


def test_pooling_that_leaves_out_nothing_agrees_with_pooling_by_two_where_that_has_points():
    # Pooling by two, then a kernel of neighbours, against the same kernel at twice the distance on every point.
    n = 32
    x, ring, _ = begun([n, n], n, cyclic=True)
    layers = [torch.nn.Conv1d(3, 3, 3, dilation=2**i).double() for i in range(3)]
    strided, whole = x, x
    for i, layer in enumerate(layers):
        if i:
            strided = torch.nn.functional.max_pool1d(strided, 2)
            whole = pool(whole, ring, 2 ** (i - 1))
        narrow = torch.cat([strided[:, :, -1:], strided, strided[:, :, :1]], dim=2)
        strided = torch.nn.functional.conv1d(narrow, layer.weight, layer.bias)
        whole = convolve(layer, whole, ring)
    # Point i of the pooled sequence is the maximum up to point 4 i + 3 of the whole one.
    assert torch.allclose(strided, whole[:, :, 3::4], rtol=0, atol=1e-14)


def test_readouts_take_the_points_of_the_true_length():
    x, ring, points = begun([5, 11], 16, cyclic=True)
    for i, one in enumerate(points):
        assert torch.allclose(ring.mean(x)[i], one.mean(dim=1), rtol=1e-13)
        assert torch.equal(ring.last(x)[i], one[:, -1])
        n = one.shape[1]
        assert torch.equal(ring.spread(x, 4)[i], one[:, [n // 8, 3 * n // 8, 5 * n // 8, 7 * n // 8]])
