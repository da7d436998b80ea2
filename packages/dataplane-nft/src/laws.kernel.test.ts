import type { PolicyProgram } from '@tortie/dataplane'
import { policyDataplaneLaws } from '@tortie/dataplane/testing'
import { arbitraryProgram } from '@tortie/dataplane/testing/arbitraries'
import { openNetlink } from '@tortie/linux'
import { createTestNetns } from '@tortie/linux/testing'
import { silentLog, silentMeter } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { createNftDataplane } from './index.ts'

const NETLINK_NETFILTER = 12

function programOf(seed: number): PolicyProgram {
  const [program] = fc.sample(arbitraryProgram(), { seed, numRuns: 1 })
  if (!program) throw new Error('no program')
  return program
}

describe('dataplane-nft', () => {
  for (const law of policyDataplaneLaws(programOf)) {
    it(law.name, async ({ signal }) => {
      using netns = createTestNetns('nftlaw')
      const subject = {
        open: async () =>
          createNftDataplane({
            transport: openNetlink({ protocol: NETLINK_NETFILTER, netns }),
            clock: systemClock,
            log: silentLog,
            meter: silentMeter,
          }),
        damage: async () => {
          netns.run('nft', 'add', 'chain', 'inet', 'tortie', 'intruder')
          netns.run('nft', 'insert', 'rule', 'inet', 'tortie', 'egress', 'accept')
          netns.run('nft', 'add', 'element', 'inet', 'tortie', 'sources4', '{', '"cali9"', '.', '10.9.9.9', '}')
          netns.run('nft', 'delete', 'element', 'inet', 'tortie', 'guard', '{', '"cali1"', '}')
        },
      }
      await law.check(subject, { signal })
    })
  }
})
