import type { LocalWorkload, Route, RoutingProgram, Vtep } from '@tortie/dataplane'
import fc from 'fast-check'
import { programOf, workload } from './host.ts'

/** Interfaces that the programs name, and what the host's uplink is called and has. */
export const workloadInterfaces = ['cali1', 'cali2', 'cali3', 'cali4'] as const
export const uplink = { ipv4: '10.0.0.1', ipv6: 'fd00::1' }
const ownVtep: Vtep = { node: 'own', mac: '66:00:00:00:00:01', address: '10.65.0.60', parent: uplink.ipv4 }
const ownVtepV6: Vtep = { node: 'own', mac: '66:00:00:00:06:01', address: 'fd65::60', parent: uplink.ipv6 }

const anyAddress = fc.oneof(
  fc.integer({ min: 1, max: 6 }).map((n) => `10.65.0.${n}`),
  fc.integer({ min: 1, max: 6 }).map((n) => `fd65::${n}`),
)
const anyWorkload: fc.Arbitrary<LocalWorkload> = fc
  .record({
    name: fc.constantFrom(...workloadInterfaces),
    addresses: fc.uniqueArray(anyAddress, { maxLength: 3 }),
    active: fc.boolean(),
    spoofs: fc.boolean(),
  })
  .map(({ name, addresses, active, spoofs }) => ({
    ...workload(name, ...addresses),
    active,
    spoofablePrefixes: spoofs ? ['10.7.0.0/16'] : [],
  }))
const anyRoute = (v6: boolean): fc.Arbitrary<Route> =>
  fc.oneof(
    fc.constant<Route>({ kind: 'blackhole' }),
    fc
      .integer({ min: 2, max: 4 })
      .map((n): Route => ({ kind: 'no-encap', via: v6 ? `fd00::${n}` : `10.0.0.${n}`, node: `n${n}` })),
    fc
      .integer({ min: 2, max: 4 })
      .map((n): Route => ({ kind: 'vxlan', via: v6 ? `fd6${n}::60` : `10.6${n}.0.60`, node: `n${n}` })),
  )
const anyRoutes = fc.dictionary(
  fc.integer({ min: 0, max: 5 }).map((n) => `10.66.${n}.0/26`),
  anyRoute(false),
  { maxKeys: 5 },
)
const anyRoutesV6 = fc.dictionary(
  fc.integer({ min: 1, max: 5 }).map((n) => `fd66:${n}::/122`),
  anyRoute(true),
  { maxKeys: 5 },
)
const anyVteps = fc.subarray([2, 3, 4]).map((nodes) =>
  nodes.flatMap((n): Vtep[] => [
    { node: `n${n}`, mac: `66:00:00:00:00:0${n}`, address: `10.6${n}.0.60`, parent: `10.0.0.${n}` },
    { node: `n${n}`, mac: `66:00:00:00:06:0${n}`, address: `fd6${n}::60`, parent: `fd00::${n}` },
  ]),
)

/** Programs that one host namespace with four pods and an uplink can hold. All of them have one route in common. */
export const arbitraryRoutingProgram: fc.Arbitrary<RoutingProgram> = fc
  .record({
    workloads: fc.dictionary(fc.constantFrom('ns/a', 'ns/b', 'ns/c', 'ns/d'), anyWorkload, { maxKeys: 4 }),
    v4: anyRoutes,
    v6: anyRoutesV6,
    vteps: anyVteps,
    tunnels: fc.subarray([4, 6]),
  })
  .map(({ workloads, v4, v6, vteps, tunnels }) =>
    programOf({
      workloads,
      routes: { ...v4, ...v6, '10.65.0.0/26': { kind: 'blackhole' } },
      vteps,
      node: {
        ...uplink,
        ...(tunnels.includes(4) ? { vxlan: ownVtep } : {}),
        ...(tunnels.includes(6) ? { vxlanV6: ownVtepV6 } : {}),
      },
    }),
  )
