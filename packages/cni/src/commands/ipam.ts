import type { Call } from '@tortie/runtime'
import { CniError } from '../errors.ts'
import { readNodeName } from '../identity/node-name.ts'
import type { AddressSource } from '../ipam/address-source.ts'
import { calicoSource } from '../ipam/calico.ts'
import { formatResult, parseResult } from '../protocol/result.ts'
import type { Session } from '../session.ts'
import { openStore, requireReady } from '../store/ready.ts'

/** The address manager as a plugin of its own, for other main plugins that delegate to it: spec 04 §11.3. */
function withSource(work: (source: AddressSource, session: Session, call: Call) => Promise<string>) {
  return async (session: Session, call: Call): Promise<string> => {
    const optional = { ...session.config, nodename_file_optional: true }
    const node = readNodeName(optional, session.drivers.hostname)
    await using store = await openStore(session, call)
    if (session.invocation.command === 'STATUS') await requireReady(store, call)
    return await work(calicoSource(session, store, node), session, call)
  }
}

export const ipamCommands = {
  ADD: withSource(async (source, { version }, call) => formatResult(await source.allocate(call), version)),
  DEL: withSource(async (source, _, call) => {
    await source.release(call)
    return ''
  }),
  CHECK: withSource(async (source, { config, version }, call) => {
    const told = config.prevResult ? parseResult(config.prevResult, version, 'prevResult').ips : []
    const addresses = told.map(({ address }) => address)
    const complaints = await source.check(addresses, call)
    if (complaints.length > 0) throw new CniError('cni/check-failed', `CHECK failed: ${complaints.join('; ')}`)
    return ''
  }),
  GC: withSource(async (source, { config }, call) => {
    await source.collect(new Set(config['cni.dev/valid-attachments'].map(({ containerID }) => containerID)), call)
    return ''
  }),
  STATUS: withSource(async (source, _, call) => {
    await source.status(call)
    return ''
  }),
} as const
