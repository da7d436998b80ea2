import { CniError } from '../errors.ts'

/** The keys of CNI_ARGS that we act on. */
export interface CniArgs {
  /** A requested address, `IP=`. */
  readonly ip?: string
  readonly podName?: string
  readonly podNamespace?: string
  /** Stands for the namespace `default` of plain mode. */
  readonly testNamespace?: string
}

/**
 * Reads `K=V;K=V`. Keys that we do not know are ignored, as if `IgnoreUnknown=1` came first (spec 04 §2).
 * @throws CniError cni/set-up for a pair without exactly one `=`
 */
export function parseArgs(text: string): CniArgs {
  const pairs = new Map<string, string>()
  for (const pair of text === '' ? [] : text.split(';')) {
    const parts = pair.split('=')
    const [key = '', value = ''] = parts
    if (parts.length !== 2)
      throw new CniError('cni/set-up', `invalid pair ${JSON.stringify(pair)} in CNI_ARGS: write KEY=VALUE;KEY=VALUE`)
    pairs.set(key, value)
  }
  const [ip, podName, podNamespace, testNamespace] = [
    pairs.get('IP'),
    pairs.get('K8S_POD_NAME'),
    pairs.get('K8S_POD_NAMESPACE'),
    pairs.get('CNI_TEST_NAMESPACE'),
  ]
  return {
    ...(ip && { ip }),
    ...(podName && { podName }),
    ...(podNamespace && { podNamespace }),
    ...(testNamespace && { testNamespace }),
  }
}
