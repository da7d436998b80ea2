/**
 * Our speaker as a process, to be killed: its configuration and routes are the argument, in JSON, and its events go to
 * stdout, one in a line.
 */
import { createSpeaker, type LocalRoute, type SpeakerConfig, type SpeakerOptions } from '@tortie/bgp'
import { openTcpNetwork } from '@tortie/linux'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom, yieldTurn } from '@tortie/runtime/system'

const { config, options, routes } = JSON.parse(process.argv[2] ?? '') as {
  readonly config: SpeakerConfig
  readonly options: SpeakerOptions
  readonly routes: readonly LocalRoute[]
}
const stop = new AbortController()
const ports = {
  network: openTcpNetwork(),
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
  yieldTurn,
}
const speaker = createSpeaker(config, ports, options)
const events = speaker.events(stop)
speaker.announce(routes)
void speaker.run(stop)
for await (const event of events) process.stdout.write(`${JSON.stringify(event)}\n`)
