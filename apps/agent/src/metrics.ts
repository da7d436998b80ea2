import type { Meter } from '@tortie/runtime'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** The Meter port on Prometheus' client. The same name asked for twice is the same metric. */
export function createMetrics(): {
  readonly meter: Meter
  readonly text: () => Promise<string>
  readonly contentType: string
} {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const known = new Map<string, unknown>()
  const once = <T>(name: string, make: () => T): T => {
    if (!known.has(name)) known.set(name, make())
    return known.get(name) as T
  }
  const shape = (name: string, help: string, labelNames: readonly string[] = []) => ({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  })
  const meter: Meter = {
    counter(name, help, labels) {
      const metric = once(name, () => new Counter(shape(name, help, labels)))
      return { add: (amount, values = {}) => metric.inc(values, amount) }
    },
    gauge(name, help, labels) {
      const metric = once(name, () => new Gauge(shape(name, help, labels)))
      return { set: (value, values = {}) => metric.set(values, value) }
    },
    histogram(name, help, labels) {
      const buckets = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]
      const metric = once(name, () => new Histogram({ ...shape(name, help, labels), buckets }))
      return { record: (value, values = {}) => metric.observe(values, value) }
    },
  }
  return { meter, text: () => registry.metrics(), contentType: registry.contentType }
}
