/** Our speaker as the daemon under test: two neighbours, no kernel routes. */
import { setImmediate as yieldTurn } from 'node:timers/promises'
import { acceptAll, createSpeaker, peerConfig } from '@tortie/bgp'
import { openTcpNetwork } from '@tortie/linux'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'

const peer = (subnet: number, remoteAs: number) => ({
  ...peerConfig({ key: `subnet${subnet}`, address: `10.0.${subnet}.2`, localAs: 64_512, remoteAs, passive: true }),
  importFilter: acceptAll,
  exportFilter: acceptAll,
})

const speaker = createSpeaker(
  {
    routerId: '10.0.2.1',
    listen: [{ family: 4, port: 179 }],
    peers: [peer(2, 64_513), peer(3, 64_514)],
    recoveryTime: 0,
    maxPaths: 1,
  },
  { network: openTcpNetwork(), clock: systemClock, random: systemRandom, log: silentLog, yieldTurn: () => yieldTurn() },
  { resolveByDefault: { metric: 0 } },
)
await speaker.run({ signal: new AbortController().signal })
