/** Our speaker as the daemon under test: neighbours as its argument says, no kernel routes. */
import { setImmediate as yieldTurn } from 'node:timers/promises'
import { acceptAll, createSpeaker, peerConfig, rejectAll } from '@tortie/bgp'
import { openTcpNetwork } from '@tortie/linux'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { type Dut, localAs, routerId } from './daemons.ts'

const { peers, holdTime, told } = JSON.parse(process.argv[2] ?? '{}') as Dut
const speaker = createSpeaker(
  {
    routerId,
    listen: [{ family: 4, port: 179 }],
    peers: peers.map(({ remote, as, exports }) => ({
      ...peerConfig({ address: remote, localAs, remoteAs: as, passive: true, holdTime }),
      importFilter: acceptAll,
      exportFilter: exports ? acceptAll : rejectAll,
    })),
    recoveryTime: 0,
    maxPaths: 1,
  },
  { network: openTcpNetwork(), clock: systemClock, random: systemRandom, log: silentLog, yieldTurn: () => yieldTurn() },
  { resolveByDefault: { metric: 0 } },
)
const call = { signal: new AbortController().signal }
async function listen(): Promise<void> {
  for await (const event of speaker.events(call)) if (event.kind === 'problem') throw new Error(event.why)
}
await Promise.all([speaker.run(call), told && listen()])
