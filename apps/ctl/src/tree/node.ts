import { type Group, type Invocation, type Leaf, leaf } from '../cli/command.ts'
import type { Flags } from '../cli/flags.ts'
import { CtlError } from '../errors.ts'
import type { Shell } from '../shell.ts'
import { configFlag } from './common.ts'

/** @throws CtlError elsewhere than on Linux, and for users that are not root. Spec 06 §11.3 */
function checkHost({ host }: Shell, asRoot: boolean): void {
  if (host.platform !== 'linux') throw new CtlError("'calicoctl node' commands are not available on this OS")
  if (asRoot && !host.isRoot())
    throw new CtlError('Need super user privileges: Operation not permitted', { stream: 'stdout' })
}

function onHost<F extends Flags>(command: Leaf<F>, asRoot: (values: Invocation<F>['values']) => boolean): Leaf {
  return leaf<F>({
    ...command,
    async run(invocation) {
      checkHost(invocation.shell, asRoot(invocation.values))
      return await command.run(invocation)
    },
  })
}

const always = (): boolean => true

const status = onHost(
  {
    name: 'status',
    summary: 'Show whether the agent runs on this host, and its BGP sessions',
    args: { exactly: 0 },
    flags: {},
    async run({ shell, call }) {
      const { showNodeStatus } = await import('../commands/node-status.ts')
      return await showNodeStatus({ shell, call })
    },
  },
  always,
)

const diags = onHost(
  {
    name: 'diags',
    summary: 'Collect what this host can tell, and the logs, in an archive',
    args: { exactly: 0 },
    flags: { 'log-dir': { kind: 'text', initial: '/var/log/calico', help: 'directory of the logs' } },
    async run({ values, shell, call }) {
      const { collectNodeDiags } = await import('../commands/node-diags.ts')
      return await collectNodeDiags(values['log-dir'], { shell, call })
    },
  },
  always,
)

const checksystem = onHost(
  {
    name: 'checksystem',
    summary: 'Check that the kernel of this host can do what is needed',
    args: { exactly: 0 },
    flags: {
      'kernel-config': { kind: 'text', short: 'f', initial: '', help: 'file with the configuration of the kernel' },
    },
    async run({ values, shell }) {
      const { checkSystem } = await import('../commands/node-checksystem.ts')
      return checkSystem(values['kernel-config'], shell)
    },
  },
  always,
)

const methodHelp = 'first-found, can-reach=, interface=, skip-interface= or cidr='

const run = onHost(
  {
    name: 'run',
    summary: 'Say how to start the agent on this host',
    about: 'Say how to start the agent on this host. Nothing is started, which is an error unless --dryrun is given.',
    example: 'tortiectl node run --dryrun --ip autodetect --as 64512',
    args: { exactly: 0 },
    flags: {
      ip: { kind: 'text', initial: '', help: 'IPv4 address of the node, or autodetect' },
      ip6: { kind: 'text', initial: '', help: 'IPv6 address of the node, or autodetect' },
      as: { kind: 'text', initial: '', help: 'AS number of the node' },
      name: { kind: 'text', initial: '', help: 'of the node; else the name of the host' },
      'ip-autodetection-method': { kind: 'text', initial: 'first-found', help: methodHelp },
      'ip6-autodetection-method': { kind: 'text', initial: 'first-found', help: methodHelp },
      'log-dir': {
        kind: 'text',
        initial: '/var/log/calico',
        help: 'understood, not used: the agent logs to its output',
      },
      'node-image': { kind: 'text', initial: 'quay.io/calico/node:latest', help: 'understood, not used: no container' },
      backend: { kind: 'text', initial: 'bird', choices: ['bird', 'none'], help: 'bird: BGP; none: without' },
      dryrun: { kind: 'switch', help: 'no error: it was only to be shown' },
      'init-system': { kind: 'switch', help: 'as a unit of systemd' },
      'no-default-ippools': { kind: 'switch', help: 'do not make pools where there are none' },
      'felix-config': { kind: 'text', initial: '', help: "file with Felix's parameters" },
      ...configFlag,
    },
    async run({ values, shell }) {
      const { sayHowToRun } = await import('../commands/node-run.ts')
      const { storeVariables } = await import('../commands/store-variables.ts')
      return sayHowToRun(values, await storeVariables(values.config, shell), shell)
    },
  },
  ({ dryrun }) => !dryrun,
)

export const node: Group = {
  name: 'node',
  summary: 'This host',
  commands: [run, status, checksystem, diags],
}
