import { describe, expect, it } from 'vitest'
import type { Kind, ResourceOf } from '../index.ts'
import { apiVersion, findErrors, kinds, prepareCreate, prepareUpdate, withDefaults } from '../index.ts'

const ports = { clock: { wallMs: () => 0 }, random: { uuid: () => 'u' } }

const make = <K extends Kind>(kind: K, spec: object, status?: object, name = 'default'): ResourceOf<K> =>
  ({
    apiVersion,
    kind,
    metadata: { name, ...(kinds[kind].namespaced && { namespace: 'ns' }) },
    spec,
    ...(status && { status }),
  }) as unknown as ResourceOf<K>

const reasonAt = (resource: ReturnType<typeof make>, path: string): string | undefined =>
  findErrors(resource).find((error) => error.path === path)?.reason

describe('KubeControllersConfiguration', () => {
  const of = (spec: object, status?: object) => make('KubeControllersConfiguration', spec, status)
  const controllers = {}
  const node = (value: object) => ({ controllers: { node: value } })
  const template = (...templates: object[]) => node({ hostEndpoint: { templates } })
  const good = { generateName: 'a', interfacePattern: '^eth' }
  const at = 'spec.controllers.node.hostEndpoint.templates'

  it.each<[object, string, RegExp]>([
    [{}, 'spec.controllers', /is required/],
    [{ controllers, logSeverityScreen: 'info' }, 'spec.logSeverityScreen', /None, Debug, Info/],
    [{ controllers, healthChecks: 'on' }, 'spec.healthChecks', /Enabled, Disabled/],
    [{ controllers, etcdV3CompactionPeriod: '10' }, 'spec.etcdV3CompactionPeriod', /1m30s/],
    [{ controllers, prometheusMetricsPort: 65_536 }, 'spec.prometheusMetricsPort', /at most 65535/],
    [{ controllers, prometheusMetricsPort: -1 }, 'spec.prometheusMetricsPort', /at least 0/],
    [{ controllers, debugProfilePort: 65_536 }, 'spec.debugProfilePort', /at most 65535/],
    [node({ reconcilerPeriod: 'x' }), 'spec.controllers.node.reconcilerPeriod', /1m30s/],
    [node({ syncLabels: 'x' }), 'spec.controllers.node.syncLabels', /Enabled, Disabled/],
    [node({ leakGracePeriod: 15 }), 'spec.controllers.node.leakGracePeriod', /must be text/],
    [node({ hostEndpoint: { autoCreate: 'x' } }), 'spec.controllers.node.hostEndpoint.autoCreate', /Enabled, Disabled/],
    [
      node({ hostEndpoint: { createDefaultHostEndpoint: 'x' } }),
      'spec.controllers.node.hostEndpoint.createDefaultHostEndpoint',
      /Enabled, Disabled/,
    ],
    [template({ interfacePattern: 'a' }), `${at}[0].generateName`, /Template name must be specified/],
    [template(good, { ...good, interfacePattern: 'b' }), `${at}[1].generateName`, /Template name must be unique/],
    [template({ ...good, generateName: 'A' }), `${at}[0].generateName`, /lower case/],
    [template({ ...good, generateName: 'a'.repeat(254) }), `${at}[0].generateName`, /at most 253/],
    [template({ generateName: 'a' }), `${at}[0]`, /InterfaceCIDRs or InterfacePattern must be specified/],
    [template({ generateName: 'a', interfaceCIDRs: ['x'] }), `${at}[0].interfaceCIDRs[0]`, /invalid CIDR/],
    [template({ generateName: 'a', interfacePattern: '(' }), `${at}[0].interfacePattern`, /regular expression/],
    [template({ ...good, labels: { 'a b': 'c' } }), `${at}[0].labels[a b]`, /alphanumeric/],
    [template({ ...good, annotations: { 'a b': 'c' } }), `${at}[0].annotations[a b]`, /alphanumeric/],
    [template({ ...good, nodeSelector: 'x' }), `${at}[0].nodeSelector`, /invalid selector/],
    ...['policy', 'workloadEndpoint', 'serviceAccount', 'namespace'].map((name): [object, string, RegExp] => [
      { controllers: { [name]: { reconcilerPeriod: '5' } } },
      `spec.controllers.${name}.reconcilerPeriod`,
      /1m30s/,
    ]),
    [
      { controllers: { loadBalancer: { assignIPs: 'x' } } },
      'spec.controllers.loadBalancer.assignIPs',
      /AllServices, R/,
    ],
    [
      { controllers: { migration: { policyNameMigrator: 'x' } } },
      'spec.controllers.migration.policyNameMigrator',
      /Enabled, Disabled/,
    ],
  ])('is not %o', (spec, path, reason) => {
    expect(reasonAt(of(spec), path)).toMatch(reason)
  })

  it('has a status whose parts are named too', () => {
    const running = of({ controllers }, { runningConfig: { controllers: { node: { syncLabels: 'x' } } } })
    expect(reasonAt(running, 'status.runningConfig.controllers.node.syncLabels')).toMatch(/Enabled, Disabled/)
    expect(reasonAt(of({ controllers }, { environmentVars: { A: 1 } }), 'status.environmentVars.A')).toMatch(/text/)
  })

  it('is called default when it is made', () => {
    const other = make('KubeControllersConfiguration', { controllers }, undefined, 'other')
    expect(findErrors(other)).toEqual([{ path: 'metadata.name', value: 'other', reason: expect.any(String) }])
    expect(findErrors(other, { operation: 'update' })).toEqual([])
  })

  it.each<[object, object]>([
    [{ controllers: {} }, { controllers: {}, healthChecks: 'Enabled', prometheusMetricsPort: 9094 }],
    [
      { controllers: { node: {}, policy: {}, loadBalancer: {}, migration: {} }, prometheusMetricsPort: 0 },
      {
        controllers: {
          node: { leakGracePeriod: '15m0s' },
          policy: {},
          loadBalancer: { assignIPs: 'AllServices' },
          migration: { policyNameMigrator: 'Enabled' },
        },
        healthChecks: 'Enabled',
        prometheusMetricsPort: 0,
      },
    ],
    [
      { controllers: { node: { leakGracePeriod: '0s' } }, healthChecks: 'Disabled', etcdV3CompactionPeriod: '600s' },
      {
        controllers: { node: { leakGracePeriod: '0s' } },
        healthChecks: 'Disabled',
        etcdV3CompactionPeriod: '10m0s',
        prometheusMetricsPort: 9094,
      },
    ],
  ])('%o is written as %o', (spec, written) => {
    expect(prepareCreate(of(spec), ports).spec).toEqual(written)
    const metadata = { name: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-08-10T12:00:00Z' }
    const old = { ...of(spec), metadata }
    expect(prepareUpdate(old, old).spec).toEqual(written)
  })

  it('leaves an empty node selector of a template empty', () => {
    const made = prepareCreate(of(template({ ...good, nodeSelector: '' })), ports)
    expect(made.spec.controllers.node?.hostEndpoint?.templates).toEqual([good])
  })
})

describe('CalicoNodeStatus', () => {
  const spec = { node: 'n', classes: ['Agent', 'BGP', 'Routes'], updatePeriodSeconds: 0 }
  it.each<[object, string, RegExp]>([
    [{ ...spec, node: undefined }, 'spec.node', /is required/],
    [{ ...spec, node: '' }, 'spec.node', /lower case/],
    [{ ...spec, classes: undefined }, 'spec.classes', /is required/],
    [{ ...spec, classes: ['agent'] }, 'spec.classes[0]', /Agent, BGP, Routes/],
    [{ ...spec, classes: ['BGP', 'BGP'] }, 'spec.classes[1]', /more than once/],
    [{ ...spec, updatePeriodSeconds: undefined }, 'spec.updatePeriodSeconds', /is required/],
    [{ ...spec, updatePeriodSeconds: 86_401 }, 'spec.updatePeriodSeconds', /at most 86400/],
    [{ ...spec, updatePeriodSeconds: -1 }, 'spec.updatePeriodSeconds', /at least 0/],
  ])('is not %o', (given, path, reason) => {
    expect(reasonAt(make('CalicoNodeStatus', given), path)).toMatch(reason)
  })

  it.each<[object, string, RegExp]>([
    [{ lastUpdated: 'now' }, 'status.lastUpdated', /RFC 3339/],
    [{ agent: { birdV4: { state: 'x' } } }, 'status.agent.birdV4.state', /Ready, NotReady/],
    [{ agent: { birdV6: { version: 1 } } }, 'status.agent.birdV6.version', /text/],
    [{ bgp: { numberEstablishedV4: 0.5 } }, 'status.bgp.numberEstablishedV4', /whole number/],
    [{ bgp: { peersV4: [{ peerIP: 'x' }] } }, 'status.bgp.peersV4[0].peerIP', /invalid address/],
    [{ bgp: { peersV4: [{ type: 'x' }] } }, 'status.bgp.peersV4[0].type', /NodeMesh, NodePeer, GlobalPeer/],
    [{ bgp: { peersV6: [{ state: 'x' }] } }, 'status.bgp.peersV6[0].state', /Idle, Connect/],
    [{ routes: { routesV4: [{ type: 'x' }] } }, 'status.routes.routesV4[0].type', /FIB, RIB/],
    [
      { routes: { routesV6: [{ learnedFrom: { sourceType: 'x' } }] } },
      'status.routes.routesV6[0].learnedFrom.sourceType',
      /Kernel, Static, Direct/,
    ],
    [
      { routes: { routesV6: [{ learnedFrom: { peerIP: 'x' } }] } },
      'status.routes.routesV6[0].learnedFrom.peerIP',
      /invalid address/,
    ],
  ])('has no status %o', (status, path, reason) => {
    expect(reasonAt(make('CalicoNodeStatus', spec, status), path)).toMatch(reason)
  })

  it('is written as it is', () => {
    const status = {
      lastUpdated: null,
      agent: { birdV4: { state: 'Ready', version: 'v1' }, birdV6: {} },
      bgp: { numberEstablishedV4: 0, peersV4: [{ peerIP: '10.0.0.1', type: 'NodeMesh', state: 'Active' }] },
      routes: { routesV4: [{ type: 'FIB', destination: '0.0.0.0/0', learnedFrom: { sourceType: 'Kernel' } }] },
    }
    const written = withDefaults(make('CalicoNodeStatus', spec, status), { unknownFields: 'reject' })
    expect(written).toMatchObject({ spec, status })
  })
})

describe('LiveMigration', () => {
  const workload = { orchestratorID: 'k8s', workloadID: 'ns/vm' }
  const workloadEndpoint = { hostname: 'h', ...workload, endpointID: 'e' }
  it.each<[object, string, RegExp]>([
    [{ source: {} }, 'spec.source', /exactly one of the fields in \[workload workloadEndpoint\]/],
    [{ source: { workload, workloadEndpoint } }, 'spec.source', /exactly one of/],
    [{ target: {} }, 'spec.target', /exactly one of the fields in \[selector workloadEndpoint\]/],
    [{ target: { selector: 'all()', workloadEndpoint } }, 'spec.target', /exactly one of/],
    [{ target: { selector: '(' } }, 'spec.target.selector', /invalid selector/],
    [{ source: { workload: { workloadID: 1 } } }, 'spec.source.workload.workloadID', /must be text/],
  ])('is not %o', (spec, path, reason) => {
    expect(reasonAt(make('LiveMigration', spec), path)).toMatch(reason)
  })

  it.each<object>([
    { source: { workload }, target: { selector: "vm == 'a'" } },
    { source: { workloadEndpoint }, target: { workloadEndpoint } },
  ])('may be %o', (spec) => {
    expect(withDefaults(make('LiveMigration', spec), { unknownFields: 'reject' }).spec).toEqual(spec)
  })
})
