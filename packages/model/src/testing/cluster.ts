import fc from 'fast-check'
import type { ResourceOf } from '../kinds/kind.ts'
import { apiVersion } from '../kinds/resource.ts'
import { anyMetadata, anySelectorText, defined, optional } from './resources.ts'
import { anyLabels } from './selectors.ts'

const anyPeriod = optional(fc.constantFrom('5m0s', '90s', '0s'))
type Controllers = ResourceOf<'KubeControllersConfiguration'>['spec']['controllers']

export const anyKubeControllersConfiguration: fc.Arbitrary<ResourceOf<'KubeControllersConfiguration'>> = fc
  .record({
    logSeverityScreen: fc.constantFrom('Info' as const, 'None' as const, undefined),
    prometheusMetricsPort: optional(fc.nat(65_535)),
    etcdV3CompactionPeriod: anyPeriod,
    leakGracePeriod: anyPeriod,
    labels: anyLabels,
    nodes: fc.boolean(),
    migration: optional(fc.constant({})),
  })
  .map(({ leakGracePeriod, labels, nodes, migration, ...spec }) => ({
    apiVersion,
    kind: 'KubeControllersConfiguration',
    metadata: { name: 'default' },
    spec: defined<ResourceOf<'KubeControllersConfiguration'>['spec']>({
      ...spec,
      controllers: defined<Controllers>({
        node: nodes
          ? {
              ...(leakGracePeriod !== undefined && { leakGracePeriod }),
              hostEndpoint: { templates: [{ generateName: 't', interfacePattern: '^eth', labels }] },
            }
          : undefined,
        migration,
      }),
    }),
  }))

export const anyCalicoNodeStatus: fc.Arbitrary<ResourceOf<'CalicoNodeStatus'>> = fc
  .record({
    metadata: anyMetadata,
    node: fc.constantFrom('node-1', 'node-2'),
    classes: fc.subarray(['Agent' as const, 'BGP' as const, 'Routes' as const]),
    updatePeriodSeconds: fc.nat(86_400),
    established: optional(fc.nat(9)),
  })
  .map(({ metadata, established, ...spec }) => ({
    apiVersion,
    kind: 'CalicoNodeStatus',
    metadata,
    spec,
    ...(established !== undefined && {
      status: {
        lastUpdated: '2026-08-10T12:00:00Z',
        agent: { birdV4: { state: 'Ready' as const }, birdV6: {} },
        bgp: { numberEstablishedV4: established, numberNotEstablishedV4: 0 },
      },
    }),
  }))

export const anyLiveMigration: fc.Arbitrary<ResourceOf<'LiveMigration'>> = fc
  .tuple(anyMetadata, fc.constantFrom('default', 'prod'), anySelectorText, fc.boolean())
  .map(([metadata, namespace, selector, whole]) => {
    const vm = { orchestratorID: 'k8s', workloadID: `${namespace}/vm` }
    const nic = { ...vm, endpointID: 'eth0' }
    return {
      apiVersion,
      kind: 'LiveMigration',
      metadata: { ...metadata, namespace },
      spec: whole
        ? { source: { workload: vm }, target: { selector } }
        : { source: { workloadEndpoint: nic }, target: { workloadEndpoint: nic } },
    }
  })
