import { collectYoungGarbage } from '../../platform/collect-garbage.ts';
import { SourceError } from '../../source/error.ts';
import { hostTlsOptions } from '../../source/http/certificates.ts';
import type { Response } from '../../source/http/exchange.ts';
import { HttpClient } from '../../source/http/http-client.ts';
import { isAway, isPassing } from '../../source/http/network-error.ts';
import { backoff, TRIES_MAX } from '../../source/http/retry.ts';
import { NodeError } from '../error.ts';
import { downloadError, statusError } from './download-error.ts';
import type { FetchRequest } from './fetched-image.ts';
import { answeredRange, checkEncoding, contentLength, strongValidator } from './http-answer.ts';
import type { PartialFile } from './partial-file.ts';
import { readAuthorities, serverEnvironment } from './settings.ts';
import { type ImageUri, shownUri } from './uri.ts';

/** Bytes after which a connection counts as one that worked, so that the next failure is a first one again. */
const PROGRESS = 1024 * 1024;

/** Bytes after which the buffers that held them are freed. */
const COLLECTION_STEP = 2 * 1024 * 1024;

/** What has arrived, and from where. */
export interface Arrival {
  /** Where it came from in the end, for people. */
  readonly source: string;
  /** Bytes that were there from an earlier download. */
  readonly resumed: number;
}

/**
 * Downloads a file from a web server into a partial file. Where a download of the same URI broke off before, in this process or
 * another, it goes on from there if the server vouches by a strong entity tag that the file is still the same.
 *
 * @throws NodeError, and the reason of the signal.
 */
export async function fetchHttp(
  uri: ImageUri & { readonly scheme: 'http' },
  partial: PartialFile,
  request: FetchRequest,
): Promise<Arrival> {
  const environment = serverEnvironment(request);
  const authorities = readAuthorities(request);
  const { sleep } = request;
  const client = new HttpClient({
    environment,
    tlsOptions: (host) => hostTlsOptions(host, environment, authorities),
    plainRedirects: true,
    ...(sleep && { sleep }),
  });
  try {
    return await new HttpDownload(client, uri, partial, request).run();
  } catch (error) {
    throw downloadError(error);
  } finally {
    client.close();
  }
}

/** The server closed the connection before the end. */
class BrokenOffError extends Error {
  override readonly name = 'BrokenOffError';
  readonly code = 'ECONNRESET';
}

class HttpDownload {
  readonly #client: HttpClient;
  readonly #uri: ImageUri & { readonly scheme: 'http' };
  readonly #partial: PartialFile;
  readonly #request: FetchRequest;
  /** What the bytes that are there belong to, if they can be gone on with. */
  #known: { readonly validator: string; readonly total: number } | undefined;
  #resumed = 0;
  /** The server that is being asked. */
  #current: URL;

  constructor(
    client: HttpClient,
    uri: ImageUri & { readonly scheme: 'http' },
    partial: PartialFile,
    request: FetchRequest,
  ) {
    this.#client = client;
    this.#uri = uri;
    this.#partial = partial;
    this.#request = request;
    this.#current = uri.url;
  }

  async run(): Promise<Arrival> {
    await this.#takeUp();
    let failures = 0;
    let lastFailure = this.#partial.size;
    for (;;) {
      try {
        await this.#receive(await this.#ask());
        return { source: shownUri(this.#current.href), resumed: this.#resumed };
      } catch (error) {
        this.#request.signal?.throwIfAborted();
        if (this.#known !== undefined && this.#partial.size - lastFailure >= PROGRESS) failures = 0;
        lastFailure = this.#partial.size;
        failures += 1;
        if (failures === TRIES_MAX || !this.#mayPass(error)) {
          throw this.#client.networkError(error, this.#current);
        }
      }
      await this.#client.wait(backoff(failures), this.#request.signal);
    }
  }

  /** Goes on with what an earlier download left. */
  async #takeUp(): Promise<void> {
    const left = this.#partial.leftover();
    const isSame = left?.uri === this.#uri.url.href && left.total > 0;
    // A byte is always asked for, so that the server is asked whether the file is still the same.
    await this.#partial.cut(isSame ? Math.min(left.durable, left.total - 1) : 0);
    this.#known = isSame ? left : undefined;
    this.#resumed = this.#partial.size;
  }

  /** Asks for what is not there yet. Returns an answer that goes on exactly where the partial file ends. */
  async #ask(): Promise<Response> {
    if (this.#known === undefined) await this.#startAnew();
    const { size } = this.#partial;
    const known = this.#known;
    const { authorization } = this.#uri;
    const { signal } = this.#request;
    const response = await this.#client.send(this.#uri.url, {
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...(known !== undefined && { range: `bytes=${size}-`, 'if-range': known.validator }),
      },
      ...(signal && { signal }),
    });
    this.#current = response.url;
    try {
      if (known !== undefined && (response.status === 206 || response.status === 416)) {
        const range = response.status === 206 ? answeredRange(response) : undefined;
        const validator = strongValidator(response) ?? known.validator;
        if (range?.start === size && range.total === known.total && validator === known.validator) {
          checkEncoding(response);
          return response;
        }
        response.discard();
        this.#known = undefined;
        return await this.#ask();
      }
      if (response.status !== 200) throw statusError(response, this.#uri.url);
      checkEncoding(response);
      if (size > 0) await this.#startAnew();
      return response;
    } catch (error) {
      response.discard();
      throw error;
    }
  }

  async #startAnew(): Promise<void> {
    this.#known = undefined;
    this.#resumed = 0;
    if (this.#partial.size > 0) await this.#partial.cut(0);
  }

  async #receive(response: Response): Promise<void> {
    const partial = this.#partial;
    const { onProgress } = this.#request;
    let total = this.#known?.total;
    if (response.status === 200) {
      total = contentLength(response.headers['content-length']);
      const validator = strongValidator(response);
      const isResumable = total !== undefined && validator !== undefined;
      this.#known = isResumable ? { validator, total: total! } : undefined;
    }
    try {
      await partial.expect(this.#known && { uri: this.#uri.url.href, ...this.#known }, total);
    } catch (error) {
      response.discard();
      throw error;
    }
    onProgress?.(partial.size, total);
    let sinceCollection = 0;
    await response.consume((piece) => {
      if (total !== undefined && partial.size + piece.length > total) {
        throw new NodeError(
          'download-failed',
          `${shownUri(response.url.href)}: ${shownUri(response.url.host)} sends more than the ${total} bytes that it announced`,
          { hint: 'the server, or a proxy before it, is at fault' },
        );
      }
      const taken = partial.append(piece);
      sinceCollection += piece.length;
      if (sinceCollection >= COLLECTION_STEP) {
        sinceCollection = 0;
        collectYoungGarbage();
      }
      onProgress?.(partial.size, total);
      return taken;
    });
    if (total !== undefined && partial.size < total) throw new BrokenOffError('the answer is too short');
  }

  /** Whether the same may succeed when it is tried again. */
  #mayPass(error: unknown): boolean {
    const reason = error instanceof SourceError ? error.cause : error;
    return isPassing(reason) || (isAway(reason) && this.#partial.size > this.#resumed);
  }
}
