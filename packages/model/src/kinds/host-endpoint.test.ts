import { describe, expect, it } from 'vitest'
import type { HostEndpoint, HostEndpointSpec } from '../index.ts'
import { apiVersion, findErrors, withDefaults } from '../index.ts'

const make = (spec: object): HostEndpoint => ({
  apiVersion,
  kind: 'HostEndpoint',
  metadata: { name: 'node-1-eth0' },
  spec: spec as HostEndpointSpec,
})
const eth0 = { node: 'node-1', interfaceName: 'eth0' }

describe('HostEndpoint', () => {
  it.each<[object, string, RegExp]>([
    [{ interfaceName: 'eth0' }, 'spec.node', /is required/],
    [{ ...eth0, node: '' }, 'spec.node', /node must be specified/],
    [{ ...eth0, node: 'A' }, 'spec.node', /lower case alphanumeric/],
    [{ ...eth0, node: 'a'.repeat(254) }, 'spec.node', /at most 253/],
    [{ node: 'node-1' }, 'spec.interfaceName', /at least one of interfaceName or expectedIPs/],
    [{ node: 'node-1', expectedIPs: [] }, 'spec.interfaceName', /at least one of/],
    [{ ...eth0, interfaceName: 'a'.repeat(16) }, 'spec.interfaceName', /1 to 15/],
    [{ ...eth0, interfaceName: 'eth*' }, 'spec.interfaceName', /1 to 15/],
    [{ ...eth0, expectedIPs: ['10.0.0.1', '10.0.0.0/8'] }, 'spec.expectedIPs[1]', /invalid address/],
    [{ ...eth0, profiles: ['A'] }, 'spec.profiles[0]', /lower case/],
    [{ ...eth0, ports: [{ name: 'web_1', protocol: 'TCP', port: 1 }] }, 'spec.ports[0].name', /port name/],
    [{ ...eth0, ports: [{ protocol: 'TCP', port: 1 }] }, 'spec.ports[0].name', /is required/],
    [{ ...eth0, ports: [{ name: 'a', port: 1 }] }, 'spec.ports[0].protocol', /is required/],
    [{ ...eth0, ports: [{ name: 'a', protocol: 'ICMP', port: 1 }] }, 'spec.ports[0].protocol', /not support ports/],
    [{ ...eth0, ports: [{ name: 'a', protocol: 'tcp', port: 1 }] }, 'spec.ports[0].protocol', /protocol name invalid/],
    [{ ...eth0, ports: [{ name: 'a', protocol: 'TCP', port: 0 }] }, 'spec.ports[0].port', /at least 1/],
    [{ ...eth0, ports: [{ name: 'a', protocol: 'TCP', port: 65_536 }] }, 'spec.ports[0].port', /at most 65535/],
  ])('%o', (spec, path, reason) => {
    expect(findErrors(make(spec)).find((error) => error.path === path)?.reason).toMatch(reason)
  })

  it.each<object>([
    eth0,
    { node: 'node-1', interfaceName: '*' },
    { node: 'node-1', expectedIPs: ['10.0.0.1', 'fd00::1'], profiles: ['kns.prod'] },
    { ...eth0, ports: [{ name: 'web', protocol: 'TCP', port: 80 }] },
  ])('%o is fine, and written as it is', (spec) => {
    expect(withDefaults(make(spec)).spec).toEqual(spec)
  })
})
