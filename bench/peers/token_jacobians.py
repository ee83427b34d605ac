"""What the peers of `ballast tokens` have in common: Jacobians of a map of states [1, T, d], token by token, by PyTorch's automatic differentiation."""
import math

import torch


def jacobian(f, x, t1, t2):
    """Of output token t2 by input token t1 of a state [1, T, d]."""

    def through(v):
        return f(torch.cat([x[:, :t1], v.view(1, 1, -1), x[:, t1 + 1 :]], 1))[0, t2]

    return torch.autograd.functional.jacobian(through, x[0, t1])


def described(name, part, f, x, tokens, top, all_tokens):
    """Leading singular values of each pair of tokens and of all, radius and departure from normality of each token; and the Jacobians of tokens by themselves."""
    pairs, normality, own = [], [], {}
    for t1 in tokens:
        for t2 in tokens:
            j = jacobian(f, x, t1, t2)
            pairs.append({"from": t1, "to": t2, "singularValues": torch.linalg.svdvals(j)[:top].tolist(), "frobenius": j.norm().item()})
            if t1 == t2:
                own[t1] = j
                values = torch.linalg.eigvals(j)
                departure = math.sqrt(max(0, (j.norm() ** 2 - values.abs().square().sum()).item())) / j.norm().item()
                normality.append({"token": t1, "radius": values.abs().max().item(), "departure": departure})
    values = []
    if all_tokens:
        whole = torch.autograd.functional.jacobian(f, x).reshape(x.numel(), x.numel())
        values = torch.linalg.svdvals(whole)[:top].tolist()
    return {"name": name, "part": part, "singularValues": values, "pairs": pairs, "normality": normality}, own


def coupling(j1, j2, top):
    """m_K(J1, J2) of arXiv 2407.07810."""
    s1 = torch.linalg.svd(j1)[1][:top]
    u2, _, v2 = torch.linalg.svd(j2)
    return ((u2[:, :top].T @ j1 @ v2[:top].T - torch.diag(s1)).norm() / s1.norm()).item()
