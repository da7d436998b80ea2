import { type Meter, silentMeter } from '@tortie/runtime'

export interface EngineSizes {
  readonly activeEndpoints: number
  readonly activePolicies: number
  readonly activeSelectors: number
  readonly endpoints: number
  readonly policies: number
  readonly profiles: number
  readonly tiers: number
}

export interface Gauges {
  report(sizes: EngineSizes): void
}

/** Felix's metrics of the calculation (spec 02 §3.2, StatsCollector). */
const rows: Readonly<Record<keyof EngineSizes, readonly [name: string, help: string]>> = {
  activeEndpoints: ['felix_active_local_endpoints', 'Number of active endpoints on this host'],
  activePolicies: ['felix_active_local_policies', 'Number of active policies and profiles on this host'],
  activeSelectors: ['felix_active_local_selectors', 'Number of IP sets in use on this host'],
  endpoints: ['felix_cluster_num_workload_endpoints', 'Number of workload endpoints cluster-wide'],
  policies: ['felix_cluster_num_policies', 'Number of policies cluster-wide'],
  profiles: ['felix_cluster_num_profiles', 'Number of profiles cluster-wide'],
  tiers: ['felix_cluster_num_tiers', 'Number of tiers cluster-wide'],
}

export function createGauges(meter: Meter = silentMeter): Gauges {
  const keys = Object.keys(rows) as (keyof EngineSizes)[]
  const gauges = keys.map((key) => [key, meter.gauge(...rows[key])] as const)
  return {
    report(sizes) {
      for (const [key, gauge] of gauges) gauge.set(sizes[key])
    },
  }
}
