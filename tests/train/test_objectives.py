"""Every term of the objectives against arrays worked by hand, and against autograd through phi."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from basalt_iq.agent.policy import soft_value
from basalt_iq.agent.soft_head import FactoredHead
from basalt_iq.errors import UserError
from basalt_iq.train.config import ObjectiveConfig
from basalt_iq.train.objectives import Transitions, gradient_penalty, objective, target

FEW = settings(max_examples=25, deadline=None)
EVERY_GOAL = given(
    st.integers(0, 10**6),
    st.sampled_from(["iq", "bc", "sqil"]),
    st.sampled_from(["value", "value_expert", "v0"]),
)
HALF = ObjectiveConfig(discount=0.5)  # gamma = 1/2 keeps the arithmetic in the head


def flat(value: float) -> list[float]:
    """Two actions whose soft value at temperature 1 is `value`: exp(Q) sum to exp(value)."""
    return [value - math.log(4), value + math.log(0.75)]


def rows(values, actions, nexts, done=None, expert=None, first=None) -> Transitions:
    """Transitions with Q(s, .) = flat(value): the policy is (1/4, 3/4) in every state."""
    q_t = torch.tensor([[flat(v) for v in row] for row in values], dtype=torch.float64)
    shape = q_t.shape[:2]
    return Transitions(
        q_t=q_t.requires_grad_(), v_tp1=torch.tensor(nexts, dtype=torch.float64).requires_grad_(),
        a_t=torch.tensor(actions), weight=torch.ones(shape, dtype=torch.float64),
        done_t=torch.tensor(done) if done else torch.zeros(shape, dtype=torch.bool),
        expert=torch.tensor(expert) if expert else torch.ones(shape[0], dtype=torch.bool),
        first=torch.tensor(first) if first else torch.zeros(shape, dtype=torch.bool),
    )  # fmt: skip


def random_batch(seed: int, policy_rows: bool = True, done: bool = True) -> Transitions:
    g = torch.Generator().manual_seed(seed)
    batch, steps, actions = 4, 3, 5
    expert = torch.arange(batch) < (2 if policy_rows else batch)
    ends = torch.rand(batch, steps, generator=g) < (0.3 if done else 0)
    weight = (torch.rand(batch, steps, generator=g) < 0.8).double()
    weight[:, 0] = 1
    return Transitions(
        q_t=torch.randn(batch, steps, actions, generator=g, dtype=torch.float64).requires_grad_(),
        v_tp1=torch.randn(batch, steps, generator=g, dtype=torch.float64).requires_grad_(),
        a_t=torch.randint(actions, (batch, steps), generator=g),
        done_t=ends, weight=weight, expert=expert, first=torch.rand(batch, steps, generator=g) < 0.3,
    )  # fmt: skip


def gradients(batch: Transitions, loss: torch.Tensor) -> list[torch.Tensor]:
    wanted = torch.autograd.grad(loss, [batch.q_t, batch.v_tp1], allow_unused=True)
    sources = (batch.q_t, batch.v_tp1)
    return [torch.zeros_like(s) if g is None else g for g, s in zip(wanted, sources, strict=True)]


def test_cloning_by_hand():
    batch = rows([[0.0, 7.0]], [[0, 1]], [[0.0, 0.0]])
    loss, metrics = objective(batch, ObjectiveConfig(name="bc"))
    by_hand = (math.log(4) + math.log(4 / 3)) / 2
    assert loss.item() == pytest.approx(by_hand)
    assert float(metrics["nll"]) == pytest.approx(by_hand)


def test_temperature_sharpens():
    """At tau = 1/2 the odds 1 : 3 become 1 : 9."""
    batch = rows([[0.0]], [[0]], [[0.0]])
    loss, _ = objective(batch, ObjectiveConfig(name="bc", temperature=0.5))
    assert loss.item() == pytest.approx(math.log(10))


def test_iq_terms_by_hand():
    """One expert step: Q(s, a) = 1 + log(3/4), V(s) = 1, V(s') = 2, so y = 1 and r = log(3/4)."""
    batch = rows([[1.0]], [[1]], [[2.0]])
    loss, metrics = objective(batch, replace(HALF, alpha=0.5))
    r = math.log(0.75)
    assert float(metrics["reward_expert"]) == pytest.approx(r)
    assert float(metrics["expert_term"]) == pytest.approx(-r)
    assert float(metrics["value_term"]) == pytest.approx(0)
    assert float(metrics["regulariser"]) == pytest.approx(r**2 / 2)
    assert float(metrics["v_expert"]) == pytest.approx(1)
    assert loss.item() == pytest.approx(-r + r**2 / 2)


BOTH = {
    "values": [[3.0], [5.0]], "actions": [[1], [1]], "nexts": [[2.0], [4.0]],
    "expert": [True, False], "first": [[True], [False]],
}  # fmt: skip
# V - y: 3 - 1 = 2 for the expert, 5 - 2 = 3 for the policy


@pytest.mark.parametrize(("term", "expected"), [("value_expert", 2), ("value", 2.5), ("v0", 0.5 * 3)])
def test_value_terms_by_hand(term, expected):
    _, metrics = objective(rows(**BOTH), replace(HALF, value_term=term))
    assert float(metrics["value_term"]) == pytest.approx(expected)


def test_first_states_of_both_sides_count():
    both = BOTH | {"first": [[True], [True]]}
    _, metrics = objective(rows(**both), replace(HALF, value_term="v0"))
    assert float(metrics["value_term"]) == pytest.approx(0.5 * (3 + 5) / 2)


def test_where_the_regulariser_acts():
    r_expert, r_policy = 2 + math.log(0.75), 3 + math.log(0.75)
    for where, expected in [("expert", r_expert**2 / 2), ("mixture", (r_expert**2 + r_policy**2) / 4)]:
        _, metrics = objective(rows(**BOTH), replace(HALF, regularise=where))
        assert float(metrics["regulariser"]) == pytest.approx(expected)
    assert float(metrics["reward_policy"]) == pytest.approx(r_policy)


def test_mixture_weighs_both_sides_alike_however_many_rows():
    """Three policy rows against one expert row still count half."""
    values, nexts = [[3.0], [5.0], [5.0], [5.0]], [[2.0], [4.0], [4.0], [4.0]]
    batch = rows(values, [[1]] * 4, nexts, expert=[True, False, False, False])
    _, metrics = objective(batch, replace(HALF, value_term="value"))
    assert float(metrics["value_term"]) == pytest.approx(2.5)


@FEW
@given(st.integers(0, 10**6))
def test_mixture_without_policy_rows_is_the_experts_mean(seed):
    batch = random_batch(seed, policy_rows=False)
    expert, mixture = (objective(batch, ObjectiveConfig(regularise=r))[0] for r in ("expert", "mixture"))
    assert_close(expert, mixture)


@FEW
@given(st.integers(0, 10**6), st.floats(0.05, 5), st.floats(0.1, 10), st.floats(0, 2))
def test_offline_iq_is_cloning_plus_squared_reward(seed, tau, alpha, absorbing):
    """L = tau NLL + E[r^2] / (4 alpha): the targets cancel, value and gradient alike."""
    batch = random_batch(seed)
    config = ObjectiveConfig(temperature=tau, alpha=alpha, absorbing_reward=absorbing)
    nll, _ = objective(batch, replace(config, name="bc"))
    r_t = batch.q_t.gather(-1, batch.a_t[..., None])[..., 0] - target(batch, config)
    known = tau * nll + batch.mean(r_t**2, batch.expert) / (4 * alpha)
    loss, _ = objective(batch, config)
    assert_close(loss, known)
    assert_close(gradients(batch, loss), gradients(batch, known))


@FEW
@given(st.integers(0, 10**6), st.floats(0.05, 5))
def test_without_regulariser_it_is_cloning(seed, tau):
    batch = random_batch(seed)
    loss, _ = objective(batch, ObjectiveConfig(temperature=tau, alpha=math.inf))
    nll, _ = objective(batch, ObjectiveConfig(temperature=tau, name="bc"))
    assert_close(gradients(batch, loss), gradients(batch, tau * nll))


PHI = {
    "chi2": lambda r: r - r**2 / (4 * 0.5),
    "hellinger": lambda r: r / (1 + r),
    "kl": lambda r: -torch.exp(-r),
    "js": lambda r: torch.log(2 - torch.exp(-r)),
    "tv": lambda r: r,
}


@pytest.mark.parametrize("divergence", PHI)
@FEW
@given(seed=st.integers(0, 10**6))
def test_gradient_is_that_of_phi(divergence, seed):
    """Weighing by phi'(r) held constant gives the gradient of -E[phi(r)], inside phi's domain."""
    batch = random_batch(seed, done=False)
    q_t = (batch.q_t.detach() / 4 + 3).requires_grad_()  # r > 0: every phi is defined there
    batch = replace(batch, q_t=q_t)
    config = ObjectiveConfig(divergence=divergence, alpha=0.5)
    y_t = target(batch, config)
    r_t = batch.q_t.gather(-1, batch.a_t[..., None])[..., 0] - y_t
    value = batch.mean(soft_value(batch.q_t, 1.0) - y_t, batch.expert)
    through_phi = -batch.mean(PHI[divergence](r_t), batch.expert) + value
    loss, _ = objective(batch, config)
    assert_close(gradients(batch, loss), gradients(batch, through_phi))


@pytest.mark.parametrize("divergence", ["hellinger", "kl", "js"])
@pytest.mark.parametrize("value", [-1.0 - math.log(0.75), -math.log(2) - math.log(0.75), -50.0])
def test_poles_of_phi_are_bounded(divergence, value):
    """At and beyond the poles r = -1 and r = -log 2 the weight is its maximum, never infinite or negative."""
    batch = rows([[value]], [[1]], [[0.0]])
    loss, metrics = objective(batch, ObjectiveConfig(divergence=divergence))
    weight = float(metrics["expert_term"] / -metrics["reward_expert"])
    assert 0 < weight <= 100 * (1 + 1e-6)
    assert all(bool(g.isfinite().all()) for g in gradients(batch, loss))


@FEW
@EVERY_GOAL
def test_padding_does_not_count(seed, name, term):
    """Whatever stands in padding changes neither loss nor gradient."""
    batch = random_batch(seed)
    padding = batch.weight == 0
    q_t = batch.q_t.detach() + 1e3 * padding[..., None]
    other = replace(batch, q_t=q_t.requires_grad_(), a_t=torch.where(padding, 0, batch.a_t))
    config = ObjectiveConfig(name=name, value_term=term, regularise="mixture")
    first, second = objective(batch, config)[0], objective(other, config)[0]
    assert_close(first, second)
    found = gradients(other, second)
    assert_close(gradients(batch, first), found)
    assert not found[0][padding].any()


@FEW
@EVERY_GOAL
def test_shares_of_a_split_batch_add_up_to_the_whole(seed, name, term):
    """Each process has its rows, with other numbers of counted steps and of first states, and the sums."""
    batch = random_batch(seed, policy_rows=False)
    config = ObjectiveConfig(name=name, value_term=term)
    parts = [rows_of(batch, slice(0, 1)), rows_of(batch, slice(1, 4))]
    counts: list[list[torch.Tensor]] = [[], []]
    for part, seen in zip(parts, counts, strict=True):
        objective(replace(part, everywhere=lambda n, seen=seen: (seen.append(n), n)[1]), config)
    shares = []
    for part in parts:
        sums = iter([a + b for a, b in zip(*counts, strict=True)])
        shares.append(objective(replace(part, everywhere=lambda n, sums=sums: next(sums)), config)[0])
    loss = objective(batch, config)[0]
    assert_close(shares[0] + shares[1], loss)
    assert_close(gradients(batch, shares[0] + shares[1]), gradients(batch, loss))


def rows_of(batch: Transitions, rows: slice) -> Transitions:
    names = ("q_t", "v_tp1", "a_t", "done_t", "weight", "expert", "first")
    return Transitions(**{name: getattr(batch, name)[rows] for name in names})


def test_endings_are_worth_nothing_unless_told():
    batch = rows([[1.0, 1.0]], [[1, 1]], [[2.0, 2.0]], done=[[False, True]])
    assert target(batch, HALF).tolist() == [[1.0, 0.0]]


def test_absorbing_reward_by_hand():
    """1/5 a step for ever is worth (1/5) / (1 - 1/2), discounted once; minus it after the policy's ending."""
    batch = rows([[0.0], [0.0]], [[0], [0]], [[9.0], [9.0]], done=[[True], [True]], expert=[True, False])
    y_t = target(batch, replace(HALF, absorbing_reward=0.2))
    assert_close(y_t, torch.tensor([[0.2], [-0.2]], dtype=torch.float64))


def test_clipping_by_hand():
    """alpha = 1/4 bounds the mixture's rewards by 1, and with gamma = 1/2 values by 2."""
    batch = rows([[0.0, 0.0, 0.0]], [[0, 0, 0]], [[9.0, -9.0, 1.5]])
    y_t = target(batch, replace(HALF, alpha=0.25, clip_targets=True))
    assert y_t.tolist() == [[1.0, -1.0, 0.75]]
    slope = torch.autograd.grad(y_t.sum(), batch.v_tp1)[0]
    assert slope.tolist() == [[0.0, 0.0, 0.5]]


def test_sqil_by_hand():
    """Expert: Q = 3 + log(3/4) against 1 + 1; policy: 5 + log(3/4) against 0 + 2."""
    loss, metrics = objective(rows(**BOTH), replace(HALF, name="sqil"))
    expert, policy = (1 + math.log(0.75)) ** 2, (3 + math.log(0.75)) ** 2
    assert float(metrics["bellman_expert"]) == pytest.approx(expert)
    assert float(metrics["bellman_policy"]) == pytest.approx(policy)
    assert loss.item() == pytest.approx((expert + policy) / 2)
    assert float(metrics["reward_expert"]) == pytest.approx(2 + math.log(0.75))
    assert float(metrics["reward_policy"]) == pytest.approx(3 + math.log(0.75))
    assert [float(metrics[f"v_{side}"]) for side in ("expert", "policy")] == pytest.approx([3, 5])


def test_sqil_holds_its_targets_constant():
    batch = rows(**BOTH)
    assert not gradients(batch, objective(batch, replace(HALF, name="sqil"))[0])[1].any()


def test_iq_learns_through_its_targets():
    batch = rows(**BOTH)
    assert gradients(batch, objective(batch, HALF)[0])[1].all(-1).tolist() == [True, False]


def test_cloning_first_then_the_objective():
    config = ObjectiveConfig(clone_first=3, temperature=0.1)
    assert [config.at(update).name for update in (0, 2, 3, 4)] == ["bc", "bc", "iq", "iq"]
    assert config.at(0) == replace(config, name="bc")
    assert ObjectiveConfig().at(0).name == "iq"


def test_gradient_penalty_by_hand():
    """Q = x0^2 / 2 + 2 x1 at (3, 0) and at halfway to (1, 0): slopes (3, 2) and (2, 2)."""
    expert, policy = torch.tensor([[3.0, 0.0], [3.0, 0.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    share = torch.tensor([1.0, 0.5])
    scale = torch.tensor(1.0, requires_grad=True)
    penalty = gradient_penalty(lambda x: scale * (x[:, 0] ** 2 / 2 + 2 * x[:, 1]), expert, policy, share)
    slopes = (math.sqrt(13), math.sqrt(8))
    assert penalty.tolist() == pytest.approx([(s - 1) ** 2 for s in slopes])
    (slope,) = torch.autograd.grad(penalty.mean(), scale)
    assert float(slope) == pytest.approx(sum((s - 1) * s for s in slopes))


def test_shapes_are_checked():
    batch = random_batch(0)
    for name in ("v_tp1", "a_t", "done_t", "weight", "first", "expert"):
        with pytest.raises(ValueError, match=name):
            replace(batch, **{name: getattr(batch, name)[:1]})
    with pytest.raises(ValueError, match="share"):
        gradient_penalty(lambda x: x.sum(1), torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(3))


BAD = [
    ("temperature", 0),
    ("alpha", 0),
    ("discount", 1),
    ("discount", -0.1),
    ("clone_first", -1),
    ("gradient_penalty", -1),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_impossible_settings_are_refused(name, value):
    with pytest.raises(UserError, match=f"--{name.replace('_', '-')} {value}: must be"):
        ObjectiveConfig(**{name: value})


@FEW
@EVERY_GOAL
def test_a_factored_head_has_the_loss_of_its_actions_written_out(seed, name, value_term):
    head, config = FactoredHead((3, 2, 2), 2), ObjectiveConfig(name, temperature=0.3, value_term=value_term)
    batch = random_batch(seed)
    g = torch.Generator().manual_seed(seed)
    outputs = torch.randn(*batch.a_t.shape, head.outputs, generator=g, dtype=torch.float64).requires_grad_()
    actions = torch.randint(head.actions, batch.a_t.shape, generator=g)
    short = replace(batch, q_t=outputs, a_t=actions, head=head)
    written = replace(batch, q_t=head.q(outputs), a_t=actions)
    (one, said), (other, told) = objective(short, config), objective(written, config)
    assert_close(one, other, rtol=1e-10, atol=1e-10)
    assert_close(said, told)
    slopes = [torch.autograd.grad(loss, outputs, retain_graph=True)[0] for loss in (one, other)]
    assert_close(*slopes, rtol=1e-9, atol=1e-9)
