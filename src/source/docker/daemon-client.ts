import * as v from 'valibot';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import { drain, exchange, type Response, readBody } from '../http/exchange.ts';
import { networkError } from '../http/network-error.ts';
import type { DaemonAddress } from './daemon-address.ts';

const DOCUMENT_MAX = 4 * 1024 * 1024;
/** Milliseconds for a daemon to gather an image: it writes all of it to a file of its own before it sends the first byte. */
const SAVE_TIMEOUT = 60 * 60 * 1000;

const errorBody = v.pipe(v.string(), v.parseJson(), v.object({ message: v.string() }));

/** Asks a Docker daemon, or podman's imitation of one, by its HTTP API. */
export class DaemonClient {
  readonly #address: DaemonAddress;
  /** Such as `/v1.43`. */
  readonly #prefix: string;

  private constructor(address: DaemonAddress, prefix: string) {
    this.#address = address;
    this.#prefix = prefix;
  }

  /**
   * Connects and settles on the API version that the daemon states: what is asked here has been the same in all.
   *
   * @throws SourceError `unreachable` where no daemon answers.
   */
  static async open(address: DaemonAddress, signal: AbortSignal | undefined): Promise<DaemonClient> {
    const ping = new DaemonClient(address, '');
    const response = await ping.#send('/_ping', signal);
    await drain(response);
    const version = response.headers['api-version'];
    if (response.status !== 200 || typeof version !== 'string' || !/^\d{1,3}\.\d{1,3}$/.test(version)) {
      throw new SourceError(
        'unreachable',
        `${address.description}: what answers there is no Docker daemon (status ${response.status})`,
        { hint: 'check DOCKER_HOST' },
      );
    }
    return new DaemonClient(address, `/v${version}`);
  }

  /**
   * Gets an image as an archive, however long the daemon takes to gather it.
   *
   * @param name As the daemon knows it.
   * @param what The thing asked for, for messages.
   * @throws SourceError `not-found` where the daemon has no such image, `unreachable` where it fails.
   */
  save(name: string, what: string, signal: AbortSignal | undefined): Promise<Response> {
    return this.#get(`/images/${name}/get`, what, signal, SAVE_TIMEOUT);
  }

  /**
   * Gets a JSON document of a path of the API and checks its form. Throws as {@link save} does, and `malformed` where
   * the form is another.
   */
  async getJson<T>(
    path: string,
    schema: v.GenericSchema<unknown, T>,
    what: string,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const response = await this.#get(path, what, signal);
    const body = await readBody(response, DOCUMENT_MAX).catch((error) => {
      throw this.networkError(error);
    });
    const parsed = v.safeParse(
      v.pipe(v.string(), v.parseJson(), schema),
      Buffer.from(body ?? '').toString('utf8'),
    );
    if (parsed.success) return parsed.output;
    throw new SourceError('malformed', `${what}: the daemon's answer is not what its API defines`);
  }

  /** The SourceError for what broke the connection. */
  networkError(error: unknown): unknown {
    const { description, base } = this.#address;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const hint = 'start Docker, or name its address in DOCKER_HOST';
    switch (code) {
      case 'ENOENT':
      case 'ENOTDIR':
      case 'ECONNREFUSED':
        return new SourceError('unreachable', `${description}: no Docker daemon listens there`, {
          cause: error,
          hint,
        });
      case 'EACCES':
      case 'EPERM':
        return new SourceError('unreachable', `${description}: this user may not talk to the Docker daemon`, {
          cause: error,
          hint: 'run as root or as a member of the group docker',
        });
      default: {
        const mapped = networkError(error, base, undefined);
        return mapped instanceof SourceError
          ? new SourceError('unreachable', `${description}: ${mapped.message}`, {
              cause: error,
              ...(mapped.hint !== undefined && { hint: mapped.hint }),
            })
          : mapped;
      }
    }
  }

  async #get(
    path: string,
    what: string,
    signal: AbortSignal | undefined,
    answerTimeout?: number,
  ): Promise<Response> {
    const response = await this.#send(`${this.#prefix}${path}`, signal, answerTimeout);
    if (response.status === 200) return response;
    const body = await readBody(response, DOCUMENT_MAX).catch(() => undefined);
    const parsed = v.safeParse(errorBody, Buffer.from(body ?? '').toString('utf8'));
    const said = parsed.success ? ` (${escapeControls(parsed.output.message.slice(0, 200))})` : '';
    throw response.status === 404
      ? new SourceError('not-found', `${what}: the daemon has no such image${said}`, {
          hint: 'list its images with: docker image ls',
        })
      : new SourceError('unreachable', `${what}: the daemon answered with status ${response.status}${said}`);
  }

  async #send(path: string, signal: AbortSignal | undefined, answerTimeout?: number): Promise<Response> {
    const { base, connection } = this.#address;
    try {
      return await exchange(
        new URL(path, base),
        { method: 'GET', headers: {}, signal, ...(answerTimeout !== undefined && { answerTimeout }) },
        // A connection of its own for each request, so that none is left open.
        { ...connection, agent: false },
      );
    } catch (error) {
      throw this.networkError(error);
    }
  }
}
