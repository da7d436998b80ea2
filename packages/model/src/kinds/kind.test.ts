import { describe, expect, it } from 'vitest'
import { felixParameterName } from '../names/felix-parameter.ts'
import { jsonSchema } from '../validation/json-schema.ts'
import { definitions } from './definitions.ts'
import { findKind, isKind, type Kind, kinds } from './kind.ts'

const names = Object.keys(kinds) as Kind[]

describe('the table of kinds', () => {
  it('has a row, a definition and a JSON Schema for each', () => {
    expect(Object.keys(definitions).sort()).toEqual([...names].sort())
    for (const kind of names) {
      const schema = jsonSchema(kind) as { properties: Record<string, { const?: string; properties?: object }> }
      expect(kinds[kind].kind).toBe(kind)
      expect(schema.properties.kind?.const).toBe(kind)
      expect('status' in schema.properties).toBe(kinds[kind].hasStatus)
      expect(Object.keys(schema.properties.spec?.properties ?? {}).length).toBeGreaterThan(0)
    }
  })

  it('has no name twice', () => {
    // IPAM's own kinds are found last: `ipamconfigs` means IPAMConfiguration.
    const shown = names.filter((kind) => kinds[kind].hasResourceKey)
    const all = shown.flatMap((kind) => [kinds[kind].plural, ...kinds[kind].aliases])
    expect(new Set(all).size).toBe(all.length)
  })

  it.each<[string, Kind | undefined]>([
    ['IPPool', 'IPPool'],
    ['ippool', 'IPPool'],
    ['ippools', 'IPPool'],
    ['pools', 'IPPool'],
    ['NP', 'NetworkPolicy'],
    ['gnp', 'GlobalNetworkPolicy'],
    ['wep', 'WorkloadEndpoint'],
    ['no', 'Node'],
    ['heps', 'HostEndpoint'],
    ['nodestatuses', 'CalicoNodeStatus'],
    ['kubecontrollersconfig', 'KubeControllersConfiguration'],
    ['bgpconfig', 'BGPConfiguration'],
    ['bp', 'BGPPeer'],
    ['bf', 'BGPFilter'],
    ['snp', 'StagedNetworkPolicy'],
    ['StagedKubernetesPolicies', 'StagedKubernetesNetworkPolicy'],
    ['sgnp', 'StagedGlobalNetworkPolicy'],
    ['ipamconfig', 'IPAMConfiguration'],
    ['clusterinfo', 'ClusterInformation'],
    ['constructor', undefined],
    ['', undefined],
  ])('%j means %s', (text, kind) => {
    expect(findKind(text)).toBe(kind)
  })

  it('knows kinds by their exact name', () => {
    expect(isKind('Tier')).toBe(true)
    expect(isKind('tier')).toBe(false)
    expect(isKind('toString')).toBe(false)
  })
})

describe('FelixConfiguration', () => {
  const schema = jsonSchema('FelixConfiguration') as { properties: { spec: { properties: Record<string, object> } } }
  const fields = Object.keys(schema.properties.spec.properties)

  it('has every field of the reference', () => {
    expect(fields).toHaveLength(188)
  })

  it('has patterns that take any case, in JSON Schema too', () => {
    const { pattern = '' } = schema.properties.spec.properties.logSeverityScreen as { readonly pattern?: string }
    for (const severity of ['Info', 'DEBUG', 'warning', '']) expect(severity).toMatch(new RegExp(pattern))
    expect('loud').not.toMatch(new RegExp(pattern))
  })

  it('has a parameter of its own for each field but nodeSelector', () => {
    const parameters = fields.filter((field) => field !== 'nodeSelector').map(felixParameterName)
    expect(new Set(parameters).size).toBe(fields.length - 1)
    expect(parameters).not.toContain(undefined)
    expect(felixParameterName('nodeSelector')).toBeUndefined()
  })

  it.each([
    ['reportingInterval', 'ReportingIntervalSecs'],
    ['ipv6Support', 'Ipv6Support'],
    ['ipv4NormalRoutePriority', 'IPv4NormalRoutePriority'],
    ['bpfConntrackMode', 'BPFConntrackCleanupMode'],
    ['wireguardKeepAlive', 'WireguardPersistentKeepAlive'],
    ['nftablesMode', 'NFTablesMode'],
    ['nftablesMarkMask', 'NftablesMarkMask'],
    ['nftablesFlowTableOffload', 'NFTablesFlowTableOffload'],
    ['ipForwarding', 'IPForwarding'],
    ['ipipMTU', 'IpInIpMtu'],
    ['mtuIfacePattern', 'MTUIfacePattern'],
    ['natPortRange', 'NATPortRange'],
    ['vxlanMTUV6', 'VXLANMTUV6'],
    ['healthPort', 'HealthPort'],
  ])('%s is %s', (field, parameter) => {
    expect(felixParameterName(field)).toBe(parameter)
  })
})
