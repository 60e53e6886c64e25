import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from './run-command.ts';

/** How the registry is run; with nothing given it speaks plain http and lets everybody in. */
export interface RegistryOptions {
  /** Paths of PEM files: speak https with this certificate. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Ask for this user with Basic authentication. */
  readonly htpasswd?: { readonly user: string; readonly password: string };
  /** Ask for a token of this server, signed with this certificate (a PEM file's path); service and issuer are `registry`. */
  readonly token?: { readonly realm: string; readonly certificate: string };
}

/** A registry that runs. */
export interface Registry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Its temporary directory; blobs are below `data`. */
  readonly directory: string;
  /** Ends it and removes the directory. */
  stop(): Promise<void>;
}

/** Starts Debian's docker-registry with an empty store, on a free port of 127.0.0.1. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), 'registry-'));
  const configuration = join(directory, 'config.yml');
  // JSON is YAML too.
  await writeFile(configuration, JSON.stringify(await configure(options, directory)));
  const child = spawn('docker-registry', ['serve', configuration], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill();
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    return { host: await listeningAddress(child.stderr), directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function configure({ tls, htpasswd, token }: RegistryOptions, directory: string): Promise<object> {
  const passwords = join(directory, 'htpasswd');
  if (htpasswd !== undefined) {
    await mustRun('htpasswd', ['-cbB', passwords, htpasswd.user, htpasswd.password]);
  }
  return {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    http: {
      addr: '127.0.0.1:0',
      ...(tls === undefined ? {} : { tls: { certificate: tls.certificate, key: tls.key } }),
    },
    auth: {
      ...(htpasswd === undefined ? {} : { htpasswd: { realm: 'registry', path: passwords } }),
      ...(token === undefined
        ? {}
        : {
            token: {
              realm: token.realm,
              service: 'registry',
              issuer: 'registry',
              rootcertbundle: token.certificate,
            },
          }),
    },
  };
}

/** The port is the kernel's choice, so the log is where it is said. Reading goes on, lest the pipe fill. */
function listeningAddress(log: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const collect = (chunk: Buffer) => {
      text += chunk;
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(text)?.[1];
      if (address === undefined) return;
      log.off('data', collect).resume();
      resolve(address);
    };
    log.on('data', collect);
    log.on('end', () => reject(new Error(`docker-registry did not start:\n${text}`)));
  });
}
