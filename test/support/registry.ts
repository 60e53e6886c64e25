import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accepts } from './connect.ts';
import type { KeyPair } from './key-pair.ts';
import { mustRun } from './run-command.ts';
import { freePort, startProcess } from './server-process.ts';

/** A docker-registry on this machine, empty at first. */
export interface Registry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:PORT` or `https://…`. */
  readonly url: string;
  /** The file in which it keeps a blob. */
  blobFile(digest: string): string;
  /** What it has logged so far. */
  readonly log: () => string;
  /** Stops it and removes what it kept. */
  stop(): Promise<void>;
}

/** How a registry is set up; plain HTTP for everybody where nothing is said. */
export interface RegistryOptions {
  readonly tls?: KeyPair;
  /** Certificate authorities of the clients let in. */
  readonly clientAuthority?: string;
  /** The one user and password let in, by basic authentication. */
  readonly user?: { readonly name: string; readonly password: string };
  /** The token server, and the certificate by which its tokens are checked. */
  readonly tokens?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly certificate: string;
  };
}

/** Starts a registry (Debian package docker-registry) and waits until it accepts connections. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const directory = mkdtempSync(join(tmpdir(), 'registry-'));
  const port = await freePort();
  const storage = join(directory, 'storage');
  const auth = await authentication(options, directory);
  // The configuration is YAML, of which JSON is a part.
  const configuration = {
    version: '0.1',
    log: { accesslog: { disabled: false }, level: 'info' },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: {
      addr: `127.0.0.1:${port}`,
      ...(options.tls && {
        tls: {
          certificate: options.tls.certificate,
          key: options.tls.key,
          ...(options.clientAuthority && { clientcas: [options.clientAuthority] }),
        },
      }),
    },
    ...(auth && { auth }),
  };
  const file = join(directory, 'config.yml');
  writeFileSync(file, JSON.stringify(configuration));
  const server = await startProcess('docker-registry', ['serve', file], () => accepts({ port }), {
    OTEL_TRACES_EXPORTER: 'none',
  });
  return {
    host: `127.0.0.1:${port}`,
    port,
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    blobFile(digest) {
      const [algorithm = '', hex = ''] = digest.split(':');
      return join(storage, 'docker/registry/v2/blobs', algorithm, hex.slice(0, 2), hex, 'data');
    },
    log: server.log,
    async stop() {
      await server.stop();
      rmSync(directory, { recursive: true });
    },
  };
}

async function authentication(options: RegistryOptions, directory: string): Promise<object | undefined> {
  if (options.user !== undefined) {
    const path = join(directory, 'htpasswd');
    const { name, password } = options.user;
    writeFileSync(path, (await mustRun('htpasswd', ['-Bbn', name, password])).stdout);
    return { htpasswd: { realm: 'test', path } };
  }
  if (options.tokens === undefined) return undefined;
  const { certificate, ...rest } = options.tokens;
  return { token: { ...rest, rootcertbundle: certificate } };
}
