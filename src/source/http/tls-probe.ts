import { connect } from 'node:tls';
import { isWithoutTls } from './network-error.ts';

/** Milliseconds in which a server on this machine must answer. */
const TIMEOUT = 5000;

/**
 * Whether a server speaks TLS. Nothing is sent beyond the greeting and nothing is trusted, so that no certificate
 * authorities need to be read for it; a server that does not answer counts as one that does.
 */
export function speaksTls({ hostname, port }: URL, signal: AbortSignal | undefined): Promise<boolean> {
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port || 443), ca: [], rejectUnauthorized: false });
    const abort = (): void => {
      end();
      reject(signal?.reason);
    };
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.destroy();
    };
    const answer = (speaks: boolean): void => {
      end();
      resolve(speaks);
    };
    const timer = setTimeout(answer, TIMEOUT, true);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    socket.once('secureConnect', () => answer(true));
    socket.once('error', (error) => answer(!isWithoutTls(error)));
  });
}
