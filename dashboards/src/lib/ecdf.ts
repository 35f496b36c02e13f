// Read off a distribution function whose steps are (value, share of samples that are <= value).

// The smallest step whose share reaches `share`.
export function quantile(value: Float64Array, share: Float64Array, of: number): number | undefined {
  let low = 0;
  let high = value.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((share[middle] ?? 1) < of) low = middle + 1;
    else high = middle;
  }
  return low < value.length ? value[low] : undefined;
}

// The share of samples that are at most `limit`.
export function shareWithin(value: Float64Array, share: Float64Array, limit: number): number {
  let within = 0;
  for (let i = 0; i < value.length && (value[i] ?? Infinity) <= limit; ++i) within = share[i] ?? 0;
  return within;
}
