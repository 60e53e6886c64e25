import type { Agent, AgentOptions } from 'node:http';
import type { Agent as SecureAgent } from 'node:https';
import type { OnReadOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { http, https } from './node-http.ts';

/** Bytes that a connection takes from the system at once. */
const BUFFER_SIZE = 256 * 1024;

/** Agents whose connections read into one buffer each, again and again; those through a proxy read as Node does. */
export class HttpAgent extends http.Agent {
  declare readonly options: AgentOptions;

  override createConnection(...[options, callback]: Parameters<Agent['createConnection']>) {
    if (this.options.proxyEnv !== undefined) return super.createConnection(options, callback);
    return readIntoOneBuffer((onread) => super.createConnection({ ...options, ...onread }, callback));
  }
}

/** As {@link HttpAgent}, for TLS. */
export class HttpsAgent extends https.Agent {
  override createConnection(...[options, callback]: Parameters<SecureAgent['createConnection']>) {
    if (this.options.proxyEnv !== undefined) return super.createConnection(options, callback);
    return readIntoOneBuffer((onread) => super.createConnection({ ...options, ...onread }, callback));
  }
}

/**
 * A connection that reads into one buffer. By itself Node takes a new one of 64 KiB for every read, and leaves them to the
 * garbage collector, which does not hurry: receiving a layer takes three times the processor time then, and 80 MB more.
 *
 * Such a connection has no `data` events (net.createConnection, `onread`), but node:http lives by them. Its parser copies what it
 * passes on as the body, so that the buffer is free when the event is over.
 */
function readIntoOneBuffer(
  connect: (options: { readonly onread: OnReadOpts }) => Duplex | null | undefined,
): Duplex | null | undefined {
  const connection = connect({
    onread: {
      buffer: Buffer.allocUnsafeSlow(BUFFER_SIZE),
      callback(length, buffer) {
        connection?.emit('data', buffer.subarray(0, length));
        return true;
      },
    },
  });
  return connection;
}
