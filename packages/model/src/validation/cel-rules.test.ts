import { containsAddress, formatPrefix, type Prefix, parseAddress, parseCidr, prefixOf } from '@tortie/ip'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyResource, Kind } from '../index.ts'
import { findErrors, kinds, withDefaults } from '../index.ts'
import { anyResource } from '../testing/index.ts'
import { type CelRule, celRules } from './cel-rules.ts'

/** The part of Kubernetes' expression language that the rules use, by JavaScript's, which has the same operators. */
function evaluate({ rule }: CelRule, self: unknown): boolean {
  const code = rule
    .replace(/\.exists\((\w+), /g, '.some(($1) => ')
    .replaceAll('.contains(', '.includes(')
    .replace(/\bhas\(([\w.]+)\)/g, '($1 !== undefined)')
    .replace(/(?<![=!<>])==(?!=)/g, '===')
    .replace(/!=(?!=)/g, '!==')
  const names = ['self', 'size', 'cidr', 'ip', 'isIP']
  return new Function(...names, `'use strict'; return ${code}`)(self, size, cidr, ip, isIP) as boolean
}

const size = (value: string | readonly unknown[]): number => value.length
const ip = (text: string) => ({ family: () => parseAddress(text).family })
function isIP(text: string): boolean {
  try {
    return Boolean(parseAddress(text))
  } catch {
    return false
  }
}

interface CelCidr {
  readonly ip: () => { readonly family: () => number; readonly text: string }
  readonly prefixLength: () => number
}

/** Those that are equal are the same object, as `==` of CEL finds them. */
const cidrs = new Map<string, object>()
function cidr(text: string): CelCidr {
  const { address, length } = parseCidr(text)
  const prefix: Prefix = prefixOf(address, length)
  const made = cidrs.get(text) ?? {
    ip: () => ({ family: () => address.family, text: text.replace(/\/.*/, '') }),
    prefixLength: () => length,
    masked: () => cidr(formatPrefix(prefix)),
    containsIP: (other: string | { readonly text: string }) => {
      const wanted = parseAddress(typeof other === 'string' ? other : other.text)
      return wanted.family === prefix.family && containsAddress(prefix, wanted)
    },
  }
  cidrs.set(text, made)
  return made as CelCidr
}

/** Every value at a place of an object. */
function valuesAt(value: unknown, place: string): unknown[] {
  if (place === '') return [value]
  const steps = place.replaceAll('[]', '.[]').split('.')
  return steps.reduce<unknown[]>(
    (found, step) => {
      if (step === '[]') return found.flatMap((list) => list as unknown[])
      return found.flatMap((fields) => (fields as Record<string, unknown>)[step] ?? [])
    },
    [value],
  )
}

const isTransition = ({ rule }: CelRule): boolean => rule.includes('oldSelf')

/** The rules that refuse an object. */
function refusals(resource: AnyResource): CelRule[] {
  return Object.entries(celRules[resource.kind] ?? {}).flatMap(([place, rules]) =>
    valuesAt(resource, place).flatMap((self) => rules.filter((rule) => !isTransition(rule) && !evaluate(rule, self))),
  )
}

const rule = (fields: object) => ({ ingress: [{ action: 'Allow', ...fields }] })
const both = (source: object) => rule({ protocol: 'TCP', source })
const pool = (fields: object) => ({ cidr: '10.0.0.0/16', ...fields })
const balancer = (fields: object) => pool({ allowedUses: ['LoadBalancer'], ...fields })
const peer = (fields: object) => ({ peerIP: '10.0.0.1', asNumber: 1, ...fields })
const filter = (fields: object) => ({ exportV4: [{ action: 'Reject', ...fields }] })
const local = (fields: object) => ({ localWorkloadSelector: 'all()', asNumber: 1, ...fields })
const services = { name: 'a', namespace: 'b' }
const password = { secretKeyRef: { name: 'a', key: 'b' } }
const preDNAT = { preDNAT: true, applyOnForward: true }

/** What trips each rule, and what a message of `validate` then names. */
const cases: readonly [kind: Kind, spec: object, path: string, name?: string][] = [
  [
    'BGPConfiguration',
    { nodeToNodeMeshEnabled: false, nodeMeshPassword: password },
    'spec.nodeMeshPassword',
    'default',
  ],
  [
    'BGPConfiguration',
    { nodeToNodeMeshEnabled: false, nodeMeshMaxRestartTime: '1m' },
    'spec.nodeMeshMaxRestartTime',
    'default',
  ],
  ['BGPConfiguration', { communities: [{ name: 'a', value: '1:1' }] }, 'spec.communities'],
  ['BGPFilter', filter({ cidr: '10.0.0.0/8' }), 'spec.exportV4[0].matchOperator'],
  ['BGPFilter', filter({ prefixLength: { min: 1 } }), 'spec.exportV4[0].prefixLength'],
  ['BGPFilter', filter({ operations: [{ setPriority: { value: 1 } }] }), 'spec.exportV4[0].operations'],
  ['BGPPeer', peer({ node: 'a', nodeSelector: 'all()' }), 'spec.node'],
  ['BGPPeer', { peerIP: '10.0.0.1', peerSelector: 'all()' }, 'spec.peerIP'],
  ['BGPPeer', { peerSelector: 'all()', asNumber: 1 }, 'spec.asNumber'],
  ['BGPPeer', local({ peerIP: '10.0.0.1' }), 'spec.peerIP'],
  ['BGPPeer', local({ peerSelector: 'all()' }), 'spec.peerSelector'],
  ['BGPPeer', { localWorkloadSelector: 'all()' }, 'spec.asNumber'],
  ['BGPPeer', { reachableBy: '10.0.0.2' }, 'spec.reachableBy'],
  ['BGPPeer', peer({ keepOriginalNextHop: true, nextHopMode: 'Self' }), 'spec.keepOriginalNextHop'],
  ['FelixConfiguration', { nodeSelector: 'all()' }, 'spec.nodeSelector', 'default'],
  ['FelixConfiguration', { nodeSelector: 'all()' }, 'spec.nodeSelector', 'node.a'],
  ['FelixConfiguration', { routeTableRange: { min: 1, max: 2 }, routeTableRanges: [] }, 'spec.routeTableRange'],
  ['FelixConfiguration', { routeTableRange: { min: 3, max: 2 } }, 'spec.routeTableRange.min'],
  ['FelixConfiguration', { natOutgoingAddress: 'fd00::1' }, 'spec.natOutgoingAddress'],
  ['FelixConfiguration', { deviceRouteSourceAddress: 'x' }, 'spec.deviceRouteSourceAddress'],
  ['FelixConfiguration', { deviceRouteSourceAddressIPv6: '10.0.0.1' }, 'spec.deviceRouteSourceAddressIPv6'],
  ['GlobalNetworkPolicy', { namespaceSelector: 'global()' }, 'spec.namespaceSelector'],
  ['GlobalNetworkPolicy', { ...preDNAT, doNotTrack: true }, 'spec.preDNAT'],
  ['GlobalNetworkPolicy', { ...preDNAT, egress: [{ action: 'Allow' }] }, 'spec.egress'],
  ['StagedGlobalNetworkPolicy', { ...preDNAT, types: ['Egress'] }, 'spec.types'],
  ['StagedGlobalNetworkPolicy', { doNotTrack: true }, 'spec.applyOnForward'],
  ['HostEndpoint', { node: '', interfaceName: 'eth0' }, 'spec.node'],
  ['HostEndpoint', { node: 'a' }, 'spec.interfaceName'],
  ['NetworkPolicy', { selector: 'global()' }, 'spec.selector'],
  ['NetworkPolicy', { serviceAccountSelector: 'global()' }, 'spec.serviceAccountSelector'],
  ['NetworkPolicy', rule({ protocol: 'ICMP', ipVersion: 6 }), 'spec.ingress[0].ipVersion'],
  ['NetworkPolicy', rule({ notProtocol: 1, ipVersion: 6 }), 'spec.ingress[0].ipVersion'],
  ['NetworkPolicy', rule({ protocol: 'ICMPv6', ipVersion: 4 }), 'spec.ingress[0].ipVersion'],
  ['NetworkPolicy', rule({ notProtocol: 58, ipVersion: 4 }), 'spec.ingress[0].ipVersion'],
  ['NetworkPolicy', rule({ icmp: { type: 1 } }), 'spec.ingress[0].icmp'],
  ['NetworkPolicy', rule({ protocol: 'ICMP', icmp: { code: 1 } }), 'spec.ingress[0].icmp.code'],
  ['NetworkPolicy', { ingress: [{ action: 'Deny', http: { methods: ['GET'] } }] }, 'spec.ingress[0].http'],
  ['NetworkPolicy', rule({ protocol: 'UDP', http: { methods: ['GET'] } }), 'spec.ingress[0].protocol'],
  [
    'NetworkPolicy',
    { egress: [{ action: 'Allow', protocol: 'TCP', destination: { services, ports: [1] } }] },
    'spec.egress[0].destination.ports',
  ],
  ['StagedNetworkPolicy', both({ selector: 'global()' }), 'spec.ingress[0].source.selector'],
  ['StagedNetworkPolicy', both({ notSelector: 'global()' }), 'spec.ingress[0].source.notSelector'],
  ['StagedNetworkPolicy', both({ services: { namespace: 'a' } }), 'spec.ingress[0].source.services.name'],
  ['StagedNetworkPolicy', both({ services, serviceAccounts: { names: ['a'] } }), 'spec.ingress[0].source.services'],
  ['StagedNetworkPolicy', both({ services, namespaceSelector: 'all()' }), 'spec.ingress[0].source.services'],
  ['StagedNetworkPolicy', both({ services, notSelector: 'all()' }), 'spec.ingress[0].source.services'],
  ['StagedNetworkPolicy', both({ services, nets: ['10.0.0.0/8'] }), 'spec.ingress[0].source.services'],
  ['IPPool', pool({ cidr: '10.0.0.1/16' }), 'spec.cidr'],
  ['IPPool', pool({ cidr: '169.0.0.0/8' }), 'spec.cidr'],
  ['IPPool', pool({ cidr: 'fe80:1::/32' }), 'spec.cidr'],
  ['IPPool', pool({ cidr: 'fd00::/64', ipipMode: 'Always' }), 'spec.ipipMode'],
  ['IPPool', pool({ ipipMode: 'Always', vxlanMode: 'Always' }), 'spec.ipipMode'],
  ['IPPool', pool({ blockSize: 33 }), 'spec.blockSize'],
  ['IPPool', pool({ cidr: '10.0.0.0/27' }), 'spec.cidr'],
  ['IPPool', pool({ nodeSelector: 'global()' }), 'spec.nodeSelector'],
  ['IPPool', pool({ namespaceSelector: 'global()', allowedUses: ['Workload'] }), 'spec.namespaceSelector'],
  ['IPPool', pool({ namespaceSelector: 'all()' }), 'spec.namespaceSelector'],
  ['IPPool', balancer({ allowedUses: ['LoadBalancer', 'Workload'] }), 'spec.allowedUses'],
  ['IPPool', balancer({ vxlanMode: 'Always' }), 'spec.ipipMode'],
  ['IPPool', balancer({ disableBGPExport: true }), 'spec.disableBGPExport'],
  ['IPPool', balancer({ nodeSelector: 'has(a)' }), 'spec.nodeSelector'],
  ['Tier', { order: 5 }, 'spec.order', 'default'],
  ['Tier', { defaultAction: 'Pass' }, 'spec.defaultAction', 'default'],
  ['Tier', { order: 5, defaultAction: 'Pass' }, 'spec.order', 'kube-admin'],
  ['Tier', { order: 1000 }, 'spec.defaultAction', 'kube-admin'],
  ['Tier', { order: 5, defaultAction: 'Pass' }, 'spec.order', 'kube-baseline'],
  ['Tier', { order: 10_000_000 }, 'spec.defaultAction', 'kube-baseline'],
]

/** As an API server sees it: with the defaults of the kind, and what was left out left out. */
function make(kind: Kind, spec: object, name = 'a'): AnyResource {
  const namespace = kinds[kind].namespaced ? { namespace: 'prod' } : {}
  const defaults = {
    IPPool: { nodeSelector: 'all()', allowedUses: ['Workload', 'Tunnel'] },
    Tier: { order: 1_000_000, defaultAction: 'Deny' },
  }
  const whole = { ...(defaults as Partial<Record<Kind, object>>)[kind], ...spec }
  return {
    apiVersion: 'projectcalico.org/v3',
    kind,
    metadata: { name, ...namespace },
    spec: whole,
  } as unknown as AnyResource
}

describe('CEL rules', () => {
  it.each(cases)('%s %j is refused, by validate too: %s', (kind, spec, path, name) => {
    const resource = make(kind, spec, name)
    expect(refusals(resource).map(({ message }) => message)).not.toEqual([])
    expect(findErrors(resource).map((error) => error.path)).toContain(path)
  })

  it('are all tripped by these cases', () => {
    const tripped = new Set(
      cases.flatMap(([kind, spec, , name]) => refusals(make(kind, spec, name)).map(({ rule: text }) => text)),
    )
    const all = Object.values(celRules).flatMap((rules) => Object.values(rules).flat())
    expect(all.filter((rule) => !isTransition(rule) && !tripped.has(rule.rule))).toEqual([])
    expect(all.filter(isTransition)).toHaveLength(2)
  })

  it('refuse nothing that validate accepts', () => {
    fc.assert(
      fc.property(anyResource, (resource) => {
        expect(refusals(withDefaults(resource))).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })
})
