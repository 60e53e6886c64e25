import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../../source/error.ts';
import type { Response } from '../../source/http/exchange.ts';
import type { HttpClient } from '../../source/http/http-client.ts';
import { isAway, isPassing } from '../../source/http/network-error.ts';
import { backoff, TRIES_MAX } from '../../source/http/retry.ts';
import { NodeError } from '../error.ts';
import type { PartialFile } from './partial-file.ts';
import type { PartialRecord } from './partial-record.ts';

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
  let known = await partial.takeUp(url.href);
  let resumed = known === undefined ? 0 : partial.size;
  let failures = 0;
  let lastFailure = partial.size;
  // A redirect may lead elsewhere; an error is about the server that failed.
  let current = url;
  for (;;) {
    try {
      const response = await client.send(url, {
        ...(known !== undefined && {
          headers: { range: `bytes=${partial.size}-`, 'if-range': known.validator },
        }),
        ...(signal && { signal }),
      });
      current = response.url;
      const answer = await readAnswer(response, url, partial, known);
      if (answer === 'again') {
        // What is there fits nothing that the server has: from the beginning, without asking for a part.
        known = undefined;
        continue;
      }
      if (!answer.isPart) resumed = 0;
      known = answer.record;
      await receive(response, answer, partial, onProgress);
      return { source: shown(current), resumed };
    } catch (error) {
      signal?.throwIfAborted();
      if (known !== undefined && partial.size - lastFailure >= PROGRESS) failures = 0;
      lastFailure = partial.size;
      failures += 1;
      // The client has tried again what passes by itself; a network that was there before may come back, too.
      const mayPass =
        error instanceof SourceError ? isAway(error.cause) && partial.size > resumed : isPassing(error);
      if (!mayPass || failures === TRIES_MAX) throw client.networkError(error, current);
    }
    await client.wait(backoff(failures), signal);
  }
}

async function receive(
  response: Response,
  { total }: Answer,
  partial: PartialFile,
  onProgress: OnProgress | undefined,
): Promise<void> {
  await response.consume((piece) => {
    if (total !== undefined && partial.size + piece.length > total) {
      throw new NodeError(
        'download-failed',
        `${shown(response.url)}: the server sends more than the ${total} bytes that it announced`,
        { hint: 'have the server, or the proxy before it, put in order' },
      );
    }
    const taken = partial.write(piece);
    onProgress?.(partial.size, total);
    return taken;
  });
  await partial.flush();
  if (total === undefined || partial.size === total) return;
  throw Object.assign(new Error(`it ended after ${partial.size} of ${total} bytes`), { code: 'ECONNRESET' });
}

/** What an answer brings. */
interface Answer {
  /** Whether it goes on where the partial file ends. */
  readonly isPart: boolean;
  /** Bytes of the whole file; undefined where the server does not say. */
  readonly total: number | undefined;
  /** Undefined where the server gives no strong validator, so that it cannot be gone on with. */
  readonly record: PartialRecord | undefined;
}

async function readAnswer(
  response: Response,
  url: URL,
  partial: PartialFile,
  known: PartialRecord | undefined,
): Promise<Answer | 'again'> {
  const { status, headers } = response;
  const validator = strongValidator(headers.etag);
  if (status === 206 && known !== undefined) {
    const total = partTotal(headers['content-range'], partial.size);
    if (total === known.total && validator === known.validator) {
      checkEncoding(response, url);
      partial.resume(total);
      return { isPart: true, total, record: known };
    }
    response.discard();
    return 'again';
  }
  if (status === 416 && known !== undefined) {
    response.discard();
    return 'again';
  }
  if (status !== 200) {
    response.discard();
    throw statusError(status, response.url, url);
  }
  checkEncoding(response, url);
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
  return { isPart: false, total, record };
}

/** Refuses bytes that are not those of the file. */
function checkEncoding(response: Response, url: URL): void {
  const encoding = response.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  response.discard();
  throw new NodeError(
    'download-failed',
    `${shown(url)}: the server packs the file (${escapeControls(encoding.slice(0, 40))}) although it was asked not to`,
    { hint: 'have it served as it is, as application/octet-stream' },
  );
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
  if (error instanceof NodeError) return error.code === 'download-failed';
  return error instanceof SourceError && error.code === 'unreachable';
}
