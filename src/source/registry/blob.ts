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

/**
 * The bytes of a blob as one stream: where the connection breaks, another goes on from there, again and again as long
 * as it helps.
 */
export async function* resumedBlob(
  { client, digest, size, what }: BlobRequest,
  { signal, onBytes }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  let failures = 0;
  let lastFailure = 0;
  for (;;) {
    const range: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const response = await client.get(`blobs/${digest}`, what, range, signal);
    let position = firstByte(response, offset, what);
    try {
      for await (const piece of response.body) {
        const known = Math.min(offset - position, piece.length);
        position += piece.length;
        onBytes?.(piece.length);
        if (known === piece.length) continue;
        offset = position;
        yield known === 0 ? piece : piece.subarray(known);
      }
      return;
    } catch (error) {
      if (offset >= size) return;
      if (offset - lastFailure >= PROGRESS) failures = 0;
      lastFailure = offset;
      failures += 1;
      if (!isPassing(error) || failures === TRIES_MAX) throw client.networkError(error, response.url);
      await client.wait(backoff(failures), signal);
    }
  }
}

/** Where in the blob an answer begins (RFC 9110, section 14.4). */
function firstByte({ status, headers, url, discard }: Response, offset: number, what: string): number {
  if (status === 200) return 0;
  const range = /^bytes (\d{1,16})-/.exec(headers['content-range'] ?? '');
  if (range !== null && Number(range[1]) === offset) return offset;
  discard();
  throw new SourceError(
    'unreachable',
    `${what}: ${escapeControls(url.host)} sent another part than was asked for`,
  );
}
