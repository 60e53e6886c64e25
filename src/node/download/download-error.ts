import { SourceError, type SourceErrorCode } from '../../source/error.ts';
import type { Response } from '../../source/http/exchange.ts';
import { isUntrusted } from '../../source/http/network-error.ts';
import { NodeError, type NodeErrorCode } from '../error.ts';
import { shownUri } from './uri.ts';

const CODES: Readonly<Record<SourceErrorCode, NodeErrorCode>> = {
  'bad-reference': 'bad-uri',
  'not-found': 'not-found',
  unauthorized: 'download-failed',
  unreachable: 'download-failed',
  'digest-mismatch': 'digest-mismatch',
  malformed: 'refused',
  unsupported: 'download-failed',
  'too-large': 'download-failed',
  unreadable: 'io',
};

/** A SourceError as the NodeError that it is on a node, where authorities are configured; others pass as they are. */
export function downloadError(error: unknown): unknown {
  if (!(error instanceof SourceError)) return error;
  const hint = isUntrusted(error.cause)
    ? 'for a private authority, name the file with its certificate as ca_file in /etc/kairos/sysext.yaml'
    : error.hint;
  return new NodeError(CODES[error.code], error.message, {
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}

/** The NodeError for an answer of a web server that is not the file. */
export function statusError({ status, url }: Response, asked: URL): NodeError {
  const what = shownUri(asked.href);
  const host = shownUri(url.host);
  switch (status) {
    case 404:
    case 410:
      return new NodeError('not-found', `${what}: ${host} does not have it (status ${status})`, {
        hint: 'check the spelling of the URI',
      });
    case 401:
    case 403:
      return new NodeError('download-failed', `${what}: ${host} does not give it to us (status ${status})`, {
        hint: 'check the URI; a user and password are written as https://USER:PASSWORD@HOST/NAME.raw',
      });
    case 407:
      return new NodeError('download-failed', `${what}: the proxy wants credentials (status ${status})`, {
        hint: 'write them into the address of the proxy: http://USER:PASSWORD@HOST:PORT',
      });
    default:
      return new NodeError('download-failed', `${what}: ${host} answered with status ${status}`, {
        hint: status >= 500 || status === 429 ? 'try again later' : 'check the URI',
      });
  }
}
