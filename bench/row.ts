/** One measurement, and what it is set against in the same run. */
export interface BenchRow {
  readonly name: string
  /** Median of several runs. */
  readonly ours: number
  readonly unit: string
  readonly reference?: { readonly name: string; readonly value: number }
  /** ours / reference */
  readonly ratio?: number
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}
