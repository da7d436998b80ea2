/** The fabric's router: Debian's BIRD 2, as an operator of a data centre would configure it. It knows nothing of Tortie. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../three-hosts/lab/network.ts'
import type { Fabric } from './fabric.ts'

export const fabricAs = 64_700
/** Each host is a rack of its own. */
export const hostAs = (index: number): number => 64_513 + index

export interface Router {
  /** Output of a command of `birdc`. */
  birdc(...words: readonly string[]): string
  stop(): void
}

export function startRouter(fabric: Fabric, dir: string): Router {
  const own = join(dir, 'router')
  mkdirSync(own, { recursive: true })
  const config = join(own, 'bird.conf')
  const control = join(own, 'bird.ctl')
  writeFileSync(config, birdConfig(fabric))
  const log = openSync(join(own, 'bird.log'), 'a')
  const child: ChildProcess = spawn('ip', ['netns', 'exec', fabric.router, 'bird', '-f', '-c', config, '-s', control], {
    stdio: ['ignore', log, log],
  })
  return {
    birdc(...words) {
      const { stdout, stderr } = spawnSync('birdc', ['-s', control, ...words], { encoding: 'utf8' })
      return stdout || stderr
    },
    stop: () => void child.kill('SIGKILL'),
  }
}

function birdConfig(fabric: Fabric): string {
  return `log stderr all;
router id 10.10.100.254;
protocol device { }
protocol direct { ipv4; ipv6; }
# Equal paths become one route with several next hops.
protocol kernel { ipv4 { export where source = RTS_BGP; }; merge paths on; persist; }
protocol kernel { ipv6 { export where source = RTS_BGP; }; merge paths on; persist; }
# RFC 8326: what is about to go away is used only when nothing else is there.
filter from_host { if (65535, 0) ~ bgp_community then bgp_local_pref = 0; accept; }
${fabric.hosts.map((host, index) => neighbour(fabric, host, index)).join('')}`
}

function neighbour(fabric: Fabric, host: Host, index: number): string {
  const gateway = fabric.gateway(host)
  const one = (family: 4 | 6): string => `protocol bgp ${host.name}v${family} {
  local ${family === 4 ? gateway.ipv4 : gateway.ipv6} as ${fabricAs};
  neighbor ${family === 4 ? host.ipv4 : host.ipv6} as ${hostAs(index)};
  connect delay time 1; connect retry time 2; error wait time 1,4;
  graceful restart on;
  ipv${family} { import filter from_host; export all; add paths rx; };
}
`
  return one(4) + one(6)
}
