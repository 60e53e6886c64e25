import type http from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import { proxyFor } from './proxy.ts';
import { HttpAgent, HttpsAgent } from './read-into-one-buffer.ts';

/** Certificate authorities and client certificates for `HOST` or `HOST:PORT`. */
export type TlsOptions = (host: string) => Promise<SecureContextOptions>;

/** Open connections by origin, through proxies where the environment names one. */
export class Connections {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #tlsOptions: TlsOptions;
  readonly #agents = new Map<string, Promise<http.Agent>>();

  constructor(environment: NodeJS.ProcessEnv, tlsOptions: TlsOptions) {
    this.#environment = environment;
    this.#tlsOptions = tlsOptions;
  }

  /** The proxy through which a URL is reached, if any. */
  proxyFor(url: URL): URL | undefined {
    return proxyFor(url, this.#environment);
  }

  /** The agent that holds the connections to the origin of a URL. */
  agentFor(url: URL): Promise<http.Agent> {
    let agent = this.#agents.get(url.origin);
    if (agent === undefined) {
      agent = this.#open(url);
      this.#agents.set(url.origin, agent);
    }
    return agent;
  }

  /** Closes every connection. */
  close(): void {
    for (const agent of this.#agents.values()) {
      agent.then(
        (opened) => opened.destroy(),
        () => undefined,
      );
    }
    this.#agents.clear();
  }

  async #open(url: URL): Promise<http.Agent> {
    const proxy = this.proxyFor(url)?.href;
    if (url.protocol === 'http:') {
      return new HttpAgent({ keepAlive: true, ...(proxy && { proxyEnv: { HTTP_PROXY: proxy } }) });
    }
    return new HttpsAgent({
      keepAlive: true,
      ...(await this.#tlsOptions(url.host)),
      ...(proxy && { proxyEnv: { HTTPS_PROXY: proxy } }),
    });
  }
}
