import fc from 'fast-check'
import type { Flow } from '../../flow.ts'
import { hasPorts } from '../../protocol.ts'
import { icmpTypes, localParties, ports, protocols, remoteParties } from './universe.ts'

/** A flow between two different parties of the universe, at least one of them local. */
export function arbitraryFlow(): fc.Arbitrary<Flow> {
  const all = [...localParties, ...remoteParties]
  return fc
    .record({
      from: fc.nat(all.length - 1),
      to: fc.nat(all.length - 1),
      family: fc.constantFrom<4 | 6>(4, 6),
      protocol: fc.oneof(fc.constantFrom(6, 17), fc.constantFrom(...protocols)),
      sourcePort: fc.constantFrom(...ports),
      destinationPort: fc.constantFrom(...ports),
      icmpCode: fc.constantFrom(0, 0, 1),
      icmpType: fc.nat(2),
    })
    .map(({ from, to, family, protocol, sourcePort, destinationPort, icmpCode, icmpType }): Flow => {
      const local = localParties.length
      const peer = from >= local && to >= local ? to % local : to === from ? (to + 1) % local : to
      const key = family === 4 ? 'v4' : 'v6'
      const ends = { source: all[from]![key], destination: all[peer]![key] }
      if (protocol === 1 || protocol === 58) {
        const types = icmpTypes[family]
        return { ...ends, protocol: family === 4 ? 1 : 58, icmpType: types[icmpType % types.length]!, icmpCode }
      }
      return hasPorts(protocol) ? { ...ends, protocol, sourcePort, destinationPort } : { ...ends, protocol }
    })
}
