import { describe, expect, it } from 'vitest'
import { configuration, node, programOf, service, slice } from '../testing/bgp-resources.ts'
import { createBgpTopology } from './bgp-topology.ts'
import type { BgpChange, Service } from './inputs.ts'

const own = node('a', { ipv4Address: '10.9.0.1/24', ipv6Address: 'fd00::1/64' })
const ranges = {
  serviceClusterIPs: [{ cidr: '10.96.0.0/12' }],
  serviceExternalIPs: [{ cidr: '192.0.2.0/24' }, { cidr: '192.0.3.1/32' }],
  serviceLoadBalancerIPs: [{ cidr: '198.51.100.0/24' }, { cidr: '198.51.101.1/32' }],
}
const aggregated = ['10.96.0.0/12', '192.0.2.0/24', '198.51.100.0/24']
const all = configuration(ranges)
const separate = configuration({ ...ranges, serviceLoadBalancerAggregation: 'Disabled' })

const announced = (changes: readonly BgpChange[], options = {}): string[] =>
  programOf([own, ...changes], options)
    .localRoutes.filter(({ id }) => id === 'service')
    .map(({ prefix }) => prefix)

const web = (spec: Partial<Service['spec']> = {}, ingress: readonly string[] = []) =>
  service('web', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ...spec }, ingress)
const local = { externalTrafficPolicy: 'Local' }
const here = slice('web-1', 'web', [{ nodeName: 'a' }])
const there = slice('web-2', 'web', [{ nodeName: 'b' }])

describe('ranges', () => {
  it('are announced, all of cluster IPs, and of the others what is more than one address', () => {
    expect(announced([all])).toEqual(aggregated)
    expect(announced([configuration({ serviceClusterIPs: [{ cidr: '10.96.0.9/32' }, {}] })])).toEqual(['10.96.0.9/32'])
  })

  it('of load balancers are not with aggregation Disabled', () => {
    expect(announced([separate])).toEqual(['10.96.0.0/12', '192.0.2.0/24'])
  })

  it('of cluster IPs may come from outside of the configuration', () => {
    expect(announced([all], { clusterIps: '10.112.0.0/16' })).toEqual([
      '10.112.0.0/16',
      '192.0.2.0/24',
      '198.51.100.0/24',
    ])
  })

  it('are never in the kernel: also on a node that is kept out of services, single ones, and unaggregated ones (trap 16)', () => {
    const label = { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' }
    const every = ['10.96.0.0/12', '192.0.2.0/24', '192.0.3.1/32', '198.51.100.0/24', '198.51.101.1/32']
    for (const changes of [[all], [separate], [all, node('a', '10.9.0.1/24', label)]])
      expect(programOf([own, ...changes]).kernelPolicy.rejected).toEqual(every)
  })

  it('are not announced by a node with the label that keeps it out, whose value is exactly true', () => {
    const labelled = (value: string) =>
      node('a', '10.9.0.1/24', { 'node.kubernetes.io/exclude-from-external-load-balancers': value })
    expect(announced([all, web(local), here, labelled('true')])).toEqual([])
    expect(announced([all, labelled('false')])).toEqual(aggregated)
  })
})

describe('a service', () => {
  const extra = (changes: readonly BgpChange[], options = {}): string[] =>
    announced(changes, options).filter((prefix) => !aggregated.includes(prefix))

  it('is in its range as long as any node may serve it', () => {
    expect(extra([all, web({}), here])).toEqual([])
    expect(extra([all, web({ externalTrafficPolicy: 'Cluster', type: 'NodePort' }), here])).toEqual([])
  })

  it('with policy Local is announced, its cluster IP too, by nodes that have a ready endpoint', () => {
    expect(extra([all, web(local), here, there])).toEqual(['10.96.0.9/32'])
    expect(extra([all, web(local), there])).toEqual([])
    expect(extra([all, web(local)])).toEqual([])
    expect(
      extra([all, web(local), slice('web-1', 'web', [{ nodeName: 'k8s-a' }])], { kubernetesNode: 'k8s-a' }),
    ).toEqual(['10.96.0.9/32'])
  })

  it('counts endpoints that are ready or do not say, of its own address families', () => {
    const with_ = (ready: boolean | undefined) =>
      slice('web-1', 'web', [{ nodeName: 'a', conditions: ready === undefined ? {} : { ready } }])
    expect(extra([all, web(local), with_(undefined)])).toEqual(['10.96.0.9/32'])
    expect(extra([all, web(local), with_(true)])).toEqual(['10.96.0.9/32'])
    expect(extra([all, web(local), with_(false)])).toEqual([])
    expect(extra([all, web(local), slice('web-1', 'web', [{ nodeName: 'a' }], 'IPv6')])).toEqual([])
  })

  it('has routes to all cluster IPs, and to what is allowed of the others', () => {
    const spec = {
      ...local,
      type: 'LoadBalancer',
      clusterIPs: ['10.96.0.9', 'FD96::9'],
      externalIPs: ['192.0.2.7', '203.0.113.7', 'nonsense'],
    }
    expect(extra([all, web(spec, ['198.51.100.7', '203.0.113.8']), here])).toEqual([
      '10.96.0.9/32',
      '192.0.2.7/32',
      '198.51.100.7/32',
      'fd96::9/128',
    ])
    const noCluster = configuration({ serviceExternalIPs: ranges.serviceExternalIPs })
    expect(extra([noCluster, web(spec), here])).toEqual(['192.0.2.7/32'])
    // No test that they are in the range (A7).
    expect(extra([all, web({ ...local, clusterIPs: ['10.200.0.1'] }), here])).toEqual(['10.200.0.1/32'])
  })

  it('needs a cluster IP and a type that has one', () => {
    for (const clusterIP of ['', 'None']) expect(extra([all, web({ ...local, clusterIP }), here])).toEqual([])
    expect(extra([all, web({ ...local, type: 'ExternalName' }), here])).toEqual([])
  })

  it('with policy Cluster and an address that is a range of its own is announced by every node', () => {
    const cluster = { externalTrafficPolicy: 'Cluster' }
    const balanced = { ...cluster, type: 'LoadBalancer' }
    expect(extra([all, web({ ...balanced, loadBalancerIP: '198.51.101.1' })])).toEqual(['10.96.0.9/32'])
    expect(extra([all, web(balanced, ['198.51.101.1'])])).toEqual(['10.96.0.9/32', '198.51.101.1/32'])
    expect(extra([all, web({ ...cluster, type: 'NodePort' }, ['198.51.101.1'])])).toEqual([])
    expect(extra([all, web({ ...cluster, externalIPs: ['192.0.3.1'] })])).toEqual(['10.96.0.9/32', '192.0.3.1/32'])
    expect(extra([all, web({ ...cluster, externalIPs: ['192.0.2.1'] })])).toEqual([])
  })

  it('of any kind is announced by every node when aggregation is Disabled and an endpoint is ready (trap 17)', () => {
    expect(extra([separate, web({ externalIPs: ['192.0.2.7'] }), there])).toEqual(['10.96.0.9/32', '192.0.2.7/32'])
    expect(extra([separate, web({})])).toEqual([])
    expect(extra([separate, web(local), there])).toEqual([])
  })

  it('shares an address with another, and the route stays until both are gone', () => {
    const topology = createBgpTopology({ node: 'a' })
    const spec = { ...local, externalIPs: ['192.0.2.7'], clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.8'] }
    const other = service('web2', spec)
    for (const change of [own, all, web({ ...local, externalIPs: ['192.0.2.7'] }), here, other]) topology.apply(change)
    topology.apply(slice('other-1', 'web2', [{ nodeName: 'a' }]))
    const prefixes = () => topology.flush()?.localRoutes.map(({ prefix }) => prefix)
    expect(prefixes()).toEqual([
      '10.96.0.0/12',
      '10.96.0.8/32',
      '10.96.0.9/32',
      '192.0.2.0/24',
      '192.0.2.7/32',
      '198.51.100.0/24',
    ])
    topology.apply({ type: 'service', name: { namespace: 'default', name: 'web' }, value: undefined })
    expect(prefixes()).toContain('192.0.2.7/32')
    topology.apply({ type: 'service', name: { namespace: 'default', name: 'web2' }, value: undefined })
    expect(prefixes()).toEqual(aggregated)
  })

  it('is withdrawn as soon as its last slice is deleted or becomes another’s', () => {
    const topology = createBgpTopology({ node: 'a' })
    for (const change of [own, all, web(local), here]) topology.apply(change)
    const has = () => topology.flush()?.localRoutes.some(({ prefix }) => prefix === '10.96.0.9/32')
    expect(has()).toBe(true)
    topology.apply(slice('web-1', 'another', [{ nodeName: 'a' }]))
    expect(has()).toBe(false)
    topology.apply(here)
    expect(has()).toBe(true)
    topology.apply({ type: 'endpointSlice', name: { namespace: 'default', name: 'web-1' }, value: undefined })
    expect(has()).toBe(false)
  })
})
