type Labels = Readonly<Record<string, string>>

export interface Counter {
  add(amount: number, labels?: Labels): void
}
export interface Gauge {
  set(value: number, labels?: Labels): void
}
export interface Histogram {
  record(value: number, labels?: Labels): void
}

/** Metrics as a port. Names follow Prometheus: `felix_…` where Calico has the metric, `tortie_…` otherwise. */
export interface Meter {
  counter(name: string, help: string, labels?: readonly string[]): Counter
  gauge(name: string, help: string, labels?: readonly string[]): Gauge
  /** `record` takes seconds, unless the name ends in another unit. */
  histogram(name: string, help: string, labels?: readonly string[]): Histogram
}

const nothing = (): void => undefined

export const silentMeter: Meter = {
  counter: () => ({ add: nothing }),
  gauge: () => ({ set: nothing }),
  histogram: () => ({ record: nothing }),
}
