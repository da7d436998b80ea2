/**
 * A process of its own: applies two programs in turn in the namespace named by its argument, until it is killed. Says
 * how many milliseconds each apply took.
 */
import { writeSync } from 'node:fs'
import {
  deltaBetween,
  type EndpointProgram,
  emptyNat,
  emptyProgram,
  type PolicyProgram,
  type PolicyRules,
  type Rule,
} from '@tortie/dataplane'
import { openNetlink, openNetns } from '@tortie/linux'
import { silentLog, silentMeter } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { createNftDataplane } from '../index.ts'

const endpoints = 40
const rulesEach = 12

/** Two programs that differ in every endpoint, policy and set. */
export function churnProgram(variant: number): PolicyProgram {
  const numbers = Array.from({ length: endpoints }, (_, index) => index + 1)
  const rule = (n: number, index: number): Rule => ({
    action: (n + variant) % 2 === 0 ? 'allow' : 'deny',
    protocol: index % 2 === 0 ? 6 : 17,
    source: { ipSets: [`s:${variant}-${n}`] },
    destination: { ports: [{ first: 1000 + index, last: 1000 + index + (variant % 2) }] },
    index,
  })
  const rules = (n: number): Rule[] => Array.from({ length: rulesEach }, (_, index) => rule(n, index))
  const id = (n: number): string => `np/prod/${variant}-${n}`
  const endpoint = (n: number): EndpointProgram => ({
    kind: 'workload',
    interface: `cali${n}`,
    active: true,
    addresses: [`10.65.0.${n}/32`],
    spoofablePrefixes: [],
    ingress: [{ name: 'default', policies: [id(n)], defaultAction: 'deny' }],
    egress: [{ name: 'default', policies: [id(n)], defaultAction: variant % 2 === 0 ? 'deny' : 'pass' }],
    profiles: [],
  })
  return {
    ipSets: new Map(
      numbers.map((n) => [`s:${variant}-${n}`, { type: 'net', members: new Set([`10.66.${variant}.${n}/32`]) }]),
    ),
    policies: new Map(numbers.map((n): [string, PolicyRules] => [id(n), { ingress: rules(n), egress: rules(n) }])),
    endpoints: new Map(numbers.map((n) => [`prod/pod-${n}`, endpoint(n)])),
  }
}

async function churn(netnsName: string): Promise<void> {
  const call = { signal: new AbortController().signal }
  const transport = openNetlink({ protocol: 12, netns: openNetns(netnsName) })
  const dataplane = createNftDataplane({ transport, clock: systemClock, log: silentLog, meter: silentMeter })
  let now = emptyProgram
  for (let turn = 0; ; turn++) {
    const next = churnProgram(turn % 2)
    const { durationMs } = await dataplane.apply(deltaBetween(now, next), emptyNat, call)
    now = next
    writeSync(1, `${durationMs}\n`)
  }
}

if (import.meta.main) await churn(process.argv[2] ?? '')
