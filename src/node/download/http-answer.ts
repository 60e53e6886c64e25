import type { Response } from '../../source/http/exchange.ts';
import { NodeError } from '../error.ts';
import { shownUri } from './uri.ts';

/** Characters of an entity tag that is kept; real ones have less than a hundred. */
const ETAG_MAX = 1000;

/** The part of a file that an answer with status 206 has. */
export interface AnsweredRange {
  readonly start: number;
  /** Bytes that the whole file has. */
  readonly total: number;
}

/** The range that an answer states, if it goes to the end of the file (RFC 9110, section 14.4). */
export function answeredRange({ headers }: Response): AnsweredRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(headers['content-range'] ?? '');
  if (match === null) return undefined;
  const [start, last, total] = match.slice(1).map(Number) as [number, number, number];
  const length = contentLength(headers['content-length']);
  if (last !== total - 1 || start > last || (length !== undefined && length !== total - start))
    return undefined;
  return { start, total };
}

/** Bytes that the body of an answer has, where the server says so. */
export function contentLength(header: string | undefined): number | undefined {
  return /^\d{1,15}$/.test(header ?? '') ? Number(header) : undefined;
}

/**
 * The strong entity tag of an answer (RFC 9110, section 8.8.3): two answers with the same one have the same bytes, which is not
 * true of weak ones, nor of times.
 */
export function strongValidator({ headers }: Response): string | undefined {
  const { etag } = headers;
  return etag !== undefined && etag.length <= ETAG_MAX && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag)
    ? etag
    : undefined;
}

/** Refuses an answer whose bytes are not those of the file. Throws a NodeError ('download-failed'). */
export function checkEncoding({ headers, url }: Response): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase();
  if (encoding === undefined || encoding === '' || encoding === 'identity') return;
  throw new NodeError(
    'download-failed',
    `${shownUri(url.href)}: ${shownUri(url.host)} sends it packed (${shownUri(encoding)}), although it was asked not to`,
    { hint: 'switch off compression for such files on the server' },
  );
}
