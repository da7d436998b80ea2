import { DatastoreError } from '@tortie/datastore'
import { EtcdError } from './errors.ts'
import { Unreachable } from './grpc/channel.ts'
import { RpcError, status } from './grpc/rpc-error.ts'

interface Row {
  /** In the text of what happened, or the code of its cause. */
  readonly when: RegExp
  readonly as: 'Unauthorized' | 'Unavailable' | 'refused'
  readonly cure: string
}

/** What etcd, TLS and the kernel say, and what helps. The first row that fits. */
const rows: readonly Row[] = [
  {
    when: /authentication failed|invalid user ID or password/,
    as: 'Unauthorized',
    cure: 'check username and password',
  },
  {
    when: /user name is empty|user name not found/,
    as: 'Unauthorized',
    cure: 'give the username and password of an etcd user',
  },
  { when: /permission denied/, as: 'Unauthorized', cure: 'grant the user a role that may read and write /calico/' },
  {
    when: /invalid auth token|revision of auth store is old|auth token/,
    as: 'Unavailable',
    cure: 'check that all endpoints are members of one cluster with the same auth settings',
  },
  {
    when: /alert (number|bad certificate|certificate required|unknown ca)|CERTIFICATE_REQUIRED|BAD_CERTIFICATE/i,
    as: 'Unauthorized',
    cure: 'give the certificate and key of a client that the server trusts',
  },
  {
    when: /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|self.signed certificate|unable to verify/i,
    as: 'Unavailable',
    cure: 'give the certificate authority that signed the server',
  },
  { when: /CERT_HAS_EXPIRED|certificate has expired/, as: 'Unavailable', cure: "renew the server's certificate" },
  {
    when: /ALTNAME|does not match certificate/i,
    as: 'Unavailable',
    cure: 'use a host name that the certificate has',
  },
  {
    when: /wrong version number|packet length too long|EPROTO/i,
    as: 'Unavailable',
    cure: 'the server does not speak TLS there; use http://, or the right port',
  },
  { when: /ECONNREFUSED/, as: 'Unavailable', cure: 'check that etcd runs there' },
  { when: /ENOTFOUND|EAI_AGAIN/, as: 'Unavailable', cure: 'check the name of the endpoint, and DNS' },
  {
    when: /space exceeded/,
    as: 'Unavailable',
    cure: 'compact and defragment etcd, then disarm its alarm (`etcdctl alarm disarm`)',
  },
  { when: /too large|message larger than max/, as: 'refused', cure: 'make the object smaller' },
  {
    when: /not gRPC|closed at once|HTTP status|HTTP\/2|empty answer|Protocol error/i,
    as: 'Unavailable',
    cure: "check that the endpoint is etcd's client port, and http:// or https:// as it has it",
  },
]
const otherwise: Pick<Row, 'cure'> = { cure: 'check that etcd runs, that it has a leader, and the way to it' }

const refusals: readonly number[] = [
  status.invalidArgument,
  status.unimplemented,
  status.failedPrecondition,
  status.outOfRange,
]

/**
 * A failure as what the contract names: DatastoreError Unavailable or Unauthorized, EtcdError where no retry helps.
 * @param written the call may have been carried out although it failed
 */
export function explain(error: unknown, store: string, written = false): unknown {
  if (!(error instanceof RpcError)) return error
  const cause = error instanceof Unreachable ? error.attempts[0]?.error : error.cause
  const text = `${error.message} ${codesOf(cause)}`
  const row = rows.find(({ when }) => when.test(text))
  const as = row?.as ?? byStatus(error.status)
  const cure = row?.cure ?? otherwise.cure
  if (as === 'refused')
    return new EtcdError(
      'etcd/refused',
      { store, why: error.message, cure: row?.cure ?? 'check its version' },
      { cause: error },
    )
  const doubt = written && error.sent && as === 'Unavailable' ? '; whether it was written is not known' : ''
  return new DatastoreError(as, { store, why: `${error.message}; ${cure}${doubt}` }, { cause: error })
}

function byStatus(code: number): Row['as'] {
  if (code === status.unauthenticated || code === status.permissionDenied) return 'Unauthorized'
  return refusals.includes(code) ? 'refused' : 'Unavailable'
}

/** The codes that an error and its causes carry. */
function codesOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const code = 'code' in error ? String(error.code) : ''
  return `${code} ${codesOf(error.cause)}`
}
