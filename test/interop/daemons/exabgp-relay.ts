/** Run by ExaBGP: its events come on stdin and its commands are read from stdout; both are joined to a Unix socket. */
import { connect } from 'node:net'

const socket = connect(process.argv[2] ?? '')
process.stdin.pipe(socket)
socket.pipe(process.stdout)
socket.on('error', () => process.exit(1))
socket.on('close', () => process.exit(0))
