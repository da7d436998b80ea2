import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BgpStatus } from '@tortie/node'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../testing/transcript.ts'

const dir = mkdtempSync(join(tmpdir(), 'tortie-status-'))
mkdirSync(join(dir, 'host'))
writeFileSync(join(dir, 'host', 'processes'), 'node /usr/bin/tortie-agent\n')
afterAll(() => rmSync(dir, { recursive: true }))

/** What `node status` says when the agent answers this. */
async function said(status: number, answer: unknown): Promise<{ stdout: string; stderr: string; code: number }> {
  const server = createServer((_request, response) => response.writeHead(status).end(JSON.stringify(answer)))
  const socket = join(dir, 'bgp.sock')
  await new Promise<void>((listening) => server.listen(socket, listening))
  try {
    return await run(['node', 'status'], { environment: { TORTIE_BGP_SOCKET: socket }, host: join(dir, 'host') })
  } finally {
    await new Promise((closed) => server.close(closed))
  }
}

const peer = {
  name: 'Mesh_192_0_2_2',
  flaps: 0,
  routes: { received: 3, accepted: 3, sent: 2 },
  type: 'NodeMesh',
  peerIP: '192.0.2.2',
  state: 'up',
  bgpState: 'Established',
  since: '2026-08-10T12:00:00Z',
} as const
const family = { routerId: '192.0.2.1', state: 'Ready', bootTime: '2026-08-10T11:00:00Z' } as const

describe('node status (spec 06 §11.3)', () => {
  it('shows peers in a table for each family', async () => {
    const status: BgpStatus = {
      families: [
        {
          ...family,
          family: 4,
          peers: [
            peer,
            {
              ...peer,
              type: 'GlobalPeer',
              peerIP: '192.0.2.254',
              state: 'start',
              bgpState: 'Active',
              info: 'Socket: Connection refused',
            },
            { ...peer, type: 'NodePeer', peerIP: '192.0.2.9:1790', state: 'down', bgpState: 'Idle' },
            { ...peer, type: 'LocalWorkload', peerIP: '10.65.0.7' },
          ],
        },
        { ...family, family: 6, peers: [] },
      ],
      loopLagMs: 0,
    }
    expect(await said(200, status)).toEqual({
      code: 0,
      stderr: '',
      stdout: `Calico process is running.

IPv4 BGP status
+----------------+-------------------+-------+----------------------+-----------------------------------+
| PEER ADDRESS   | PEER TYPE         | STATE | SINCE                | INFO                              |
+----------------+-------------------+-------+----------------------+-----------------------------------+
| 192.0.2.2      | node-to-node mesh | up    | 2026-08-10T12:00:00Z | Established                       |
| 192.0.2.254    | global            | start | 2026-08-10T12:00:00Z | Active Socket: Connection refused |
| 192.0.2.9:1790 | node specific     | down  | 2026-08-10T12:00:00Z | Idle                              |
| 10.65.0.7      | local workload    | up    | 2026-08-10T12:00:00Z | Established                       |
+----------------+-------------------+-------+----------------------+-----------------------------------+

IPv6 BGP status
No IPv6 peers found.

`,
    })
  })

  it('knows by its answer that an agent runs', async () => {
    rmSync(join(dir, 'host', 'processes'))
    expect(await said(200, { families: [] })).toMatchObject({ code: 0 })
    expect(await said(500, { error: 'not now' })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Calico process is not running.\n',
    })
    writeFileSync(join(dir, 'host', 'processes'), 'node /usr/bin/tortie-agent\n')
  })

  it('says which family is not served', async () => {
    const answer = await said(200, { families: [{ ...family, family: 6, peers: [] }] })
    expect(answer.stdout).toBe(
      "Calico process is running.\n\nINFO: BIRDv4 process: 'bird' is not running.\n\nIPv6 BGP status\nNo IPv6 peers found.\n\n",
    )
  })

  it('ends with 0 although the agent cannot tell', async () => {
    const answer = await said(500, { error: 'BGP is starting' })
    expect(answer).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'Calico process is running.\n' +
        '\nIPv4 BGP status\nError querying BIRD: unable to connect to BIRDv4 socket: BGP is starting\n' +
        '\nIPv6 BGP status\nError querying BIRD: unable to connect to BIRDv6 socket: BGP is starting\n\n',
    })
  })
})
