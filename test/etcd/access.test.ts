/** Certificates, user and password of etcd, in each of the three programs and in each of the ways to write them down. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Host } from '../../examples/three-hosts/lab/network.ts'
import { type Places, startAgent, tortiectl, waitReady } from '../../examples/three-hosts/lab/processes.ts'
import { type EtcdServer, makeCertificates, startEtcd } from '../../packages/datastore-etcd/src/testing/etcd-server.ts'
import { addPod, buildLab, etcdAddress, type Lab, policy, tcp } from './lab.ts'

const endpoint = `https://${etcdAddress}:2379`
const [rootPassword, password, wrong] = ['sesame-root', 'sesame-calico', 'sesame-wrong']
const patience = { timeout: 20_000, interval: 50 }
let lab: Lab
let etcd: EtcdServer
let host: Host
let files: ReturnType<typeof makeCertificates>

beforeAll(async () => {
  lab = buildLab('tls', 1, (dir) => {
    files = makeCertificates(dir, etcdAddress)
    const { ca, client } = files
    const paths = { ETCD_CA_CERT_FILE: ca.cert, ETCD_CERT_FILE: client.cert, ETCD_KEY_FILE: client.key }
    const credentials = { ETCD_USERNAME: 'calico', ETCD_PASSWORD: password }
    return {
      environment: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: endpoint, ...paths, ...credentials },
      networkConfig: {
        datastore_type: 'etcdv3',
        etcd_endpoints: endpoint,
        etcd_ca_cert_file: ca.cert,
        etcd_cert_file: client.cert,
        etcd_key_file: client.key,
      },
    }
  })
  const { network, at } = lab
  host = network.hosts[0] as Host
  const { ca, server } = files
  const tls = [`--cert-file=${server.cert}`, `--key-file=${server.key}`, `--trusted-ca-file=${ca.cert}`]
  etcd = await startEtcd({
    scheme: 'https',
    args: [...tls, '--client-cert-auth'],
    on: { netns: network.outside.netns, address: etcdAddress },
  })
  const script = join(import.meta.dirname, 'enable-auth.ts')
  const node = [process.execPath, '--conditions=@tortie/source', script]
  const { ETCD_USERNAME: _, ETCD_PASSWORD: __, ...paths } = at.datastore.environment
  const env = { PATH: process.env.PATH, ...paths, ROOT_PASSWORD: rootPassword, CALICO_PASSWORD: password }
  const { status, stderr } = spawnSync('ip', ['netns', 'exec', network.outside.netns, ...node], {
    env,
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  tortiectl(['apply', '-f', 'examples/three-hosts/yaml/00-network.yaml'], at)
  lab.agents.push(startAgent(host, at))
  await waitReady(lab.agents[0] as (typeof lab.agents)[0])
})

afterAll(async () => {
  await etcd?.[Symbol.asyncDispose]()
  lab?.[Symbol.dispose]()
})

/** The same place, with other variables; an empty one is not given. */
const having = (variables: Record<string, string>): Places => ({
  ...lab.at,
  datastore: { ...lab.at.datastore, environment: { ...lab.at.datastore.environment, ...variables } },
})

it('agent, plugin through the agent, plugin alone: packets pass, and policy arrives', async () => {
  const { at } = lab
  const client = await addPod(lab, 'client', host)
  // Users are not in network configs; the plugin alone has them from its environment.
  const credentials = { ETCD_USERNAME: 'calico', ETCD_PASSWORD: password }
  const alone: Lab = { ...lab, at: { ...at, datastore: { ...at.datastore, pluginEnvironment: credentials } } }
  const server = await addPod(alone, 'server', host, { agent_socket: '' })
  await expect.poll(() => client.prober.attempt(tcp(server)), patience).toBe(true)
  tortiectl(['apply', '-f', '-'], at, policy('deny', 100, { selector: "role == 'server'" }))
  await expect.poll(() => client.prober.attempt(tcp(server)), patience).toBe(false)
})

describe('tortiectl', () => {
  it('reads the config file: files, and the text of the same', () => {
    const pem = (file: string): string => readFileSync(file, 'utf8')
    const { ca, client } = files
    const specs = {
      files: { etcdCACertFile: ca.cert, etcdCertFile: client.cert, etcdKeyFile: client.key },
      text: { etcdCACert: pem(ca.cert), etcdCert: pem(client.cert), etcdKey: pem(client.key) },
    }
    for (const [name, tls] of Object.entries(specs)) {
      const spec = {
        datastoreType: 'etcdv3',
        etcdEndpoints: endpoint,
        etcdUsername: 'calico',
        etcdPassword: password,
        ...tls,
      }
      const file = join(lab.at.dir, `${name}.cfg`)
      writeFileSync(file, JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind: 'CalicoAPIConfig', spec }))
      // What is in the environment does not count beside a file.
      expect(tortiectl(['get', 'nodes', '-c', file], having({ ETCD_PASSWORD: wrong }))).toContain(host.name)
    }
  })

  it.each<readonly [string, Record<string, string>, RegExp]>([
    ['a wrong password', { ETCD_PASSWORD: wrong }, /connection is unauthorized: .*check username and password/],
    [
      'a client without certificate',
      { ETCD_CERT_FILE: '', ETCD_KEY_FILE: '' },
      /give the certificate and key of a client/,
    ],
    ['no authority', { ETCD_CA_CERT_FILE: '' }, /give the certificate authority that signed the server/],
    ['a missing file', { ETCD_KEY_FILE: '/none/key.pem' }, /the TLS file \/none\/key.pem for etcd cannot be read/],
  ])('%s is told, and how to mend it', (_what, variables, message) => {
    expect(() => tortiectl(['get', 'nodes'], having(variables))).toThrow(message)
  })
})

it('the plugin alone without user and password is whom its certificate names, and says what that one lacks', async () => {
  const adding = addPod(lab, 'nobody', host, { agent_socket: '' })
  await expect(adding).rejects.toThrow(/permission denied; grant the user a role that may read and write/)
})

it('an agent with a wrong password ends and says so; the kernel keeps what it holds', async () => {
  const other = startAgent({ ...host, name: 'other' }, having({ ETCD_PASSWORD: wrong }))
  const [code] = (await once(other.process, 'exit')) as [number]
  const log = readFileSync(other.logFile, 'utf8')
  expect(code).toBe(1)
  expect(log).toMatch(/refused access: .*check username and password/)
})

it('secrets are in no log', () => {
  for (const name of [host.name, 'other']) {
    const log = readFileSync(join(lab.at.dir, name, 'agent.log'), 'utf8')
    expect(log).toContain('"agent.started"')
    expect(log).not.toContain('sesame')
  }
})
