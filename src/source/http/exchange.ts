import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import { releasePiece } from '../../platform/release-buffer.ts';
import { TimeoutError } from './network-error.ts';
import { http, https } from './node-http.ts';

/** Milliseconds to connect in: names, TCP, proxy and TLS together. */
const CONNECT_TIMEOUT = 30_000;
/** Milliseconds without a byte after which an answer is given up. */
const IDLE_TIMEOUT = 60_000;
/** Most bytes in the header of an answer. */
const HEADER_MAX = 64 * 1024;

/** Most bytes read only to keep a connection. */
const DRAIN_MAX = 64 * 1024;

/** A request, ready to be sent. */
export interface Request {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds in which the answer must begin, at most 2^31 − 1; a minute when absent. */
  readonly answerTimeout?: number;
}

/** An answer whose body is still to be read, or discarded. */
export interface Response {
  /** Where it came from: after redirects not the URL that was asked for. */
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body in fresh pieces, to be read once. Throws what broke the connection, or the reason of the abort. */
  readonly body: AsyncIterable<Uint8Array>;
  /**
   * Reads the body as {@link body} does, in less time and memory: `take` is called with each piece, and may return a promise
   * that the next one is to wait for. A piece is good until then. Throws also what `take` throws.
   */
  consume(take: (piece: Uint8Array) => Promise<void> | undefined): Promise<void>;
  /** Closes the connection without reading the rest. */
  discard(): void;
}

/**
 * Sends one request and waits for the header of the answer.
 *
 * @param connection What node:http needs besides the URL: an agent or a socket path.
 * @throws What node:http throws, a {@link TimeoutError}, or the reason of the abort.
 */
export function exchange(url: URL, request: Request, connection: RequestOptions): Promise<Response> {
  const { method, headers, body, signal, answerTimeout = IDLE_TIMEOUT } = request;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const outgoing = (url.protocol === 'https:' ? https : http).request(url, {
      ...connection,
      method,
      headers,
      maxHeaderSize: HEADER_MAX,
    });
    const limit = (ms: number, what: string): NodeJS.Timeout =>
      setTimeout(() => outgoing.destroy(new TimeoutError(`${what} within ${ms / 1000} seconds`)), ms);
    let timer = limit(CONNECT_TIMEOUT, 'no connection could be made');
    const abort = (): void => void outgoing.destroy();
    signal?.addEventListener('abort', abort);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    outgoing.on('finish', () => {
      clearTimeout(timer);
      timer = limit(answerTimeout, 'there was no answer');
    });
    outgoing.on('response', (response) => {
      settle();
      resolve({
        url,
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: pieces(response, signal),
        consume: (take) => consume(response, take, signal),
        discard: () => void response.destroy(),
      });
    });
    outgoing.on('error', (error) => {
      settle();
      reject(signal?.aborted === true ? signal.reason : error);
    });
    outgoing.end(body);
  });
}

/** Reads a whole body of at most `limit` bytes; undefined if it is larger. Throws what broke the connection. */
export async function readBody(response: Response, limit: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body) {
    length += piece.length;
    if (length > limit) return undefined;
    parts.push(piece);
  }
  return Buffer.concat(parts);
}

/** Reads the rest of an answer nobody wants, so that its connection can be used again; closes it where that is long. */
export async function drain(response: Response): Promise<void> {
  try {
    await readBody(response, DRAIN_MAX);
  } catch {
    // The connection is gone, which is as well.
  }
}

/** Calls a function with the pieces of a body: events cost less than iterating, where a piece is a TLS record. */
function consume(
  response: IncomingMessage,
  take: (piece: Uint8Array) => Promise<void> | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isTaking = false;
    const timer = setTimeout(() => {
      // While the consumer works on a piece, nothing is read and silence is no fault of the server.
      if (isTaking) timer.refresh();
      else fail(new TimeoutError(`nothing was received for ${IDLE_TIMEOUT / 1000} seconds`));
    }, IDLE_TIMEOUT);
    const abort = (): void => fail(signal?.reason);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      response.off('data', receive);
    };
    const fail = (error: unknown): void => {
      settle();
      response.destroy();
      reject(error);
    };
    const goOn = (): void => {
      isTaking = false;
      timer.refresh();
      response.resume();
    };
    const receive = (piece: Uint8Array): void => {
      timer.refresh();
      try {
        const taking = take(piece);
        if (taking === undefined) {
          releasePiece(piece);
          return;
        }
        isTaking = true;
        response.pause();
        taking.then(() => {
          releasePiece(piece);
          goOn();
        }, fail);
      } catch (error) {
        fail(error);
      }
    };
    response.on('error', fail);
    response.on('end', () => {
      settle();
      resolve();
    });
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    else response.on('data', receive);
  });
}

async function* pieces(
  response: IncomingMessage,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let waiting = true;
  const timer = setTimeout(() => {
    // While the consumer works on a piece, nothing is read and silence is no fault of the server.
    if (waiting)
      response.destroy(new TimeoutError(`nothing was received for ${IDLE_TIMEOUT / 1000} seconds`));
  }, IDLE_TIMEOUT);
  const abort = (): void => void response.destroy();
  signal?.addEventListener('abort', abort);
  try {
    signal?.throwIfAborted();
    for await (const piece of response) {
      waiting = false;
      yield piece;
      signal?.throwIfAborted();
      waiting = true;
      timer.refresh();
    }
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
