import { isAddress, isPrefix, parseAddress } from '@tortie/ip'
import { BgpError } from '../errors.ts'
import type { PeerConfig, SpeakerConfig } from './config.ts'

const bad = (field: string, why: string): BgpError => new BgpError('bgp/bad-value', { field, why })

/** @throws BgpError `bgp/bad-value`, naming the field, for what no speaker can do */
export function checkConfig(config: SpeakerConfig): void {
  const { routerId, peers, dynamic = [] } = config
  if (!isAddress(routerId) || routerId.includes(':') || routerId === '0.0.0.0')
    throw bad('routerId', `${routerId || 'nothing'} is no IPv4 address`)
  const keys = new Map<string, number>()
  const places = new Map<string, string>()
  for (const [i, peer] of peers.entries()) {
    const field = `peers[${i}]`
    if (keys.has(peer.key)) throw bad(`${field}.key`, `${peer.key} is also that of peers[${keys.get(peer.key)}]`)
    keys.set(peer.key, i)
    if (!isAddress(unscoped(peer.address))) throw bad(`${field}.address`, `${peer.address} is no address`)
    const place = `${peer.address} port ${peer.port}`
    const other = places.get(place)
    if (other !== undefined) throw bad(`${field}.address`, `${peer.key} and ${other} are both ${place}`)
    places.set(place, peer.key)
    checkPeer(field, peer)
    if (peer.localAddress !== undefined && familyOf(peer.localAddress) !== familyOf(unscoped(peer.address)))
      throw bad(`${field}.localAddress`, `${peer.localAddress} is not of the family of ${peer.address}`)
  }
  for (const [i, { prefix, peer }] of dynamic.entries()) {
    if (!isPrefix(prefix)) throw bad(`dynamic[${i}].prefix`, `${prefix} is no prefix`)
    checkPeer(`dynamic[${i}].peer`, peer)
  }
}

function checkPeer(field: string, peer: Omit<PeerConfig, 'key' | 'address' | 'passive'>): void {
  const { families, holdTime, gracefulRestart, longLived, password, ttlSecurity, localAs, remoteAs } = peer
  if (families.length === 0) throw bad(`${field}.families`, 'there is none')
  if (holdTime === 1 || holdTime === 2 || !within(holdTime, 0, 0xffff))
    throw bad(`${field}.holdTime`, `${holdTime} is neither 0 nor 3 to 65535`)
  if (!within(gracefulRestart.time, 0, 4095))
    throw bad(`${field}.gracefulRestart.time`, `${gracefulRestart.time} is not 0 to 4095`)
  if (longLived && !within(longLived.staleTime, 0, 0xffffff))
    throw bad(`${field}.longLived.staleTime`, `${longLived.staleTime} is not 0 to 16777215`)
  const octets = new TextEncoder().encode(password ?? '').length
  if (octets > 80) throw bad(`${field}.password`, `it has ${octets} octets; TCP-MD5 takes 80`)
  if (ttlSecurity !== undefined && !within(ttlSecurity, 1, 255))
    throw bad(`${field}.ttlSecurity`, `${ttlSecurity} is not 1 to 255`)
  for (const [name, as] of Object.entries({ localAs, remoteAs }))
    if (as !== undefined && !within(as, 1, 0xffffffff)) throw bad(`${field}.${name}`, `${as} is no AS number`)
}

const within = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

/** An address without its zone. */
export function unscoped(address: string): string {
  const [bare = ''] = address.split('%')
  return bare
}

const familyOf = (address: string): number | undefined =>
  isAddress(address) ? parseAddress(address).family : undefined
