import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';

/** Where a Docker daemon listens. */
export interface DaemonAddress {
  /** As DOCKER_HOST writes it, for messages. */
  readonly description: string;
  /** Of its API. */
  readonly base: URL;
  /** What node:http needs to connect: the path of the socket, or certificates. */
  readonly connection: RequestOptions;
}

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

const dockerConfig = v.object({ currentContext: v.optional(v.nullable(v.string())) });
const contextMeta = v.object({
  Endpoints: v.object({ docker: v.object({ Host: v.pipe(v.string(), v.minLength(1)) }) }),
});

/**
 * The daemon that the docker command would talk to: DOCKER_HOST with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, else the
 * context that DOCKER_CONTEXT or Docker's config.json names, else the usual socket.
 *
 * @throws SourceError `unsupported` for transports other than unix and tcp, `unreadable` for a context that is not there.
 */
export async function findDaemon(environment: NodeJS.ProcessEnv): Promise<DaemonAddress> {
  const { DOCKER_HOST, DOCKER_CONTEXT, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH } = environment;
  const directory = environment.DOCKER_CONFIG || join(environment.HOME || homedir(), '.docker');
  if (DOCKER_HOST) {
    const usesTls = Boolean(DOCKER_TLS_VERIFY || DOCKER_CERT_PATH);
    return addressOf(DOCKER_HOST, 'DOCKER_HOST', usesTls ? DOCKER_CERT_PATH || directory : undefined);
  }
  const context = DOCKER_CONTEXT || (await currentContext(directory));
  if (context === undefined || context === 'default') {
    return addressOf(DEFAULT_HOST, 'the default', undefined);
  }
  // The docker command keeps a context under the digest of its name (docker/cli, cli/context/store).
  const id = createHash('sha256').update(context).digest('hex');
  const origin = `the Docker context '${escapeControls(context)}'`;
  const meta = await readJson(join(directory, 'contexts/meta', id, 'meta.json'), contextMeta);
  if (meta === undefined) {
    throw new SourceError(
      'unreadable',
      `${origin}: there is none of that name under ${escapeControls(directory)}`,
      {
        hint: 'list them with: docker context ls',
      },
    );
  }
  const host = meta.Endpoints.docker.Host;
  const certificates = join(directory, 'contexts/tls', id, 'docker');
  const usesTls = (await optionalFile(join(certificates, 'ca.pem'))) !== undefined;
  return addressOf(host, origin, usesTls ? certificates : undefined);
}

/** @param certificates The directory of ca.pem, cert.pem and key.pem; undefined to do without TLS. */
async function addressOf(
  host: string,
  origin: string,
  certificates: string | undefined,
): Promise<DaemonAddress> {
  const description = escapeControls(host);
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(host) ?? [];
  if (scheme === 'unix') {
    const socketPath = rest === '' ? DEFAULT_HOST.slice('unix://'.length) : rest;
    return { description, base: new URL('http://docker/'), connection: { socketPath } };
  }
  if (!['tcp', 'http', 'https'].includes(scheme)) {
    const remedy = scheme === 'ssh' ? '; forward its socket with ssh -L and name that' : '';
    throw new SourceError('unsupported', `${origin} is '${description}', which this program cannot reach`, {
      hint: `use a unix:// or tcp:// address in DOCKER_HOST${remedy}`,
    });
  }
  const usesTls = certificates !== undefined || scheme === 'https';
  const base = URL.parse(`${usesTls ? 'https' : 'http'}://${rest}`);
  if (base === null || base.hostname === '' || base.username !== '') {
    throw new SourceError('bad-reference', `${origin} is '${description}', which is no address`, {
      hint: 'write tcp://HOST:PORT',
    });
  }
  if (base.port === '' && !/:\d+$/.test(rest)) base.port = String(usesTls ? TLS_PORT : PLAIN_PORT);
  const connection = certificates === undefined ? {} : await certificateOptions(certificates);
  return { description, base, connection };
}

async function certificateOptions(directory: string): Promise<RequestOptions> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => optionalFile(join(directory, name))),
  );
  return { ...(ca && { ca }), ...(cert && key && { cert, key }) };
}

async function currentContext(directory: string): Promise<string | undefined> {
  const config = await readJson(join(directory, 'config.json'), dockerConfig);
  return config?.currentContext || undefined;
}

async function readJson<T>(path: string, schema: v.GenericSchema<unknown, T>): Promise<T | undefined> {
  const bytes = await optionalFile(path);
  if (bytes === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), bytes.toString('utf8'));
  if (parsed.success) return parsed.output;
  throw new SourceError('unreadable', `${escapeControls(path)}: it is not what the docker command writes`, {
    hint: 'correct it, or set DOCKER_HOST',
  });
}

async function optionalFile(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new SourceError('unreadable', `${escapeControls(path)}: it cannot be read`, { cause: error });
  }
}
