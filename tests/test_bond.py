"""BOND and J-BOND by hand, and on a toy of eight outcomes where every expectation is exact."""

import math

import pytest
import torch

from posttrain.losses import jbond_loss, jbond_reward
from posttrain.losses.bond import best_of_two, bond_reward, jbond_weights, quantile_reward

LOG16 = math.log(16)
# Eight outcomes of the anchor, with rewards that tie here and there.
START = torch.tensor([0.28, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05, 0.02], dtype=torch.float64)
TIED = torch.tensor([1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 6.0], dtype=torch.float64)
APART = torch.arange(8, dtype=torch.float64)


def chances(p, rewards):
    """p_≤ and p_< of each outcome, by summing."""
    at_most = torch.stack([p[rewards <= r].sum() for r in rewards])
    return at_most, torch.stack([p[rewards < r].sum() for r in rewards])


def best_of(p, rewards, n):
    """The distribution of the best of n, ties shared by the anchor's own odds: p(y)·(F(r)^n − F(r⁻)^n)/P(r)."""
    at_most, below = chances(p, rewards)
    return p * (at_most**n - below**n) / (at_most - below)


def kl(p, q):
    return (p * (p / q).log()).sum().item()


def test_the_table_of_rewards():
    """Worse than both: −log 16. Between, equal to one, equal to both, better: 0."""
    anchors = torch.tensor([[0.5, 0.7]] * 6)
    found = jbond_reward(torch.tensor([0.4, 0.5, 0.6, 0.7, 0.9, -1.0]), anchors)
    assert found.tolist() == pytest.approx([-LOG16, 0, 0, 0, 0, -LOG16])
    assert jbond_reward(torch.tensor([0.5]), torch.tensor([[0.5, 0.5]])).tolist() == [0.0]
    assert jbond_reward(torch.tensor([0.4, 0.4]), torch.tensor([[0.7, 0.5], [0.5, 0.7]])).tolist() == pytest.approx(
        [-LOG16] * 2
    )
    unjudged = jbond_reward(torch.tensor([math.nan, 0.1, 0.1]), torch.tensor([[0.0, 1], [math.nan, 1], [1, 1]]))
    assert unjudged.isnan().tolist() == [True, True, False]
    assert best_of_two(torch.tensor([[0.1, 0.2], [0.2, 0.1], [0.2, 0.2]])).tolist() == [1, 0, 0]


@pytest.mark.parametrize("n", [1, 2, 4, 16])
@pytest.mark.parametrize("rewards", [APART, TIED])
def test_the_exact_reward_is_the_log_ratio_to_the_best_of_n(n, rewards):
    exact = bond_reward(*chances(START, rewards), n)
    torch.testing.assert_close(exact, (best_of(START, rewards, n) / START).log())
    assert best_of(START, rewards, n).sum().item() == pytest.approx(1)


def test_quantiles_from_samples():
    """Of rewards 1, 2, 2, 3 and y's own 2: p_≤ = 4/5, p_< = 1/5, so for N = 2 log(4/5 + 1/5) = 0."""
    anchors = torch.tensor([[1.0, 2.0, 2.0, 3.0]])
    assert quantile_reward(torch.tensor([2.0]), anchors, 2).item() == pytest.approx(0.0, abs=1e-6)
    assert quantile_reward(torch.tensor([0.0]), anchors, 4).item() == pytest.approx(3 * math.log(1 / 5))
    best = quantile_reward(torch.tensor([9.0]), anchors, 4).item()
    assert best == pytest.approx(math.log(1 + 0.8 + 0.64 + 0.512))
    assert quantile_reward(torch.tensor([math.nan]), anchors, 2).isnan().all()
    generator = torch.Generator().manual_seed(0)
    drawn = torch.multinomial(START, 8 * 40_000, replacement=True, generator=generator).view(8, 40_000)
    many = quantile_reward(TIED, TIED[drawn], 4)
    torch.testing.assert_close(many, bond_reward(*chances(START, TIED), 4), atol=0.03, rtol=0)


def test_the_loss_by_hand():
    """β = ¼, γ = ½, two prompts: ρ = (.5, −1), R = (−.5, 1 − log 16), B their mean."""
    logps = torch.tensor([-2.0, -3.0], dtype=torch.float64, requires_grad=True)
    best = torch.tensor([-1.0, -4.0], dtype=torch.float64, requires_grad=True)
    anchor, reward = torch.tensor([-2.5, -2.0]), torch.tensor([0.0, -LOG16])
    loss, metrics = jbond_loss(logps, anchor, best, reward, beta=0.25, gamma=0.5)
    returns = (-0.5, 1 - LOG16)
    level = sum(returns) / 2
    rows = [
        0.75 * -b - 0.25 * (r - level) * lp + 0.5 * ratio * lp
        for b, r, lp, ratio in zip((-1, -4), returns, (-2, -3), (0.5, -1), strict=True)
    ]
    assert loss.item() == pytest.approx(sum(rows), rel=1e-6)
    assert metrics["prompts"] == 2 and metrics["kl"].item() == pytest.approx(-0.5)
    assert metrics["return"].item() == pytest.approx(sum(returns), rel=1e-6)
    loss.backward()
    expected = [-0.25 * (r - level) + 0.5 * ratio for r, ratio in zip(returns, (0.5, -1), strict=True)]
    assert logps.grad.tolist() == pytest.approx(expected, rel=1e-6) and best.grad.tolist() == [-0.75, -0.75]


def test_a_reply_that_could_not_be_judged_counts_for_nothing():
    logps, anchor, best = (torch.tensor([-1.0, -2.0, -3.0]) * s for s in (1.0, 1.1, 0.9))
    logps.requires_grad_()
    reward = torch.tensor([0.0, math.nan, -LOG16])
    loss, metrics = jbond_loss(logps, anchor, best, reward)
    kept = [0, 2]
    alone, _ = jbond_loss(logps[kept], anchor[kept], best[kept], reward[kept])
    assert loss.item() == pytest.approx(alone.item()) and metrics["prompts"] == 2
    (grad,) = torch.autograd.grad(loss, logps)
    assert grad.isfinite().all() and grad[1] == 0
    with pytest.raises(ValueError, match="beta"):
        jbond_loss(logps, anchor, best, reward, beta=2)


def expected_loss(theta, anchor, reward, best, beta, gamma=0.0):
    """The mean of the loss over y ~ π and y_best ~ `best`; as in the estimator, π's own weights carry no gradient."""
    logps = theta.log_softmax(0)
    policy = logps.exp().detach()
    returns = reward - (logps.detach() - anchor.log())
    level = (policy * returns).sum()
    own, _, _ = jbond_weights(logps, anchor.log(), reward, beta=beta, gamma=gamma, baseline=level)
    return (policy * own * logps).sum() + (1 - beta) * -(best * logps).sum()


def descend(anchor, reward, best, beta, steps=1500, rate=2.0, gamma=0.0):
    theta = anchor.log().clone().requires_grad_()
    for _ in range(steps):
        (grad,) = torch.autograd.grad(expected_loss(theta, anchor, reward, best, beta, gamma), theta)
        with torch.no_grad():
            theta -= rate * grad
    return theta.detach().softmax(0)


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_the_expected_gradient_is_that_of_the_written_objective(beta):
    """(1−β)·KL(π_BoN‖π) + β·KL(π‖π_BoN) + γ·KL(π‖π_a), differentiated by autograd."""
    theta = torch.randn(8, dtype=torch.float64, generator=torch.Generator().manual_seed(3)).requires_grad_()
    best, gamma = best_of(START, TIED, 4), 0.3
    reward = bond_reward(*chances(START, TIED), 4)
    (found,) = torch.autograd.grad(expected_loss(theta, START, reward, best, beta, gamma), theta)
    policy = theta.softmax(0)
    reverse, forward = (policy * (policy / best).log()).sum(), (best * (best / policy).log()).sum()
    written = (1 - beta) * forward + beta * reverse + gamma * (policy * (policy / START).log()).sum()
    torch.testing.assert_close(found, torch.autograd.grad(written, theta)[0])


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("n", [2, 4])
def test_bond_ends_in_the_best_of_n(beta, n):
    best = best_of(START, TIED, n)
    policy = descend(START, bond_reward(*chances(START, TIED), n), best, beta)
    assert kl(policy, best) < 1e-4 and kl(best, policy) < 1e-4


def expected_jbond_reward(anchor, rewards):
    """−log 16·(1 − p_≤)²: both of the anchor's replies are better."""
    return -LOG16 * (1 - chances(anchor, rewards)[0]) ** 2


def test_jbond_ends_in_its_own_closed_form():
    """At β = 1 π ∝ π_a·exp(−log 16·(1 − p_≤)²): near Best-of-2, and not it; γ draws it back to the anchor."""
    reward, best = expected_jbond_reward(START, APART), best_of(START, APART, 2)
    closed = (START.log() + reward).softmax(0)
    policy = descend(START, reward, best, beta=1.0)
    assert kl(policy, closed) < 1e-6
    distance = kl(policy, best)
    assert 1e-3 < distance < 0.05, distance  # it is near, and not the same
    half = kl(descend(START, reward, best, beta=0.5), best)
    assert half < distance
    drawn = descend(START, reward, best, beta=1.0, gamma=1.0)
    assert kl(drawn, (START.log() + reward / 2).softmax(0)) < 1e-6


@pytest.mark.parametrize(("rate", "tolerance"), [(3.0, 0.01), (1.0, 0.02)])
def test_with_a_moving_anchor_the_path_is_that_of_best_of_n(rate, tolerance):
    """η = .02, exact expectations: at every KL to the start the reward is the exact Best-of-N curve's, within 1 % where
    the policy keeps up with its anchor and 2 % where it is slower."""
    curve = [best_of(START, APART, float(n)) for n in torch.logspace(0, 8, 2000, base=2)]
    points = torch.tensor([[kl(p.clamp(min=1e-300), START), (p * APART).sum()] for p in curve])
    theta, anchor, path = START.log().clone().requires_grad_(), START.log().clone(), []
    for step in range(400):
        p = anchor.softmax(0)
        loss = expected_loss(theta, p, expected_jbond_reward(p, APART), best_of(p, APART, 2), 0.5)
        (grad,) = torch.autograd.grad(loss, theta)
        with torch.no_grad():
            theta -= rate * grad
            anchor += 0.02 * (theta - anchor)
        if step % 20 == 19:
            policy = theta.detach().softmax(0)
            path.append((kl(policy, START), (policy * APART).sum().item()))
    assert all(a[0] < b[0] for a, b in zip(path, path[1:], strict=False)) and path[0][0] < 0.3 and path[-1][0] > 3.5
    for distance, reward in path:
        nearest = points[(points[:, 0] - distance).abs().argmin(), 1].item()
        assert reward == pytest.approx(nearest, rel=tolerance), (distance, reward, nearest)


def test_sampled_gradients_are_unbiased():
    """y ~ π, two replies of the anchor: the mean gradient meets the expected one within four standard errors."""
    generator = torch.Generator().manual_seed(0)
    theta = torch.randn(8, dtype=torch.float64, generator=generator).requires_grad_()
    count, level = 200_000, -0.7
    logps = theta.log_softmax(0)
    y = torch.multinomial(logps.exp().detach(), count, replacement=True, generator=generator)
    drawn = torch.multinomial(START, 2 * count, replacement=True, generator=generator).view(count, 2)
    best = drawn.gather(1, best_of_two(APART[drawn])[:, None]).squeeze(1)
    reward = jbond_reward(APART[y], APART[drawn])
    # d loss / d θ of one draw is a(y)·(e_y − π) + b·(e_best − π): mean and spread need no loop.
    ones = torch.eye(8, dtype=torch.float64)
    ratio = (logps.detach() - START.log())[y]
    one = -0.5 * (reward - ratio - level)[:, None] * (ones[y] - logps.exp().detach())
    each = one - 0.5 * (ones[best] - logps.exp().detach())
    loss, _ = jbond_loss(logps[y], START.log()[y], logps[best], reward, baseline=level)
    (grad,) = torch.autograd.grad(loss / count, theta)
    torch.testing.assert_close(grad, each.mean(0))
    expected = torch.autograd.grad(
        expected_loss(theta, START, expected_jbond_reward(START, APART), best_of(START, APART, 2), 0.5), theta
    )[0]
    assert ((grad - expected).abs() < 4 * each.std(0) / count**0.5 + 1e-12).all()
