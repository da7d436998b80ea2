import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { deltaBetween, emptyNat, emptyProgram } from '@tortie/dataplane'
import { openNetlink } from '@tortie/linux'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { silentLog, silentMeter } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { expect, it } from 'vitest'
import { createNftDataplane } from './index.ts'
import { churnProgram } from './testing/churn.ts'

const kills = 10
const script = fileURLToPath(new URL('./testing/churn.ts', import.meta.url))
const call = { signal: new AbortController().signal }

/** Elements and objects come in any order. */
function listing(netns: TestNetns): string[] {
  const text = netns.run('nft', 'list', 'table', 'inet', 'tortie').replace(/packets \d+ bytes \d+/g, '')
  return text
    .split(/[\n,]|elements = \{|\}/)
    .map((line) => line.trim())
    .filter(Boolean)
    .sort()
}

async function listingOf(variant: number): Promise<string> {
  using netns = createTestNetns('whole')
  const transport = openNetlink({ protocol: 12, netns })
  await using dataplane = createNftDataplane({ transport, clock: systemClock, log: silentLog, meter: silentMeter })
  await dataplane.apply(deltaBetween(emptyProgram, churnProgram(variant)), emptyNat, call)
  return listing(netns).join('\n')
}

/** Kills within the apply after the `applies`-th, when about `fraction` of it is done. */
async function churnAndKill(netns: TestNetns, applies: number, fraction: number): Promise<void> {
  const child = netns.spawn(process.execPath, ['--conditions=@tortie/source', script, netns.name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  if (!child.stdout) throw new Error('no stdout')
  let done = 0
  for await (const line of createInterface(child.stdout)) {
    if (++done < applies) continue
    await delay(Number(line) * fraction)
    child.kill('SIGKILL')
    break
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
}

it('a process killed in the midst of applies leaves one whole program, and the next one takes over', async () => {
  const whole = [await listingOf(0), await listingOf(1)]
  const found = [0, 0]
  using netns = createTestNetns('churn')
  for (let kill = 0; kill < kills; kill++) {
    await churnAndKill(netns, 1 + (kill % 3), kill / kills)
    const which = whole.indexOf(listing(netns).join('\n'))
    expect(which, 'the kernel holds neither program').toBeGreaterThanOrEqual(0)
    found[which] = (found[which] ?? 0) + 1
  }
  expect(found[0]).toBeGreaterThan(0)
  expect(found[1]).toBeGreaterThan(0)
})
