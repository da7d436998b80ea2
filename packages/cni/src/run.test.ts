import { silentLog } from '@tortie/runtime'
import { describe, expect, it } from 'vitest'
import { createCniDrivers } from './drivers.ts'
import type { CniDrivers } from './ports.ts'
import { supportedVersions } from './protocol/versions.ts'
import { runCni } from './run.ts'

const call = { signal: new AbortController().signal }

/** Drivers that must not be reached: what is refused early touches nothing. */
const untouched: CniDrivers = {
  ...createCniDrivers({ openDatastore: () => Promise.reject(new Error('the store was touched')), log: silentLog }),
  openPodNetwork: () => Promise.reject(new Error('the kernel was touched')),
}

const attachment = { CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' }
const optional = { nodename_file_optional: true, nodename_file: '/nowhere', mtu_file: '/nowhere' }

interface Given {
  readonly command?: string
  readonly env?: Record<string, string>
  readonly config?: object | string
  readonly program?: string
  readonly args?: readonly string[]
}

async function run({ command, env = {}, config = {}, program = 'tortie-cni', args = [] }: Given) {
  let read = 0
  const text = typeof config === 'string' ? config : JSON.stringify({ cniVersion: '1.1.0', name: 'net', ...config })
  const readStdin = (): string => {
    read++
    return text
  }
  const request = { program, args, env: { ...attachment, ...(command && { CNI_COMMAND: command }), ...env }, readStdin }
  const reply = await runCni(request, untouched, call)
  return { ...reply, read, json: reply.stdout === '' ? undefined : JSON.parse(reply.stdout) }
}

describe('without work', () => {
  it.each(['tortie-cni', 'calico', 'calico-ipam'])('%s answers VERSION without reading its config', async (program) => {
    const { json, exitCode, read } = await run({ command: 'VERSION', program, env: { CNI_PATH: '' } })
    expect({ json, exitCode, read }).toEqual({
      json: { cniVersion: '1.1.0', supportedVersions },
      exitCode: 0,
      read: 0,
    })
  })

  it('says what it is when no command is given', async () => {
    const { stdout, stderr, exitCode, read } = await run({})
    expect({ stdout, exitCode, read }).toEqual({ stdout: '', exitCode: 0, read: 0 })
    expect(stderr).toContain('0.3.1')
  })

  it('prints its version', async () => {
    const request = { program: 'calico', args: ['-v'], env: {}, readStdin: () => '' }
    expect(await runCni(request, untouched, call)).toMatchObject({
      stdout: expect.stringMatching(/^\d+\.\d+/),
      exitCode: 0,
    })
  })
})

describe('calico -t', () => {
  it('says that the store cannot be reached', async () => {
    const { json, exitCode } = await run({ args: ['-t'], program: 'calico', config: { embedded_path: '/x' } })
    expect({ json, exitCode }).toMatchObject({
      json: { code: 100, msg: 'data store connection failed', details: 'the store was touched' },
      exitCode: 1,
    })
  })
})

interface Refused extends Given {
  readonly because: string
  readonly code: number
  readonly says: string
}

const k8s = { CNI_ARGS: 'K8S_POD_NAME=web-0;K8S_POD_NAMESPACE=prod' }

describe('refused before anything is touched', () => {
  it.each<Refused>([
    {
      because: 'an unknown program',
      program: 'flannel',
      command: 'ADD',
      code: 100,
      says: 'unknown binary name "flannel"',
    },
    { because: 'an unknown argument', args: ['-x'], command: 'ADD', code: 100, says: 'unknown argument "-x"' },
    { because: 'an upgrade', program: 'calico-ipam', args: ['-upgrade'], code: 100, says: 'unknown argument' },
    { because: 'no netns variable', command: 'ADD', env: { CNI_NETNS: '' }, code: 4, says: '[CNI_NETNS] are missing' },
    { because: 'a bad container id', command: 'DEL', env: { CNI_CONTAINERID: 'a/b' }, code: 4, says: 'a/b' },
    { because: 'a bad interface name', command: 'ADD', env: { CNI_IFNAME: 'a b' }, code: 4, says: '"a b"' },
    { because: 'an unknown command', command: 'PING', code: 4, says: 'unknown CNI_COMMAND "PING"' },
    { because: 'no JSON', command: 'ADD', config: '{', code: 6, says: 'not JSON' },
    {
      because: 'a wrong type',
      command: 'ADD',
      config: { ipam: { assign_ipv4: true } },
      code: 6,
      says: 'ipam.assign_ipv4',
    },
    { because: 'no name', command: 'ADD', config: '{"cniVersion":"1.0.0"}', code: 7, says: 'missing network name' },
    { because: 'no name, of an unknown command', command: 'PING', config: '{}', code: 7, says: 'missing network name' },
    { because: 'a bad name', command: 'ADD', config: { name: 'a b' }, code: 7, says: '"a b"' },
    { because: 'a future version', command: 'ADD', config: { cniVersion: '2.0.0' }, code: 1, says: '"2.0.0"' },
    {
      because: 'CHECK of 0.3.1',
      command: 'CHECK',
      config: { cniVersion: '0.3.1' },
      code: 1,
      says: 'does not allow CHECK',
    },
    {
      because: 'CHECK without version',
      command: 'CHECK',
      config: { cniVersion: '' },
      code: 1,
      says: 'does not allow CHECK',
    },
    { because: 'GC of 1.0.0', command: 'GC', config: { cniVersion: '1.0.0' }, code: 1, says: 'does not allow GC' },
    {
      because: 'STATUS of 1.0.0',
      command: 'STATUS',
      config: { cniVersion: '1.0.0' },
      code: 1,
      says: 'does not allow STATUS',
    },
    { because: 'malformed CNI_ARGS', command: 'ADD', env: { CNI_ARGS: 'A=B=C' }, code: 100, says: 'A=B=C' },
    { because: 'a Kubernetes pod', command: 'ADD', env: k8s, code: 2, says: 'Kubernetes pod prod/web-0' },
    {
      because: 'a missing nodename file',
      command: 'ADD',
      config: { nodename_file: '/nowhere' },
      code: 100,
      says: '/nowhere',
    },
    {
      because: 'a bad device type',
      command: 'ADD',
      config: { ...optional, device_type: 'tap' },
      code: 7,
      says: '"tap"',
    },
    {
      because: 'an id that cannot be named',
      command: 'ADD',
      env: { CNI_CONTAINERID: 'abc-' },
      config: optional,
      code: 4,
      says: 'abc-',
    },
  ])('$because: code $code', async ({ code, says, ...given }) => {
    const { json, exitCode, stderr } = await run(given)
    expect(json).toMatchObject({ code, msg: expect.stringContaining(says) })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
  })

  it('an unreadable stdin: code 5', async () => {
    const readStdin = (): string => {
      throw new Error('EISDIR')
    }
    const env = { ...attachment, CNI_COMMAND: 'ADD' }
    const { stdout } = await runCni({ program: 'calico', args: [], env, readStdin }, untouched, call)
    expect(JSON.parse(stdout)).toMatchObject({ code: 5, details: 'EISDIR' })
  })

  it('prints errors with four spaces, and no version', async () => {
    expect((await run({ command: 'PING' })).stdout).toMatch(/^\{\n {4}"code": 4,\n {4}"msg": ".*"\n\}\n$/)
  })
})
