import type { AnyResource, Kind } from '@tortie/model'
import { expect, it } from 'vitest'
import { tableOf } from './columns.ts'

const context = { defaultAsNumber: '64512' }

const cells = (kind: Kind, spec: object, choice: 'ps' | 'wide'): Record<string, string | undefined> => {
  const resource = { apiVersion: 'projectcalico.org/v3', kind, metadata: { name: 'x' }, spec } as unknown as AnyResource
  const { header, rows } = tableOf(kind, [resource], { choice, withNamespace: false, context })
  return Object.fromEntries(header.map((heading, i) => [heading, rows[0]?.[i]]))
}

it.each<[Kind, object, object, object?]>([
  ['BGPConfiguration', {}, { NAME: 'x', LOGSEVERITY: '', MESHENABLED: '-', ASNUMBER: '-' }],
  [
    'BGPConfiguration',
    { logSeverityScreen: 'Info', nodeToNodeMeshEnabled: false, asNumber: 4_200_000_000 },
    { NAME: 'x', LOGSEVERITY: 'Info', MESHENABLED: 'false', ASNUMBER: '4200000000' },
  ],
  [
    'BGPFilter',
    { exportV4: [{}, {}], importV6: [{}] },
    { NAME: 'x', NUMEXPORTV4: '2', NUMIMPORTV4: '0', NUMEXPORTV6: '0', NUMIMPORTV6: '1' },
  ],
  ['BGPPeer', {}, { NAME: 'x', PEERIP: '', NODE: '(global)', ASN: '0' }],
  ['BGPConfiguration', { asNumber: '1.10' }, { NAME: 'x', LOGSEVERITY: '', MESHENABLED: '-', ASNUMBER: '65546' }],
  ['BGPPeer', { asNumber: 'bad' }, { NAME: 'x', PEERIP: '', NODE: '(global)', ASN: 'bad' }],
  [
    'BGPPeer',
    { nodeSelector: 'all()', peerIP: '10.0.0.1:179', asNumber: 65_537 },
    { NAME: 'x', PEERIP: '10.0.0.1:179', NODE: 'all()', ASN: '65537' },
  ],
  ['BGPPeer', { node: 'n', nodeSelector: '' }, { NAME: 'x', PEERIP: '', NODE: 'n', ASN: '0' }],
  [
    'CalicoNodeStatus',
    { node: 'n', classes: ['Agent', 'BGP'] },
    { NAME: 'x', NODE: 'n' },
    { NAME: 'x', NODE: 'n', CLASSES: 'Agent,BGP' },
  ],
  [
    'HostEndpoint',
    { node: 'n', interfaceName: 'eth0', expectedIPs: ['10.0.0.1', 'fd00::1'], profiles: ['a'] },
    { NAME: 'x', NODE: 'n' },
    { NAME: 'x', NODE: 'n', INTERFACE: 'eth0', IPS: '10.0.0.1,fd00::1', PROFILES: 'a' },
  ],
  ['KubeControllersConfiguration', { controllers: {} }, { NAME: 'x' }],
  ...(['StagedNetworkPolicy', 'StagedGlobalNetworkPolicy'] as const).map((kind): [Kind, object, object, object] => [
    kind,
    { tier: 'default', order: 1e6, selector: 'all()' },
    { NAME: 'x', TIER: 'default' },
    { NAME: 'x', TIER: 'default', ORDER: '1e+06', SELECTOR: 'all()' },
  ]),
  [
    'StagedKubernetesNetworkPolicy',
    {
      podSelector: {
        matchLabels: { b: '2', a: '1' },
        matchExpressions: [{ key: 'c', operator: 'In', values: ['d', 'e'] }],
      },
    },
    { NAME: 'x' },
    {
      NAME: 'x',
      PODSELECTOR:
        '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},' +
        'MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:c,Operator:In,Values:[d e],},},}',
    },
  ],
])('%s %o shows %o', (kind, spec, ps, wide = ps) => {
  expect(cells(kind, spec, 'ps')).toEqual(ps)
  expect(cells(kind, spec, 'wide')).toEqual(wide)
})
