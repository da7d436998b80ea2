import { formatPrefix, parseAddress } from '@tortie/ip'
import type { IPPool, IPPoolSpec, IPPoolStatus } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { blockOf, choosePools, type PoolWish, poolFor, poolOf, poolsOf } from './pool.ts'

const pool = (name: string, spec: Partial<IPPoolSpec> & { cidr: string }, status?: IPPoolStatus): IPPool => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'IPPool',
  metadata: { name },
  spec,
  ...(status && { status }),
})

describe('a pool', () => {
  it('has Calico’s defaults', () => {
    expect(poolOf(pool('v4', { cidr: '10.65.3.0/16' }))).toEqual({
      name: 'v4',
      prefix: { family: 4, value: 0x0a410000n, length: 16 },
      blockLength: 26,
      enabled: true,
      automatic: true,
      uses: ['Workload', 'Tunnel'],
      nodeSelector: '',
      namespaceSelector: '',
    })
    expect(poolOf(pool('v6', { cidr: 'fd80::/64', blockSize: 0, allowedUses: [] }))).toMatchObject({
      blockLength: 122,
      uses: ['Workload', 'Tunnel'],
    })
  })

  it.each([
    ['disabled', pool('p', { cidr: '10.0.0.0/24', disabled: true })],
    [
      'being deleted',
      { ...pool('p', { cidr: '10.0.0.0/24' }), metadata: { name: 'p', deletionTimestamp: '2026-08-10T12:00:00Z' } },
    ],
    [
      'not allocatable',
      pool(
        'p',
        { cidr: '10.0.0.0/24' },
        { conditions: [{ type: 'Allocatable', status: 'False', reason: 'CIDROverlap' }] },
      ),
    ],
  ])('that is %s is not enabled', (_, resource) => expect(poolOf(resource)?.enabled).toBe(false))

  it('that cannot be read is as good as absent', () => {
    expect(poolsOf([pool('a', { cidr: 'ten' }), pool('b', { cidr: '10.0.0.0/24', blockSize: 64 })])).toEqual([])
  })

  it('knows its blocks', () => {
    const [a, b] = poolsOf([pool('a', { cidr: '10.0.0.0/24' }), pool('b', { cidr: '10.0.1.0/24', blockSize: 30 })])
    expect(poolFor([a!, b!], parseAddress('10.0.1.77'))?.name).toBe('b')
    expect(poolFor([a!, b!], parseAddress('10.0.2.1'))).toBeUndefined()
    expect(formatPrefix(blockOf(b!, parseAddress('10.0.1.77')))).toBe('10.0.1.76/30')
  })
})

describe('choosing pools', () => {
  const pools = poolsOf([
    pool('plain', { cidr: '10.0.0.0/24' }),
    pool('rack', { cidr: '10.0.1.0/24', nodeSelector: 'rack == "a"' }),
    pool('team', { cidr: '10.0.2.0/24', namespaceSelector: 'team == "x"' }),
    pool('manual', { cidr: '10.0.3.0/24', assignmentMode: 'Manual' }),
    pool('lb', { cidr: '10.0.4.0/24', allowedUses: ['LoadBalancer'] }),
    pool('off', { cidr: '10.0.5.0/24', disabled: true }),
    pool('small', { cidr: '10.0.6.0/24', blockSize: 31, nodeSelector: 'all()' }),
    pool('six', { cidr: 'fd00::/64' }),
  ])
  const wish: PoolWish = {
    family: 4,
    use: 'Workload',
    host: 'node-1',
    nodeLabels: {},
    namespaceLabels: {},
    asked: [],
    field: 'pools4',
    longestBlock: 32,
  }
  const names = (change: Partial<PoolWish>): string[] =>
    choosePools(pools, { ...wish, longestBlock: change.family === 6 ? 128 : 32, ...change }).map(({ name }) => name)

  it.each<[string, Partial<PoolWish>, string[]]>([
    ['by default: automatic ones without selector', {}, ['plain', 'small']],
    ['by the node’s labels', { nodeLabels: { rack: 'a' } }, ['plain', 'rack', 'small']],
    ['by the namespace’s labels', { namespaceLabels: { team: 'x' } }, ['plain', 'team', 'small']],
    ['by use', { use: 'LoadBalancer' }, ['lb']],
    ['of the family', { family: 6 }, ['six']],
    ['with room for the host’s reservation, asked for or not', { longestBlock: 29 }, ['plain']],
    [
      'asked for, in that order, whatever selectors and mode say',
      { asked: ['10.0.3.0/24', '10.0.1.0/24'] },
      ['manual', 'rack'],
    ],
    ['asked for in any writing', { family: 6, asked: ['FD00:0::1/64'] }, ['six']],
  ])('%s', (_, change, expected) => expect(names(change)).toEqual(expected))

  it.each<[Partial<PoolWish>, string]>([
    [
      { asked: ['10.0.5.0/24'] },
      'pools4: the given pool (10.0.5.0/24) does not exist, or is not enabled; name the CIDR of an enabled IPv4 pool',
    ],
    [{ asked: ['10.9.0.0/24'] }, 'the given pool (10.9.0.0/24) does not exist'],
    [{ asked: ['fd00::/64'] }, 'pools4 "fd00::/64" must be the CIDR of an IPv4 pool'],
    [{ asked: ['plain'] }, 'pools4 "plain" is no CIDR'],
    [{ asked: ['10.0.4.0/24'] }, 'no IPv4 pool is qualified for node-1: none of lb has Workload among its allowedUses'],
    [{ longestBlock: 20 }, 'their blockSize leaves no room'],
    [{ family: 6, use: 'LoadBalancer' }, 'none of six has LoadBalancer among its allowedUses'],
  ])('refuses %j', (change, message) => expect(() => names(change)).toThrowError(message))

  it('says what is missing', () => {
    expect(() => choosePools([], wish)).toThrowError('there is no enabled IPv4 IPPool; create one')
    const picky = poolsOf([pool('rack', { cidr: '10.0.1.0/24', nodeSelector: 'rack == "a"' })])
    expect(() => choosePools(picky, wish)).toThrowError('no pool in assignmentMode Automatic selects this node')
    const broken = poolsOf([pool('odd', { cidr: '10.0.1.0/24', nodeSelector: 'rack ==' })])
    expect(() => choosePools(broken, wish)).toThrowError(/^IPPool\(odd\) nodeSelector: /)
  })
})
