import { isDatastoreError } from '@tortie/datastore'
import { formatPrefix, parsePrefix, subnets, width } from '@tortie/ip'
import { defaultBlockSize, type IPPool, prepareCreate } from '@tortie/model'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { CtlError, prefixed, worded } from '../errors.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { checkLocked } from './lock-check.ts'

export interface Split {
  readonly parts: number
  readonly cidr: string
  /** Wins over `cidr`; empty for none. */
  readonly name: string
}

/** @throws CtlError for what is no number */
export function readParts(text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text)
  throw new CtlError(
    `error reading number to split IP pools into. ${text} is not a valid number: strconv.Atoi: parsing ` +
      `${JSON.stringify(text)}: invalid syntax`,
  )
}

/**
 * Makes of one pool several that share its addresses; what is assigned and which blocks are whose stays. Everything is
 * checked before the first write. When it was cut short, the same again finishes it. Spec 06 §11.2.
 */
export async function splitPool({ parts, cidr, name }: Split, context: CommandContext): Promise<ExitCode> {
  const { connection, shell, call } = context
  const { datastore } = connection
  await checkLocked('split the IP pools', context)
  const pool = await findPool({ name, cidr }, context)
  const pieces = await worded(
    (error) => prefixed(`error splitting the CIDR ${pool.spec.cidr} into ${parts} CIDRs: `, error),
    () => piecesOf(pool, parts),
  )
  await checkFree(pieces, context)
  if (!pool.spec.disabled) await datastore.update({ ...pool, spec: { ...pool.spec, disabled: true } }, call)
  // Not through the client: the pieces overlap with the pool, and the pool's blocks are not to be given up.
  for (const piece of pieces)
    await datastore.create(piece, call).catch((error: unknown) => {
      if (!isDatastoreError(error, 'AlreadyExists')) throw error
    })
  await datastore.delete({ kind: 'IPPool', name: pool.metadata.name }, {}, call)
  const made = pieces.map(({ metadata, spec }) => `Created ${metadata.name} with CIDR ${spec.cidr}.\n`)
  shell.stdout(`IP Pool ${pool.metadata.name} was successfully split into ${parts} smaller pools.${made.join('')}`)
  shell.stdout('Unlock the datastore to go on: tortiectl datastore migrate unlock\n')
  return 0
}

async function findPool({ name, cidr }: Omit<Split, 'parts'>, { connection, call }: CommandContext): Promise<IPPool> {
  if (name !== '')
    return await worded(
      (error) => prefixed(`unable to find IP pool with name ${name}: `, error),
      () => connection.datastore.get({ kind: 'IPPool', name }, call),
    )
  const { items } = await connection.datastore.list({ kind: 'IPPool' }, call)
  const found = items.find(({ spec }) => spec.cidr === cidr)
  if (found) return found
  throw new CtlError(`unable to find IP pool ${name} covering the specified CIDR ${cidr}`)
}

const longestName = 253

/** The pools to be, checked. @throws CtlError, ModelError */
function piecesOf(pool: IPPool, parts: number): IPPool[] {
  const bits = Math.log2(parts)
  if (!(bits >= 1 && Number.isInteger(bits)))
    throw new CtlError(`number to split CIDR into is not a valid power of 2: ${parts}`)
  const prefix = parsePrefix(pool.spec.cidr)
  const length = prefix.length + bits
  if (length > width(prefix.family))
    throw new CtlError(`the CIDR ${pool.spec.cidr} is not large enough to be split into ${parts} parts`)
  const blockSize = pool.spec.blockSize || defaultBlockSize(prefix.family)
  if (length > blockSize)
    throw new CtlError(
      `the CIDR ${pool.spec.cidr} is not large enough to be split into ${parts} parts of at least one block of /${blockSize}`,
    )
  const { resourceVersion: _revision, uid: _uid, creationTimestamp: _time, ...metadata } = pool.metadata
  return [...subnets(prefix, length)].map((piece, index) => {
    const name = `split-${pool.metadata.name.slice(0, longestName - `split--${index}`.length)}-${index}`
    const spec = { ...pool.spec, cidr: formatPrefix(piece), disabled: false }
    return prepareCreate(
      { ...pool, metadata: { ...metadata, name }, spec },
      { clock: systemClock, random: systemRandom },
    )
  })
}

/** @throws CtlError when a name is taken by something other than the piece itself */
async function checkFree(pieces: readonly IPPool[], { connection, call }: CommandContext): Promise<void> {
  const { items } = await connection.datastore.list({ kind: 'IPPool' }, call)
  for (const { metadata, spec } of pieces) {
    const taken = items.find((pool) => pool.metadata.name === metadata.name)
    if (taken && taken.spec.cidr !== spec.cidr)
      throw new CtlError(
        `the name ${metadata.name} for the part ${spec.cidr} is taken by a pool of ${taken.spec.cidr}; delete that pool first`,
      )
  }
}
