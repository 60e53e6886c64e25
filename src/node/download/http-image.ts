import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../../source/error.ts';
import type { Response } from '../../source/http/exchange.ts';
import type { HttpClient } from '../../source/http/http-client.ts';
import { isPassing } from '../../source/http/network-error.ts';
import { backoff, TRIES_MAX } from '../../source/http/retry.ts';
import { NodeError } from '../error.ts';
import type { PartialFile } from './partial-file.ts';

/** Bytes after which a connection counts as one that worked, so that the next failure is a first one again. */
const PROGRESS = 1024 * 1024;

/** What is told while bytes come. */
export type OnProgress = (done: number, total: number | undefined) => void;

/** What came of it. */
export interface HttpOutcome {
  /** After redirects, without what may be secret in a query. */
  readonly source: string;
  /** Bytes that were there of an earlier download. */
  readonly resumed: number;
}

/**
 * Downloads a file into a partial one. Where that holds the beginning of the very same file, it goes on from there; when the
 * connection breaks, too. The validator of the server decides what is the same: a strong one, sent with If-Range, so that
 * another file comes from its beginning (RFC 9110, section 13.1.5).
 *
 * @throws NodeError ('not-found', 'download-failed', 'no-space', 'io'), SourceError ('unreachable'), the reason of the abort.
 */
export async function downloadHttp(
  client: HttpClient,
  url: URL,
  partial: PartialFile,
  onProgress: OnProgress | undefined,
  signal: AbortSignal | undefined,
): Promise<HttpOutcome> {
  const known = partial.record();
  const start = known?.uri === url.href && partial.size > 0 ? partial.size : 0;
  let validator = start > 0 ? known?.validator : undefined;
  let resumed = start;
  let failures = 0;
  let lastFailure = 0;
  for (;;) {
    const response = await client.send(url, {
      ...(validator !== undefined && { headers: { range: `bytes=${partial.size}-`, 'if-range': validator } }),
      ...(signal && { signal }),
    });
    const answer = await readAnswer(response, url, partial, validator);
    if (answer === 'again') {
      // What is there fits nothing that the server has: from the beginning, without asking for a part.
      validator = undefined;
      continue;
    }
    if (!answer.isPart) resumed = 0;
    ({ validator } = answer);
    try {
      for await (const piece of response.body) {
        await partial.write(piece);
        onProgress?.(partial.size, answer.total);
      }
      await partial.flush();
      if (answer.total === undefined || partial.size === answer.total) {
        return { source: `${response.url.origin}${response.url.pathname}`, resumed };
      }
      throw Object.assign(new Error(`it ended after ${partial.size} of ${answer.total} bytes`), {
        code: 'ECONNRESET',
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (partial.size - lastFailure >= PROGRESS) failures = 0;
      lastFailure = partial.size;
      failures += 1;
      if (!isPassing(error) || failures === TRIES_MAX) throw client.networkError(error, response.url);
      await client.wait(backoff(failures), signal);
    }
  }
}

/** What an answer brings. */
interface Answer {
  /** Whether it goes on where the partial file ends. */
  readonly isPart: boolean;
  /** Bytes of the whole file; undefined where the server does not say. */
  readonly total: number | undefined;
  /** Undefined where the server gives no strong one, so that nothing can be gone on with. */
  readonly validator: string | undefined;
}

async function readAnswer(
  response: Response,
  url: URL,
  partial: PartialFile,
  asked: string | undefined,
): Promise<Answer | 'again'> {
  const { status, headers } = response;
  const validator = strongValidator(headers.etag);
  const encoding = headers['content-encoding'];
  if (status === 206 && asked !== undefined) {
    const total = partTotal(headers['content-range'], partial.size);
    if (total !== undefined && validator === asked) {
      partial.resume(total);
      return { isPart: true, total, validator };
    }
    response.discard();
    return 'again';
  }
  if (status === 416 && asked !== undefined) {
    response.discard();
    return 'again';
  }
  if (status !== 200) {
    response.discard();
    throw statusError(status, response.url, url);
  }
  if (encoding !== undefined && encoding !== 'identity') {
    response.discard();
    throw new NodeError(
      'download-failed',
      `${shown(url)}: the server packs the file (${escapeControls(encoding.slice(0, 40))}) although it was asked not to`,
      { hint: 'have it served as it is, as application/octet-stream' },
    );
  }
  const length = headers['content-length'];
  const total = length !== undefined && /^\d{1,300}$/.test(length) ? Number(length) : undefined;
  const record =
    validator === undefined || total === undefined ? undefined : { uri: url.href, validator, total };
  try {
    await partial.begin(record, total);
  } catch (error) {
    response.discard();
    throw error;
  }
  return { isPart: false, total, validator: record?.validator };
}

/** An entity tag that is strong: equal bytes, and not only equal meaning (RFC 9110, section 8.8.3). */
function strongValidator(tag: string | undefined): string | undefined {
  return tag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]{1,1000}"$/.test(tag) ? tag : undefined;
}

/** The size of the whole, if a part begins where it should (RFC 9110, section 14.4). */
function partTotal(range: string | undefined, start: number): number | undefined {
  const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(range ?? '') ?? [];
  if (Number(first) !== start || Number(last) !== Number(total) - 1) return undefined;
  return Number(total);
}

function statusError(status: number, at: URL, url: URL): NodeError {
  const where =
    at.origin === url.origin ? shown(url) : `${shown(url)} (redirected to ${escapeControls(at.host)})`;
  switch (status) {
    case 404:
    case 410:
      return new NodeError('not-found', `${where}: the server has no such file`, {
        hint: 'check the spelling of the address',
      });
    case 401:
    case 403:
      return new NodeError('download-failed', `${where}: the server does not allow it (status ${status})`, {
        hint: 'check the address and what it takes to be let in, such as a token in it',
      });
    default:
      return new NodeError('download-failed', `${where}: the server answered with the status ${status}`, {
        hint: status >= 500 ? 'try again later' : 'check the address',
      });
  }
}

/** An address without what may be secret in it. */
function shown(url: URL): string {
  return escapeControls(`${url.origin}${url.pathname}`);
}

/** Whether an error is one that a later try may not meet, so that what was downloaded is worth keeping. */
export function isWorthResuming(error: unknown): boolean {
  return error instanceof SourceError && error.code === 'unreachable';
}
