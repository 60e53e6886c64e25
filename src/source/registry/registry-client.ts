import { hostTlsOptions } from '../http/certificates.ts';
import { drain, type Response, readBody } from '../http/exchange.ts';
import { HttpClient, type HttpClientOptions } from '../http/http-client.ts';
import { isPassing } from '../http/network-error.ts';
import { isLoopbackHost } from '../http/proxy.ts';
import { backoff, TRIES_MAX } from '../http/retry.ts';
import { speaksTls } from '../http/tls-probe.ts';
import { authorize } from './authorization.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { findCredentials } from './find-credentials.ts';
import { apiHost, type ImageReference } from './reference.ts';
import { statusError } from './status-error.ts';

/** Most bytes looked at of an answer that is an error. */
const ERROR_BODY_MAX = 64 * 1024;

/** What a registry client works with. */
export interface RegistryClientOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Waits between tries; by the real clock when absent. */
  readonly sleep?: NonNullable<HttpClientOptions['sleep']>;
  /** Certificate authorities besides those of the machine, PEM. */
  readonly authorities?: readonly Buffer[];
}

/** Reads one repository of a registry, with a login where it is asked for (OCI distribution specification 1.1). */
export class RegistryClient {
  readonly #http: HttpClient;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #reference: ImageReference;
  readonly #base: URL;
  /** Looked for when the registry first asks, since this may mean to run a program. */
  #credentials: Promise<Credentials | undefined> | undefined;
  #authorization: string | undefined;

  private constructor(
    http: HttpClient,
    environment: NodeJS.ProcessEnv,
    reference: ImageReference,
    base: URL,
  ) {
    this.#http = http;
    this.#environment = environment;
    this.#reference = reference;
    this.#base = base;
  }

  /** A client for the repository of an image. Throws a SourceError where a registry on this machine does not answer. */
  static async open(reference: ImageReference, options: RegistryClientOptions): Promise<RegistryClient> {
    const { environment, signal, sleep, authorities } = options;
    const http = new HttpClient({
      environment,
      tlsOptions: (host) => hostTlsOptions(host, environment, authorities),
      ...(sleep && { sleep }),
    });
    try {
      const base = await findBase(apiHost(reference.registry), signal);
      return new RegistryClient(http, environment, reference, base);
    } catch (error) {
      http.close();
      throw error;
    }
  }

  /** Where requests go: `https://HOST/`. */
  get base(): URL {
    return this.#base;
  }

  /**
   * Gets `manifests/REFERENCE` or `blobs/DIGEST` of the repository.
   *
   * @param what The thing asked for, for messages.
   * @returns An answer with status 200 or 206.
   * @throws SourceError for every other, and where there is none.
   */
  async get(
    path: string,
    what: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const url = new URL(`/v2/${this.#reference.repository}/${path}`, this.#base);
    let response = await this.#send(url, headers, signal);
    // A challenge of another server, where a redirect led, is none of the registry's: nothing is shown for it.
    if (response.status === 401 && response.url.origin === this.#base.origin) {
      const challenges = parseChallenges(response.headers['www-authenticate'] ?? '');
      await drain(response);
      this.#authorization = await this.#authorize(challenges, signal);
      response = await this.#send(url, headers, signal);
    }
    if (response.status === 200 || response.status === 206) return response;
    // An error whose words do not arrive is still this error.
    const body = await readBody(response, ERROR_BODY_MAX).catch(() => undefined);
    signal?.throwIfAborted();
    const { registry } = this.#reference;
    throw statusError(response, body, { what, registry, credentials: await this.#credentials });
  }

  /** Gets a document whole, as {@link get} does; `body` is undefined where it is larger than `limit` bytes. */
  async getDocument(
    path: string,
    what: string,
    headers: Readonly<Record<string, string>>,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<{ headers: Response['headers']; body: Uint8Array | undefined }> {
    for (let failures = 1; ; failures++) {
      const response = await this.get(path, what, headers, signal);
      try {
        return { headers: response.headers, body: await readBody(response, limit) };
      } catch (error) {
        if (!isPassing(error) || failures === TRIES_MAX) throw this.networkError(error, response.url);
      }
      await this.wait(backoff(failures), signal);
    }
  }

  /** The SourceError for what broke a connection that this client made. */
  networkError(error: unknown, url: URL): unknown {
    return this.#http.networkError(error, url);
  }

  /** Waits as the client does between its tries. */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#http.wait(milliseconds, signal);
  }

  /** Closes every connection. */
  close(): void {
    this.#http.close();
  }

  #send(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const authorization = this.#authorization === undefined ? {} : { authorization: this.#authorization };
    return this.#http.send(url, { headers: { ...headers, ...authorization }, ...(signal && { signal }) });
  }

  async #authorize(
    challenges: ReturnType<typeof parseChallenges>,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const { registry, repository } = this.#reference;
    this.#credentials ??= findCredentials(registry, repository, this.#environment, signal);
    const credentials = await this.#credentials;
    return authorize(challenges, {
      http: this.#http,
      base: this.#base,
      registry,
      repository,
      credentials,
      signal,
    });
  }
}

/** A registry on this machine may do without TLS, as Docker allows it; every other may not. */
async function findBase(host: string, signal: AbortSignal | undefined): Promise<URL> {
  const base = new URL(`https://${host}/`);
  if (!isLoopbackHost(base.hostname.replace(/^\[|\]$/g, ''))) return base;
  return (await speaksTls(base, signal)) ? base : new URL(`http://${host}/`);
}
