import { attributeType, type NetlinkTransport, nextAttribute } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { valueEnd } from '../wire/attribute.ts'
import { message } from '../wire/message.ts'
import { getU32 } from '../wire/number.ts'
import { ask } from './dump.ts'

const NFTA_GEN_ID = 1

/** Number of the ruleset of this namespace; every commit by anybody makes it one more. @throws NftablesError */
export async function readGeneration(transport: NetlinkTransport, call: Call): Promise<number> {
  let generation = 0
  const request = { what: 'generation', type: message.GETGEN, answer: message.NEWGEN, dump: false }
  await ask(transport, request, call, (view, start, end) => {
    for (let at = start; at < end; at = nextAttribute(view, at, end))
      if (attributeType(view, at) === NFTA_GEN_ID) generation = getU32(view, at + 4, valueEnd(view, at, end))
  })
  return generation
}
