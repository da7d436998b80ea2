/** BIRD as Calico configures it on its nodes (spec 05 C6): what our agents must be taken for one of their own by. */
import { join } from 'node:path'
import { type Bird, startBird } from '../interop/daemons/bird.ts'
import { type BgpLab, cluster, type Machine } from './lab.ts'

export const normalLocalPref = 2_147_482_623

interface CalicoNode {
  readonly machine: Machine
  readonly peers: readonly Machine[]
  /** Its blocks of addresses. */
  readonly blocks: { readonly ipv4: string; readonly ipv6: string }
}

/** Metrics as Calico has them, and passive where its address is the textually smaller one. */
export function calicoNodeConfig({ machine, peers, blocks }: CalicoNode): string {
  const family = (v: 4 | 6): string => {
    const of = (one: Machine): string => (v === 4 ? one.ipv4 : one.ipv6)
    const block = v === 4 ? blocks.ipv4 : blocks.ipv6
    const peer = (one: Machine): string => `
protocol bgp Mesh_${of(one).replaceAll(/[.:]/g, '_')} {
  local ${of(machine)} as ${cluster};
  neighbor ${of(one)} as ${cluster};
  multihop 64;
  hold time 240; connect delay time 2; connect retry time 5; error wait time 5,30;
  graceful restart on; enable extended messages off;
  ${of(one) > of(machine) ? 'passive on;' : ''}
  ipv${v} { add paths on; import all; export filter calico_export${v}; gateway recursive; next hop keep; };
}`
    return `
protocol direct direct${v} { ipv${v}; }
protocol static block${v} { ipv${v}; route ${block} blackhole; }
protocol kernel kernel${v} { ipv${v} { import none; export where source = RTS_BGP || source = RTS_STATIC; }; persist; }
filter calico_export${v} {
  if source != RTS_BGP then bgp_local_pref = ${normalLocalPref};
  if net ~ [ ${block} ] then accept;
  reject;
}
${peers.map(peer).join('')}`
  }
  return `log stderr all;
router id ${machine.ipv4};
protocol device { }
${family(4)}
${family(6)}
`
}

export function startCalicoNode(lab: BgpLab, node: CalicoNode): Promise<Bird> {
  return startBird(node.machine.net, calicoNodeConfig(node), join(lab.at.dir, 'calico'), lab.signal, { graceful: true })
}
