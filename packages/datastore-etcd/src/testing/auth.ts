import type { Call } from '@tortie/runtime'
import type { EtcdClient } from '../client.ts'
import { bytes, field, message, small, text } from '../protobuf/message.ts'

const named = message({ name: field(1, text), password: field(2, text) })
const grantRole = message({ user: field(1, text), role: field(2, text) })
const permission = message({ type: field(1, small), key: field(2, bytes), rangeEnd: field(3, bytes) })
const grantPermission = message({ name: field(1, text), permission: field(2, permission) })
const nothing = message({})
const readAndWrite = 2

/** Makes root with `rootPassword`, a user with a role for /calico/ and one without any, and turns authentication on. */
export async function enableAuth(
  client: EtcdClient,
  rootPassword: string,
  password: string,
  call: Call,
): Promise<void> {
  const invoke = <G>(path: string, request: Parameters<typeof client.invoke<G, object>>[0]['request'], value: G) =>
    client.invoke({ path: `/etcdserverpb.Auth/${path}`, request, answer: nothing, reads: false }, value, call)
  await invoke('UserAdd', named, { name: 'root', password: rootPassword })
  await invoke('UserGrantRole', grantRole, { user: 'root', role: 'root' })
  await invoke('RoleAdd', named, { name: 'calico' })
  const calico = { type: readAndWrite, key: '/calico/', rangeEnd: '/calico0' }
  await invoke('RoleGrantPermission', grantPermission, { name: 'calico', permission: calico })
  await invoke('UserAdd', named, { name: 'calico', password })
  await invoke('UserGrantRole', grantRole, { user: 'calico', role: 'calico' })
  await invoke('UserAdd', named, { name: 'nobody', password })
  await invoke('AuthEnable', nothing, {})
}
