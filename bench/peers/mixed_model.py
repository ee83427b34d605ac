"""The mixed model of src/comparison/mixed-model.ts by dense matrices and SciPy's optimizer: python3 bench/peers/mixed_model.py"""

import numpy as np
from scipy.optimize import minimize_scalar

n = 12
i = np.arange(n)
x = np.stack([np.ones(n), (i % 4) - 1.5, np.sin(i)], axis=1)
groups = i % 3
y = 2 + 0.7 * x[:, 1] - 0.3 * x[:, 2] + np.array([0.5, -0.4, 0.1])[groups] + 0.2 * np.cos(3 * i)


def at(log_ratio):
    v = np.eye(n) + np.exp(log_ratio) * (groups[:, None] == groups[None])
    inverse = np.linalg.inv(v)
    gram = x.T @ inverse @ x
    beta = np.linalg.solve(gram, x.T @ inverse @ y)
    r = y - x @ beta
    s2 = r @ inverse @ r / (n - x.shape[1])
    objective = (n - x.shape[1]) * np.log(s2) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(gram)[1]
    return objective, beta, np.sqrt(s2 * np.diag(np.linalg.inv(gram))), s2, np.exp(log_ratio) * s2


best = minimize_scalar(lambda t: at(t)[0], bounds=(-8, 8), method="bounded", options={"xatol": 1e-10})
_, beta, errors, s2, group = at(best.x)
print("coefficients", beta.tolist())
print("standard errors", errors.tolist())
print("variances", s2, group)
