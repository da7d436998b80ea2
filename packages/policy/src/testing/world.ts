import { localParties, remoteParties } from '@tortie/dataplane/testing/arbitraries'

/**
 * The world of `@tortie/dataplane/testing/arbitraries` with names: its local parties are pods of this node in two
 * namespaces, two remote ones are pods of another node, the rest are hosts outside. `arbitraryFlow` of that package
 * sends between them.
 */
export interface WorldPod {
  /** EndpointId. */
  readonly id: string
  readonly namespace: string
  readonly name: string
  readonly node: string
  readonly interface: string
  readonly v4: string
  readonly v6: string
}

export const thisNode = 'node-1'
export const namespaces = ['prod', 'dev'] as const

export const pods: readonly WorldPod[] = [
  ...localParties.map((party, i) => pod(i + 1, thisNode, i < 2 ? 'prod' : 'dev', party, party.interface)),
  ...remoteParties.slice(0, 2).map((party, i) => pod(i + 5, 'node-2', namespaces[i] ?? 'prod', party, `cali${i + 5}`)),
]

function pod(
  number: number,
  node: string,
  namespace: string,
  { v4, v6 }: { readonly v4: string; readonly v6: string },
  name: string,
): WorldPod {
  return { id: `${namespace}/pod-${number}`, namespace, name: `pod-${number}`, node, interface: name, v4, v6 }
}

/** Those whose traffic this node enforces. */
export const localPods: readonly WorldPod[] = pods.filter(({ node }) => node === thisNode)

export const selectors = [
  'all()',
  "app == 'web'",
  "app == 'db'",
  "app != 'web'",
  "app in {'web', 'cache'}",
  "app not in {'db'}",
  'has(role)',
  '!has(role)',
  "role == 'front' && app == 'web'",
  "role == 'back' || app == 'db'",
  "app contains 'e'",
  "app starts with 'c'",
  "!(app ends with 'b')",
  "projectcalico.org/namespace == 'prod'",
  '!has(projectcalico.org/namespace)',
  "pcns.env == 'live'",
  "pcsa.team == 'blue'",
  "network == 'lab'",
  "has(network) && network != 'lab'",
] as const

export const namespaceSelectors = [
  'all()',
  'global()',
  "env == 'live'",
  "env != 'live'",
  "projectcalico.org/name == 'dev'",
  '!has(env)',
] as const

export const serviceAccountSelectors = ['all()', "team == 'blue'", "team != 'blue'", 'has(team)'] as const
export const serviceAccounts = ['default', 'builder'] as const

/** By family; they overlap on purpose. */
export const nets = {
  4: ['0.0.0.0/0', '10.65.0.0/16', '10.65.0.0/30', '10.65.0.1/32', '10.65.1.0/24', '192.0.2.0/25', '192.0.2.1/32'],
  6: ['::/0', 'fd00:65::/48', 'fd00:65::/126', 'fd00:65::1/128', '2001:db8::/64', '2001:db8::1/128'],
} as const

export const portNames = ['http', 'dns', 'metrics'] as const
export const numericPorts: readonly (number | string)[] = [53, 80, 443, 8080, 40_000, '1:1023', '80:443', '1024:65535']
