// Chances of success that k of n do not rule out (Clopper and Pearson, 1934), as
// harness/stats/binomial_interval computes them.

function logFactorials(n: number): Float64Array {
  const out = new Float64Array(n + 1);
  for (let i = 2; i <= n; ++i) out[i] = (out[i - 1] ?? 0) + Math.log(i);
  return out;
}

// P(X <= k) of n trials with chance p.
function atMost(k: number, n: number, p: number, logs: Float64Array): number {
  if (p <= 0) return 1;
  if (p >= 1) return k >= n ? 1 : 0;
  let sum = 0;
  for (let i = 0; i <= k; ++i) {
    sum += Math.exp((logs[n] ?? 0) - (logs[i] ?? 0) - (logs[n - i] ?? 0) + i * Math.log(p) + (n - i) * Math.log1p(-p));
  }
  return Math.min(1, sum);
}

function root(falls: (p: number) => number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 60; ++i) {
    const middle = (low + high) / 2;
    if (falls(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export function clopperPearson(k: number, n: number, confidence = 0.95): { low: number; high: number } {
  if (n === 0) return { low: 0, high: 1 };
  const tail = (1 - confidence) / 2;
  const logs = logFactorials(n);
  return {
    low: k === 0 ? 0 : root((p) => tail - (1 - atMost(k - 1, n, p, logs))),
    high: k === n ? 1 : root((p) => atMost(k, n, p, logs) - tail),
  };
}
