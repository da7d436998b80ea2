import type { ResourceOf } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { parameters } from './parameters.ts'
import { type ConfigSources, resolveConfig, selectScoped } from './resolve.ts'

function felix(
  name: string,
  spec: object,
  creationTimestamp = '2026-01-01T00:00:00Z',
): ResourceOf<'FelixConfiguration'> {
  return { apiVersion: 'projectcalico.org/v3', kind: 'FelixConfiguration', metadata: { name, creationTimestamp }, spec }
}
const config = (sources: ConfigSources) => resolveConfig(sources).config

describe('precedence', () => {
  const sources: ConfigSources[] = [
    {},
    { global: felix('default', { healthPort: 1001 }) },
    { selected: felix('edge', { healthPort: 1002 }) },
    { perNode: felix('node.a', { healthPort: 1003 }) },
    { file: { HealthPort: '1004' } },
    { environment: { FELIX_HEALTHPORT: '1005' } },
  ]

  it.each([9099, 1001, 1002, 1003, 1004, 1005])('source of %i is beaten by all later ones only', (expected) => {
    const upTo = [9099, 1001, 1002, 1003, 1004, 1005].indexOf(expected)
    expect(config(Object.assign({}, ...sources.slice(0, upTo + 1))).HealthPort).toBe(expected)
  })

  it('merges by parameter, not by source', () => {
    const merged = config({
      global: felix('default', { healthPort: 7, logSeverityScreen: 'Debug' }),
      environment: { felix_healthport: '8' },
    })
    expect(merged).toMatchObject({ HealthPort: 8, LogSeverityScreen: 'DEBUG' })
  })
})

describe('values', () => {
  it.each([
    ['FELIX_IPV6SUPPORT', 'no', 'Ipv6Support', false],
    ['FELIX_ROUTEREFRESHINTERVAL', '0.5', 'RouteRefreshInterval', 500],
    ['FELIX_ROUTEREFRESHINTERVAL', '1m30s', 'RouteRefreshInterval', 90_000],
    ['FELIX_ROUTEREFRESHINTERVAL', 'none', 'RouteRefreshInterval', 0],
    ['FELIX_INTERFACEPREFIX', 'cali,tap', 'InterfacePrefix', ['cali', 'tap']],
    ['FELIX_DEFAULTENDPOINTTOHOSTACTION', 'accept', 'DefaultEndpointToHostAction', 'ACCEPT'],
    ['FELIX_HEALTHPORT', '', 'HealthPort', 9099],
  ])('%s=%s', (name, value, parameter, expected) => {
    expect(config({ environment: { [name]: value } })[parameter as keyof typeof parameters]).toEqual(expected)
  })

  it('reads durations and lists as FelixConfiguration writes them', () => {
    const global = felix('default', { routeRefreshInterval: '30s', interfacePrefix: 'tap', ipv6Support: false })
    expect(config({ global })).toMatchObject({
      RouteRefreshInterval: 30_000,
      InterfacePrefix: ['tap'],
      Ipv6Support: false,
    })
  })

  it('falls back to the default and says so', () => {
    const { config, problems } = resolveConfig({ file: { HealthPort: 'many' } })
    expect(config.HealthPort).toBe(9099)
    expect(problems).toEqual(['felix.cfg: HealthPort = "many" is ignored: write a whole number from 0 to 65535'])
  })

  it('stops rather than guess what decides who may pass', () => {
    expect(() => resolveConfig({ environment: { FELIX_DEFAULTENDPOINTTOHOSTACTION: 'ALLOW' } })).toThrow(
      'environment: DefaultEndpointToHostAction = "ALLOW" is not valid: write one of DROP, ACCEPT, RETURN',
    )
  })

  it('ignores local-only parameters that come from the datastore', () => {
    const { config, problems } = resolveConfig({ global: felix('default', { felixHostname: 'x' }) })
    expect(config.FelixHostname).toBe('')
    expect(problems).toHaveLength(1)
  })

  it('has every default readable by its own parser', () => {
    for (const [name, parameter] of Object.entries(parameters)) {
      const { default: value } = parameter as { default: unknown }
      if (typeof value === 'string' || typeof value === 'boolean')
        expect(config({ environment: { [`FELIX_${name}`]: String(value) } })[name as keyof typeof parameters]).toEqual(
          value,
        )
    }
  })
})

describe('selector-scoped configuration', () => {
  it('is the oldest that chooses the node, then by name', () => {
    const candidates = [
      felix('default', { nodeSelector: 'all()' }),
      felix('young', { nodeSelector: 'all()' }, '2026-03-01T00:00:00Z'),
      felix('b', { nodeSelector: 'all()' }, '2026-02-01T00:00:00Z'),
      felix('a', { nodeSelector: 'all()' }, '2026-02-01T00:00:00Z'),
      felix('other', { nodeSelector: 'none' }, '2025-01-01T00:00:00Z'),
    ]
    expect(selectScoped(candidates, (selector) => selector === 'all()')?.metadata.name).toBe('a')
  })
})
