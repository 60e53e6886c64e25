import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import { Connections, type TlsOptions } from './connections.ts';
import { drain, exchange, type Request, type Response } from './exchange.ts';
import { networkError } from './network-error.ts';
import { isLoopbackHost } from './proxy.ts';
import { type Sleep, sleep, withRetries } from './retry.ts';

const REDIRECTS_MAX = 10;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);
const USER_AGENT = 'kairos-sysext';

/** What an HTTP client works with. */
export interface HttpClientOptions {
  /** Names the proxies. */
  readonly environment: NodeJS.ProcessEnv;
  /** Certificate authorities and client certificates for a host. */
  readonly tlsOptions: TlsOptions;
  /** Waits between tries; by the real clock when absent. */
  readonly sleep?: Sleep;
  /** Whether HTTP may redirect to HTTP on another machine. HTTPS never does. */
  readonly allowPlainRedirects?: boolean;
}

/** What is asked for; GET when no method is given. */
export type RequestOptions = Partial<Request>;

/**
 * An HTTP client with connections that stay open, proxies, redirects and retries. It never lets a redirect lead from
 * HTTPS to HTTP, nor, unless it may, by HTTP to another machine.
 */
export class HttpClient {
  readonly #connections: Connections;
  readonly #sleep: Sleep;
  readonly #allowPlainRedirects: boolean;

  constructor({
    environment,
    tlsOptions,
    sleep: wait = sleep,
    allowPlainRedirects = false,
  }: HttpClientOptions) {
    this.#allowPlainRedirects = allowPlainRedirects;
    this.#connections = new Connections(environment, tlsOptions);
    this.#sleep = wait;
  }

  /**
   * The answer to a request after redirects and, where it helps, several tries: any status, for the caller to judge.
   *
   * @throws SourceError `unreachable` that says why there is no answer; the reason of the signal when it aborts.
   */
  async send(url: URL, options: RequestOptions = {}): Promise<Response> {
    // A redirect may have led elsewhere; the error is about the host that failed.
    let current = url;
    const follow = (): Promise<Response> =>
      this.#follow(url, options, (hop) => {
        current = hop;
      });
    try {
      return await withRetries(follow, this.#sleep, options.signal);
    } catch (error) {
      throw this.networkError(error, current);
    }
  }

  /** The SourceError for what broke a connection that this client made; see {@link networkError}. */
  networkError(error: unknown, url: URL): unknown {
    return networkError(error, url, this.#connections.proxyFor(url));
  }

  /** The answer to a single request: no second try, no redirect. Throws errors as node:http does. */
  async sendOnce(url: URL, options: RequestOptions = {}): Promise<Response> {
    const { method = 'GET', headers = {}, signal } = options;
    return exchange(
      url,
      {
        ...options,
        method,
        // Layers are compared with their digest as they come, so nothing may be packed for the way.
        headers: { 'user-agent': USER_AGENT, 'accept-encoding': 'identity', ...headers },
        signal,
      },
      { agent: await this.#connections.agentFor(url) },
    );
  }

  /** Waits as the client does between its tries. */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#sleep(milliseconds, signal);
  }

  /** Closes every connection. */
  close(): void {
    this.#connections.close();
  }

  async #follow(start: URL, options: RequestOptions, onHop: (url: URL) => void): Promise<Response> {
    let url = start;
    let { headers = {} } = options;
    for (let redirects = 0; ; redirects++) {
      onHop(url);
      const response = await this.sendOnce(url, { ...options, headers });
      const { location } = response.headers;
      if (options.method === 'POST' || location === undefined || !REDIRECT_STATUSES.has(response.status)) {
        return response;
      }
      await drain(response);
      if (redirects === REDIRECTS_MAX) {
        throw new SourceError(
          'unreachable',
          `${shownHost(start)}: it redirects more than ${REDIRECTS_MAX} times`,
        );
      }
      const target = redirectTarget(location, url, this.#allowPlainRedirects);
      // Credentials are for the server that asked for them, and for no other.
      if (target.origin !== url.origin) headers = withoutAuthorization(headers);
      url = target;
    }
  }
}

function redirectTarget(location: string, from: URL, allowPlain: boolean): URL {
  const target = URL.parse(location, from.href);
  const host = shownHost(from);
  if (target === null || !/^https?:$/.test(target.protocol)) {
    throw new SourceError('unreachable', `${host}: it redirects to what is no web address`);
  }
  const loopback = isLoopbackHost(target.hostname.replace(/^\[|\]$/g, ''));
  if (target.protocol === 'http:' && (from.protocol === 'https:' || !(allowPlain || loopback))) {
    throw new SourceError('unreachable', `${host}: it redirects to ${shownHost(target)} without encryption`, {
      hint: 'this is never followed; the redirect must lead to an https address',
    });
  }
  return target;
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(authorization|cookie)$/i.test(name)),
  );
}

function shownHost(url: URL): string {
  return escapeControls(url.host);
}
