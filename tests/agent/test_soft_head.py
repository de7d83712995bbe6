"""The factored head against every action of the product written out."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from basalt_iq.agent.soft_head import FactoredHead, JointHead

HEADS = st.builds(
    lambda keys, pitch, yaw, decisive: FactoredHead((keys, pitch, yaw), decisive),
    st.integers(1, 6), st.integers(1, 5), st.integers(1, 5), st.integers(0, 4),
)  # fmt: skip
CASES = settings(max_examples=40, deadline=None)


def outputs_of(head, seed, scale=3.0, shape=(4,)):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(*shape, head.outputs, generator=generator, dtype=torch.float64)


def enumerated(head, outputs):
    """Q of one state by the definition, an action at a time, in plain Python."""
    x, (keys, pitch, yaw) = outputs.tolist(), head.parts
    product = [
        x[k] + x[keys + p] + x[keys + pitch + y]
        for k, p, y in itertools.product(range(keys), range(pitch), range(yaw))
    ]
    return product + x[keys + pitch + yaw :]


def test_a_product_worked_by_hand():
    head = FactoredHead((2, 1, 2), 1)
    assert (head.outputs, head.actions) == (6, 5)
    ln = math.log  # keys (1, 2), pitch 1, yaw (1, 3), and 4 for what is decisive: in all (1 + 2)(1 + 3) + 4
    outputs = torch.tensor([0.0, ln(2), 0.0, 0.0, ln(3), ln(4)], dtype=torch.float64)
    assert head.value(outputs, 1.0).item() == pytest.approx(ln(16))
    assert head.q(outputs).exp().tolist() == pytest.approx([1, 3, 2, 6, 4])
    assert head.log_pi(outputs, torch.tensor(3), 1.0).item() == pytest.approx(ln(6 / 16))


@CASES
@given(HEADS, st.integers(0, 10**6), st.sampled_from([0.05, 0.1, 1.0, 3.0]))
def test_everything_is_what_enumerating_the_actions_gives(head, seed, tau):
    outputs = outputs_of(head, seed)
    q = torch.tensor([enumerated(head, row) for row in outputs], dtype=torch.float64)
    v = tau * torch.logsumexp(q / tau, -1)
    log_pi = (q - v[:, None]) / tau
    exact = {"rtol": 1e-10, "atol": 1e-10}
    assert q.shape[-1] == head.actions
    assert_close(head.q(outputs), q, **exact)
    assert_close(head.value(outputs, tau), v, **exact)
    assert_close(head.entropy(outputs, tau), -(log_pi.exp() * log_pi).sum(-1), **exact)
    each = outputs[:, None].expand(-1, head.actions, -1)
    index = torch.arange(head.actions).expand(len(q), -1)
    assert_close(head.chosen(each, index), q, **exact)
    assert_close(head.log_pi(each, index, tau), log_pi, **exact)
    assert_close(head.log_pi(each, index, tau).exp().sum(1), torch.ones_like(v), **exact)


@CASES
@given(HEADS, st.integers(0, 10**6))
def test_gradients_are_those_of_the_enumeration(head, seed):
    outputs = outputs_of(head, seed).requires_grad_()
    action = torch.arange(4) % head.actions
    short = head.log_pi(outputs, action, 0.5).sum() + head.entropy(outputs, 0.5).sum()
    written = JointHead(head.actions)
    q = head.q(outputs)
    long = written.log_pi(q, action, 0.5).sum() + written.entropy(q, 0.5).sum()
    assert_close(*(torch.autograd.grad(loss, outputs, retain_graph=True)[0] for loss in (short, long)))


@CASES
@given(st.integers(0, 10**6))
def test_adding_to_one_part_what_another_loses_changes_nothing(seed):
    head = FactoredHead((3, 2, 4), 2)
    outputs = outputs_of(head, seed)
    moved = outputs.clone()
    moved[..., :3] += 5.0
    moved[..., 3:5] -= 5.0
    assert_close(head.q(moved), head.q(outputs))
    assert_close(head.value(moved, 0.1), head.value(outputs, 0.1))


def test_large_values_stay_finite():
    head = FactoredHead((3, 2, 4), 2)
    outputs = outputs_of(head, 0, scale=1e4).float()
    for x in (head.value(outputs, 0.01), head.entropy(outputs, 0.01)):
        assert torch.isfinite(x).all()


def test_keys_and_turns_are_drawn_independently_and_exactly():
    """Sampling the written-out policy gives each part its own softmax, where nothing decisive is done."""
    head = FactoredHead((3, 2, 4), 2)
    outputs = outputs_of(head, 1, scale=1.0, shape=())
    pi = torch.softmax(head.q(outputs), -1)[: head.products].reshape(head.parts).numpy()
    pi = pi / pi.sum()
    keys, pitch, yaw = (torch.softmax(part, -1).numpy() for part in outputs[:9].split(head.parts))
    np.testing.assert_allclose(pi, np.einsum("k,p,y->kpy", keys, pitch, yaw), atol=1e-12)
