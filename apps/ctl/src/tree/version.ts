import { leaf } from '../cli/command.ts'
import { NoClient, prefixed } from '../errors.ts'
import { connected, defaultConfig } from './common.ts'

export const version = leaf({
  name: 'version',
  summary: 'Show the versions of this program and of the cluster',
  example: 'tortiectl version --client',
  flags: {
    config: { kind: 'text', short: 'c', initial: '', help: 'connection configuration, YAML or JSON' },
    client: { kind: 'switch', help: 'of this program only' },
    poll: { kind: 'text', initial: '', help: 'show the versions of the cluster again whenever they change: 5s' },
  },
  async run(invocation) {
    const { values, shell } = invocation
    const { printClientVersion, printClusterVersion, readPoll } = await import('../commands/version.ts')
    const pollMs = readPoll(values.poll)
    printClientVersion(shell)
    if (values.client) return 0
    const config = values.config || defaultConfig
    const unopened = (error: unknown): unknown =>
      error instanceof NoClient ? error : prefixed('unable to retrieve Cluster Version or Type: ', error)
    try {
      const given = { ...invocation, values: { config } }
      return await connected(given, (context) => printClusterVersion(pollMs, context), { guarded: false, unopened })
    } catch (error) {
      if (!(error instanceof NoClient)) throw error
      shell.stdout('Unable to detect installed Calico version\n')
      return 0
    }
  },
})
