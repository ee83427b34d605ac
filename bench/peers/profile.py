"""Profile-likelihood intervals of B_crit by SciPy, for test/study/analysis/profile.test.ts: python3 bench/peers/profile.py"""

import numpy as np
from scipy import stats
from scipy.optimize import brentq, minimize_scalar

b = 16.0 * 2.0 ** np.arange(8)
wobble = np.array([1.05, 0.93, 1.08, 0.97, 1.02, 0.9, 1.1, 0.98])
s = 400 * (1 + 300 / b) * wobble
s2 = 250 * (1 + 500 / b) * wobble[::-1]
w = np.array([3, 3, 1, 3, 3, 2, 3, 3.0])


def rss(theta, s):
    r = np.log(s) - np.log1p(np.exp(theta) / b)
    return np.sum(w * (r - np.average(r, weights=w)) ** 2)


def fit(s):
    return minimize_scalar(lambda t: rss(t, s), bounds=(0, 12), method="bounded", options={"xatol": 1e-11}).x


t1, t2 = fit(s), fit(s2)
limit = rss(t1, s) * (1 + stats.f.ppf(0.95, 1, 6) / 6)
print("B_crit", np.exp(t1), "interval", np.exp(brentq(lambda t: rss(t, s) - limit, t1 - 5, t1)), np.exp(brentq(lambda t: rss(t, s) - limit, t1, t1 + 5)))

least = rss(t1, s) + rss(t2, s2)


def joint(delta):
    return minimize_scalar(lambda t: rss(t, s) + rss(t + delta, s2), bounds=(0, 12), method="bounded", options={"xatol": 1e-11}).fun


limit = least * (1 + stats.f.ppf(0.95, 1, 12) / 12)
d = t2 - t1
print("ratio", np.exp(d), "interval", np.exp(brentq(lambda x: joint(x) - limit, d - 4, d)), np.exp(brentq(lambda x: joint(x) - limit, d, d + 4)))
