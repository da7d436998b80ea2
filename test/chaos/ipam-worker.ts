/** One process of ipam.test.ts: assigns and releases on the embedded store, and tells what it holds, since when. */
import { openEmbedded } from '@tortie/datastore-embedded'
import { createIpam, isIpamError } from '@tortie/ipam'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'

const [, , path = '', name = '', host = '', rounds = ''] = process.argv
const call = { signal: AbortSignal.timeout(100_000) }
const ports = { clock: systemClock, random: systemRandom, log: silentLog }
await using datastore = await openEmbedded({ path, ...ports }, call)
const ipam = createIpam({ datastore, ...ports })
/** One clock for all processes of a machine. */
const tell = (event: string, addresses: readonly string[]): void => {
  if (addresses.length > 0) process.stdout.write(`${process.hrtime.bigint()} ${event} ${addresses.join(' ')}\n`)
}

const held: { readonly handle: string; readonly addresses: readonly string[] }[] = []
for (let round = 0; round < Number(rounds); round++) {
  if (held.length > 2 && systemRandom.next() < 0.5) {
    const [{ handle, addresses } = { handle: '', addresses: [] }] = held.splice(0, 1)
    tell('gives-up', addresses)
    if (round % 2 === 0) await ipam.releaseByHandle({ handle }, call)
    else
      await ipam.releaseIps(
        addresses.map((address) => ({ address, handle })),
        call,
      )
    continue
  }
  const handle = `${name}.${round}`
  const request = { num4: 1 + (round % 3), num6: round % 2, handle, host, intendedUse: 'Workload' as const }
  try {
    const { ipv4, ipv6 } = await ipam.autoAssign({ ...request, attributes: { node: host } }, call)
    const addresses = [...ipv4.addresses, ...ipv6.addresses].map((address) => address.replace(/\/\d+$/, ''))
    tell('holds', addresses)
    held.push({ handle, addresses })
  } catch (error) {
    // More rivals than blocks: then some meet their limit.
    if (!isIpamError(error, 'ipam/block-limit')) throw error
  }
}
