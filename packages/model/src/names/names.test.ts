import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockAffinityName, blockName } from './ipam.ts'
import { escapeSegment, nodeNameOf, unescapeSegment } from './labels.ts'
import {
  endpointStatusName,
  parseWorkloadEndpointName,
  podInterfaceName,
  workloadEndpointName,
  workloadEndpointNamePrefix,
  workloadOf,
} from './workload-endpoint.ts'

describe('names of workload endpoints', () => {
  it.each([
    [{ node: 'node-1', orchestrator: 'k8s', pod: 'web-0', endpoint: 'eth0' }, 'node--1-k8s-web--0-eth0'],
    [{ node: 'n-1', orchestrator: 'k8s', pod: 'p', endpoint: 'eth0' }, 'n--1-k8s-p-eth0'],
    [{ node: 'n', orchestrator: 'cni', containerID: 'abc', endpoint: 'eth0' }, 'n-cni-abc-eth0'],
    [{ node: 'n', orchestrator: 'libnetwork', endpoint: 'e-0' }, 'n-libnetwork-libnetwork-e--0'],
    [{ node: 'n', orchestrator: 'openstack', workload: 'w', endpoint: 'e' }, 'n-openstack-w-e'],
    [{ node: 'n', orchestrator: 'constructor', workload: 'w', endpoint: 'e' }, 'n-constructor-w-e'],
  ])('%o is %s', (identity, name) => {
    expect(workloadEndpointName(identity)).toBe(name)
  })

  it.each([
    [{ orchestrator: 'k8s', pod: 'p', endpoint: 'e' }, /node is missing/],
    [{ node: 'n', orchestrator: 'k8s', pod: '-p', endpoint: 'e' }, /workload must not begin or end with a dash/],
    [{ node: 'n-', orchestrator: 'k8s', pod: 'p', endpoint: 'e' }, /node must not/],
    [{ node: 'n', orchestrator: 'cni', containerID: 'c' }, /endpoint is missing/],
  ])('%o is refused', (identity, why) => {
    expect(() => workloadEndpointName(identity)).toThrow(why)
  })

  it.each([
    [{}, ''],
    [{ node: 'node-1' }, 'node--1-'],
    [{ node: 'n', orchestrator: 'k8s' }, 'n-k8s-'],
    [{ node: 'n', orchestrator: 'k8s', pod: 'p-0' }, 'n-k8s-p--0-'],
    [{ node: 'n', pod: 'p' }, 'n-'],
  ])('of %o begin with %j', (identity, prefix) => {
    expect(workloadEndpointNamePrefix(identity)).toBe(prefix)
  })

  const anySegment = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
  it('are read back', () => {
    fc.assert(
      fc.property(anySegment, anySegment, anySegment, (node, workload, endpoint) => {
        const name = workloadEndpointName({ node, orchestrator: 'other', workload, endpoint })
        expect(parseWorkloadEndpointName(name)).toEqual({ node, orchestrator: 'other', workload, endpoint })
        const prefix = workloadEndpointNamePrefix({ node, orchestrator: 'other', workload })
        expect(parseWorkloadEndpointName(prefix.slice(0, -1))).toEqual({ node, orchestrator: 'other', workload })
      }),
    )
  })

  it('with five parts are refused', () => {
    expect(() => parseWorkloadEndpointName('a-b-c-d-e')).toThrow(/more than four/)
  })

  it('the workload is what the orchestrator calls it', () => {
    expect(workloadOf({ orchestrator: 'k8s', pod: 'p' })).toBe('p')
    expect(workloadOf({ orchestrator: 'libnetwork' })).toBe('libnetwork')
  })
})

describe('other names', () => {
  it.each([
    ['default', 'nginx-7c5ddbdf54-abcde', 'cali306ce65e73b'],
    ['kube-system', 'coredns-0', 'cali8c346e38bf4'],
  ])('interface of %s/%s', (namespace, pod, name) => {
    expect(podInterfaceName(namespace, pod)).toBe(name)
  })

  it('status file of an endpoint', () => {
    const identity = { namespace: 'ns', orchestrator: 'k8s', pod: 'pod', endpoint: 'eth0' }
    expect(endpointStatusName(identity)).toBe('k8s ns%2Fpod eth0')
    expect(endpointStatusName({ ...identity, endpoint: "a b$&+:=@~!'()*;,?ü" })).toBe(
      'k8s ns%2Fpod a%20b$&+:=@~%21%27%28%29%2A%3B%2C%3F%C3%BC',
    )
  })

  it('IPAM objects', () => {
    expect(blockName('10.65.0.0/26')).toBe('10-65-0-0-26')
    expect(blockName('fd00:10:244::/122')).toBe('fd00-10-244---122')
    expect(blockAffinityName('node-1', '10.65.0.0/26')).toBe('node-1-10-65-0-0-26')
    const long = blockAffinityName('n'.repeat(250), '10.65.0.0/26')
    expect(long).toMatch(/^n{227}-10-65-0-0-26-[0-9a-f]{11}$/)
    expect(long).toHaveLength(252)
    expect(blockAffinityName('n'.repeat(251), '10.65.0.0/26')).not.toBe(long)
    expect(blockAffinityName('n'.repeat(239), '10.65.0.0/26')).toHaveLength(252)
  })

  it('nodes and segments', () => {
    expect(nodeNameOf(' Host.Example\n')).toBe('host.example')
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(escapeSegment(name)).not.toContain('/')
        expect(unescapeSegment(escapeSegment(name))).toBe(name)
      }),
    )
  })
})
