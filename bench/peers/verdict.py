"""Numbers of SciPy that the tests of src/verdict/ are held against: python3 bench/peers/verdict.py"""

import numpy as np
from scipy import stats

print("t quantile 0.975:", {df: float(stats.t.ppf(0.975, df)) for df in (1, 2, 3, 7.5, 30)})
print("t tail at 5:", {df: float(stats.t.sf(5, df)) for df in (1, 3, 12)})
print("F(1, d) quantile 0.95:", {df: float(stats.f.ppf(0.95, 1, df)) for df in (1, 2, 3, 9)})
print("F(3, 7) cdf at 2.5:", float(stats.f.cdf(2.5, 3, 7)))
print("normal cdf:", {x: float(stats.norm.cdf(x)) for x in (-8, -2.9, -1, 0.3, 3.5)})

a, b = [5.1, 5.4, 4.9, 5.6], [5.9, 6.4, 5.8]
welch = stats.ttest_ind(b, a, equal_var=False)
va, vb = np.var(a, ddof=1) / 4, np.var(b, ddof=1) / 3
df = (va + vb) ** 2 / (va**2 / 3 + vb**2 / 2)
half = stats.t.ppf(0.975, df) * np.sqrt(va + vb)
print("Welch b - a: p", float(welch.pvalue), "df", float(df), "interval", np.mean(b) - np.mean(a) - half, np.mean(b) - np.mean(a) + half)

d = [0.02, -0.05, 0.04, 0.01, -0.03]
m = np.log(1.25)
upper = stats.ttest_1samp(d, m, alternative="less").pvalue
lower = stats.ttest_1samp(d, -m, alternative="greater").pvalue
print("TOST within a factor of 1.25:", float(max(upper, lower)))

print("power of t, effect 1.2 se 0.4, df 6:", float(stats.nct.sf(stats.t.ppf(0.975, 6), 6, 3) + stats.nct.cdf(-stats.t.ppf(0.975, 6), 6, 3)))
rng = np.random.default_rng(0)
s = np.sqrt(rng.chisquare(6, 4_000_000) / 6)
z = rng.standard_normal(4_000_000)
c = stats.t.ppf(0.95, 6)
print("power of TOST, margin 1.2 se 0.4, df 6 (simulated):", float(np.mean((z + 3 > c * s) & (z - 3 < -c * s))))
print("Clopper-Pearson 3 of 3, 4 of 11:", [stats.binomtest(k, n).proportion_ci(0.95, "exact") for k, n in ((3, 3), (4, 11))])
