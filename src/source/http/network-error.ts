import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';

/** No answer within the time allowed; its message says of what. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ETIMEDOUT';
}

/** Failures that pass by themselves: what was asked may be asked again. */
const PASSING = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN']);

const AWAY = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
]);

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
]);

/** Whether a request that failed with this error may succeed when it is made again. */
export function isPassing(error: unknown): boolean {
  return PASSING.has(codeOf(error));
}

/** Whether this error says that the network or the server is away, which may pass where both were there before. */
export function isAway(error: unknown): boolean {
  return AWAY.has(codeOf(error));
}

/** Whether this error says that nobody whom this machine trusts vouches for the certificate of the server. */
export function isUntrusted(error: unknown): boolean {
  return UNTRUSTED.has(codeOf(error));
}

/** Whether this error says that the server at the other end does not speak TLS, or that there is none. */
export function isWithoutTls(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === 'ECONNREFUSED' ||
    code === 'EPROTO' ||
    code === 'ECONNRESET' ||
    /^ERR_SSL_(WRONG|PACKET)/.test(code)
  );
}

/** The SourceError for a request to `url` that failed below HTTP. Errors that are none of the network's pass as they are. */
export function networkError(error: unknown, url: URL, proxy: URL | undefined): unknown {
  const words = describe(error, url, proxy);
  if (words === undefined) return error;
  const [reason, hint] = words;
  const host = escapeControls(url.host);
  return new SourceError('unreachable', `${host}: ${reason}`, { cause: error, hint });
}

function describe(
  error: unknown,
  url: URL,
  proxy: URL | undefined,
): [reason: string, hint: string] | undefined {
  const code = codeOf(error);
  const message = escapeControls(messageOf(error));
  const via = proxy === undefined ? '' : ` (through the proxy ${escapeControls(proxy.host)})`;
  const peer = proxy === undefined ? 'the server' : `the proxy ${escapeControls(proxy.host)}`;
  if (UNTRUSTED.has(code)) {
    return [
      `its TLS certificate is signed by none of the authorities that this machine trusts (${message})`,
      `for a private authority, put its certificate into /etc/docker/certs.d/${escapeControls(url.host)}/ca.crt, or name it in SSL_CERT_FILE`,
    ];
  }
  switch (code) {
    case 'ENOTFOUND':
      return proxy === undefined
        ? ['there is no host of that name', 'check the spelling of the name, and the DNS of this machine']
        : [`the name of its proxy, ${escapeControls(proxy.hostname)}, is not known`, 'check HTTPS_PROXY'];
    case 'EAI_AGAIN':
      return ['its name cannot be resolved now', 'check the network connection and the DNS of this machine'];
    case 'ECONNREFUSED':
      return proxy === undefined
        ? ['the connection was refused', 'check that a server runs there, and its port']
        : [`${peer} refused the connection`, 'check HTTPS_PROXY, or except the host with NO_PROXY'];
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return [`there is no route to ${peer}`, 'check the network connection'];
    case 'ETIMEDOUT':
      return [
        error instanceof TimeoutError ? `${message}${via}` : `${peer} did not answer`,
        'try again later; check the network connection, a firewall, and whether a proxy is needed (HTTPS_PROXY)',
      ];
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
      return [`the connection broke off${via}`, 'try again later'];
    case 'CERT_HAS_EXPIRED':
      return [
        'its TLS certificate has expired',
        'renew it on the server, and check the clock of this machine',
      ];
    case 'CERT_NOT_YET_VALID':
      return ['its TLS certificate is not valid yet', 'check the clock of this machine'];
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return [
        `its TLS certificate is made for other names (${message})`,
        'use the name that the certificate has',
      ];
    case 'ERR_PROXY_TUNNEL':
      return describeProxyRefusal(error as Error & { statusCode?: number }, proxy);
    default:
      return describeProtocol(code, message, via);
  }
}

function describeProxyRefusal(
  error: Error & { statusCode?: number },
  proxy: URL | undefined,
): [string, string] {
  const name = `the proxy ${escapeControls(proxy?.host ?? '')}`;
  if (error.statusCode === 407 || error.statusCode === 401) {
    return [`${name} wants other credentials`, 'write them into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT'];
  }
  const status = error.statusCode === undefined ? '' : ` (status ${error.statusCode})`;
  return [
    `${name} does not connect to it${status}`,
    'check that the proxy may reach it, or except it with NO_PROXY',
  ];
}

/** TLS and HTTP that broke their own rules. */
function describeProtocol(code: string, message: string, via: string): [string, string] | undefined {
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    if (
      /CERTIFICATE_REQUIRED|alert certificate required|BAD_CERTIFICATE|bad certificate/i.test(
        `${code} ${message}`,
      )
    ) {
      return [
        `it asks for a client certificate, or rejected the one it got (${message})`,
        'put the pair into /etc/docker/certs.d/HOST/ as client.cert and client.key',
      ];
    }
    return [`no TLS connection can be made${via}: ${message}`, 'check that the port is one for HTTPS'];
  }
  if (code === 'HPE_HEADER_OVERFLOW')
    return ['its answer has too large a header', 'check that it is a registry'];
  if (code.startsWith('HPE_') || code.startsWith('ERR_HTTP_')) {
    return [`its answer is not HTTP${via}: ${message}`, 'check the host and the port'];
  }
  return undefined;
}

/** OpenSSL's errors have a reason within a message for programmers: `error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE:`. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const [, reason] = /\berror:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(error.message) ?? [];
  return reason ?? error.message.slice(0, 300);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
