/** Faults for tests: the nth call of anything that a command does outside itself fails, before or after its effect. */
import type { Datastore } from '@tortie/datastore'
import { DatastoreError } from '@tortie/datastore'
import { type KernelPorts, openPodNetwork } from '../network/kernel-network.ts'
import type { CniDrivers } from '../ports.ts'

export interface Fault {
  /** From 1. */
  readonly at: number
  readonly when: 'before' | 'after'
  /** Called instead of throwing. */
  readonly instead?: () => void
}

export interface Faulty {
  readonly drivers: CniDrivers
  /** What was called, in order. */
  readonly steps: readonly string[]
}

export function withFault(drivers: CniDrivers, kernel: KernelPorts, fault?: Fault): Faulty {
  const steps: string[] = []
  const fail = (name: string): void => {
    if (fault?.instead) fault.instead()
    else throw new DatastoreError('Unavailable', { store: 'test', why: `fault at step ${fault?.at}, ${name}` })
  }
  const step = <T>(name: string, work: () => T): T => {
    steps.push(name)
    const hit = steps.length === fault?.at
    if (hit && fault.when === 'before') fail(name)
    const result = work()
    if (!hit || fault.when === 'before') return result
    if (result instanceof Promise)
      return result.then(
        (value: unknown) => {
          fail(name)
          return value
        },
        (error: unknown) => {
          fail(name)
          throw error
        },
      ) as T
    fail(name)
    return result
  }
  return {
    steps,
    drivers: {
      ...drivers,
      openDatastore: (choice, call) =>
        step('open store', async () => watched(await drivers.openDatastore(choice, call), step)),
      openPodNetwork: () => Promise.resolve(openPodNetwork(drivers.clock, faultyKernel(kernel, step))),
    },
  }
}

type Step = <T>(name: string, work: () => T) => T
const counted: ReadonlySet<string> = new Set(['get', 'list', 'create', 'update', 'delete'])

function watched(store: Datastore, step: Step): Datastore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      const method = value.bind(target) as (...args: unknown[]) => unknown
      if (!counted.has(String(name))) return method
      return async (...args: unknown[]) => step(`${String(name)} ${describe(args[0])}`, () => method(...args))
    },
  })
}

function describe(given: unknown): string {
  return (given as { readonly kind?: string }).kind ?? ''
}

function faultyKernel(kernel: KernelPorts, step: Step): KernelPorts {
  return {
    openNetns: (path) => step('open netns', () => kernel.openNetns(path)),
    openNetlink: (options) => {
      const transport = kernel.openNetlink(options)
      const where = options.netns ? 'pod' : 'host'
      return {
        portId: transport.portId,
        exchangeSync: (request) => step(`${where} netlink`, () => transport.exchangeSync(request)),
        exchange: async (request, call) => step(`${where} netlink`, () => transport.exchange(request, call)),
        [Symbol.dispose]: () => transport[Symbol.dispose](),
      }
    },
    createSysctl: (netns) => {
      const sysctl = kernel.createSysctl(netns)
      return {
        read: (key) => sysctl.read(key),
        write: (key, value) => step(`sysctl ${key}`, () => sysctl.write(key, value)),
      }
    },
  }
}
