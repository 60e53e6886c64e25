import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import type { Response } from '../http/exchange.ts';
import { isPassing } from '../http/network-error.ts';
import { backoff, TRIES_MAX } from '../http/retry.ts';
import type { ReadOptions } from '../source.ts';
import type { RegistryClient } from './registry-client.ts';

/** Bytes after which a connection counts as one that worked, so that the next failure is a first one again. */
const PROGRESS = 1024 * 1024;

/** A blob and where it is. */
export interface BlobRequest {
  readonly client: RegistryClient;
  readonly digest: string;
  /** Bytes it has. */
  readonly size: number;
  /** For messages. */
  readonly what: string;
}

/** What of a blob is read, and how. */
export interface RangeOptions extends ReadOptions {
  /** The first byte, and the one behind the last. A range that ends with the blob has what a server sends beyond it, too. */
  readonly start: number;
  readonly end: number;
  /** Told of each answer before its body is read. */
  readonly onAnswer?: (response: Response) => void;
}

/**
 * A range of a blob as one stream: where the connection breaks, another goes on from there, again and again as long
 * as it helps.
 *
 * @throws SourceError as `RegistryClient.get`, and for a server that sends something else than was asked for.
 */
export async function* blobRange(
  { client, digest, size, what }: BlobRequest,
  { start, end, signal, onBytes, onAnswer }: RangeOptions,
): AsyncGenerator<Uint8Array> {
  const isToTheEnd = end === size;
  let offset = start;
  let failures = 0;
  let lastFailure = start;
  for (;;) {
    const last = isToTheEnd ? '' : end - 1;
    const range: Record<string, string> =
      offset === 0 && isToTheEnd ? {} : { range: `bytes=${offset}-${last}` };
    const response = await client.get(`blobs/${digest}`, what, range, signal);
    let position = firstByte(response, offset, what);
    onAnswer?.(response);
    try {
      for await (const piece of response.body) {
        const known = Math.min(offset - position, piece.length);
        position += piece.length;
        onBytes?.(piece.length);
        if (known === piece.length) continue;
        const beyond = isToTheEnd ? 0 : Math.max(position - end, 0);
        offset = position - beyond;
        yield piece.subarray(known, piece.length - beyond);
        if (offset === end && !isToTheEnd) return;
      }
      if (isToTheEnd) return;
      // An answer that is complete and too short does not become longer.
      throw otherPart(response, what);
    } catch (error) {
      if (isToTheEnd && offset >= size) return;
      if (offset - lastFailure >= PROGRESS) failures = 0;
      lastFailure = offset;
      failures += 1;
      if (!isPassing(error) || failures === TRIES_MAX) throw client.networkError(error, response.url);
      await client.wait(backoff(failures), signal);
    }
  }
}

/** Where in the blob an answer begins (RFC 9110, section 14.4). */
function firstByte(response: Response, offset: number, what: string): number {
  if (response.status === 200) return 0;
  const range = /^bytes (\d{1,16})-/.exec(response.headers['content-range'] ?? '');
  if (range !== null && Number(range[1]) === offset) return offset;
  response.discard();
  throw otherPart(response, what);
}

function otherPart({ url }: Response, what: string): SourceError {
  return new SourceError(
    'unreachable',
    `${what}: ${escapeControls(url.host)} sent another part than was asked for`,
  );
}
