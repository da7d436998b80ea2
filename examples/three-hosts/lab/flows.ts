/** Flows that run while an agent is killed: nothing allowed may be lost, nothing denied may pass. */
import type { Party } from './matrix.ts'

export interface FlowResult {
  readonly from: string
  readonly to: string
  readonly allowed: boolean
  readonly sent: number
  readonly answered: number
}

export async function streamDuring(
  allowed: readonly (readonly [Party, Party])[],
  denied: readonly (readonly [Party, Party])[],
  meanwhile: () => Promise<void>,
): Promise<FlowResult[]> {
  const pairs = [
    ...allowed.map((pair) => ({ pair, allowed: true })),
    ...denied.map((pair) => ({ pair, allowed: false })),
  ]
  for (const [id, { pair }] of pairs.entries())
    pair[0].prober.stream({ id, to: pair[1].ipv4, port: 8080, fresh: id % 2 === 1 })
  await meanwhile()
  return await Promise.all(
    pairs.map(async ({ pair: [from, to], allowed }, id) => {
      const { sent, answered } = await from.prober.count(id)
      return { from: from.name, to: to.name, allowed, sent, answered }
    }),
  )
}

/** The answers to the last few packets may still be on their way. */
const inFlight = 4

export function wrongFlows(flows: readonly FlowResult[]): string[] {
  return flows
    .filter(({ allowed, sent, answered }) => sent === 0 || (allowed ? sent - answered > inFlight : answered > 0))
    .map(({ from, to, allowed, sent, answered }) =>
      allowed
        ? `${from} → ${to}: ${sent - answered} of ${sent} allowed packets were lost`
        : `${from} → ${to}: ${answered} of ${sent} denied packets passed`,
    )
}
