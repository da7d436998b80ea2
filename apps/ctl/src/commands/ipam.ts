import type { Command } from 'commander'
import { defaultConfig } from '../connection.ts'
import type { Run } from '../program.ts'
// import { checkIpam } from './ipam-check.ts'
import { releaseAddress } from './ipam-release.ts'
import { showAddress, showBorrowed, showConfiguration, showUsage } from './ipam-show.ts'

/** `ipam show`, `ipam check`, `ipam release`. Spec 06 §11.2. */
export function addIpamCommands(program: Command, run: Run): void {
  const ipam = program.command('ipam').description('IP address management.')
  const withConfig = (command: Command): Command =>
    command.option('-c, --config <file>', 'connection configuration', defaultConfig)

  interface ShowOptions {
    readonly config: string
    readonly ip?: string
    readonly showBlocks?: boolean
    readonly showBorrowed?: boolean
    readonly showConfiguration?: boolean
  }
  withConfig(ipam.command('show').description('Shows how the address space is used.'))
    .option('--ip <address>', 'of one address')
    .option('--show-blocks', 'with the blocks of each pool')
    .option('--show-borrowed', 'addresses that a node uses from the block of another')
    .option('--show-configuration', 'the configuration of IP address management')
    .action(
      ({ config, ip, showBlocks: blocks, showBorrowed: borrowed, showConfiguration: configuration }: ShowOptions) =>
        run(config, (context) => {
          if (ip !== undefined) return showAddress(ip, context)
          if (blocks) return showUsage({ withBlocks: true }, context)
          if (borrowed) return showBorrowed(context)
          if (configuration) return showConfiguration(context)
          return showUsage({ withBlocks: false }, context)
        }),
    )

  interface CheckOptions {
    readonly config: string
    readonly showAllIps?: boolean
    readonly showProblemIps?: boolean
    readonly output?: string
    readonly exitCode?: boolean
  }
  withConfig(ipam.command('check').description('Compares allocations with what uses them.'))
    .option('--show-all-ips', 'list every address')
    .option('--show-problem-ips', 'list the addresses with a problem')
    .option('-o, --output <file>', 'write a report, for ipam release')
    .option('--kubeconfig <file>', 'for Services, where Kubernetes is the orchestrator')
    .option('--exit-code', 'end with 1 when there are problems')
    .action((options: CheckOptions) => run(options.config, async () => 0 as const))

  interface ReleaseOptions {
    readonly config: string
    readonly ip?: string
    readonly fromReport?: readonly string[]
    readonly force?: boolean
  }
  withConfig(ipam.command('release').description('Releases addresses.'))
    .option('--ip <address>', 'this address, whatever holds it')
    .option('--from-report <file...>', 'the addresses that every report of ipam check calls leaked')
    .option('--force', 'even if the reports are old')
    .action(({ config, ip, fromReport, force = false }: ReleaseOptions) =>
      run(config, (context) => releaseAddress(ip, context)),
    )
}
