import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, getCACertificates, type SecureContextOptions } from 'node:tls';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';

/** Most files in a directory of certificates, and most bytes in one. */
const FILES_MAX = 100;

/**
 * What TLS connections to a host are made with: the authorities of Node and NODE_EXTRA_CA_CERTS, those of the machine
 * (SSL_CERT_FILE and SSL_CERT_DIR name others), and what the directory HOST of a `certs.d` has for this host alone:
 * `*.crt` authorities, `NAME.cert` and `NAME.key` client certificates (containers-certs.d(5)).
 *
 * @param further Authorities besides, PEM.
 * @throws SourceError `unreadable` for a client certificate without its key, or a file that cannot be read.
 */
export async function hostTlsOptions(
  host: string,
  environment: NodeJS.ProcessEnv,
  further: readonly Buffer[] = [],
): Promise<SecureContextOptions & { secureContext?: ReturnType<typeof createSecureContext> }> {
  const authorities: Buffer[] = [...further];
  const clients: { cert: Buffer; key: Buffer }[] = [];
  for (const parent of certificateDirectories(environment)) {
    const directory = join(parent, host);
    const names = (await listing(directory)).sort().slice(0, FILES_MAX);
    for (const name of names) {
      const path = join(directory, name);
      if (name.endsWith('.crt')) authorities.push(await contents(path));
      if (!name.endsWith('.cert')) continue;
      const key = name.replace(/cert$/, 'key');
      if (!names.includes(key)) {
        throw new SourceError(
          'unreadable',
          `${escapeControls(path)}: its key, ${escapeControls(key)}, is not beside it`,
        );
      }
      clients.push({ cert: await contents(path), key: await contents(join(directory, key)) });
    }
  }
  if (authorities.length === 0 && clients.length === 0) return { secureContext: commonContext() };
  return {
    ca: [...commonAuthorities(), ...authorities],
    ...(clients.length > 0 && { cert: clients.map(({ cert }) => cert), key: clients.map(({ key }) => key) }),
  };
}

let context: ReturnType<typeof createSecureContext> | undefined;

/** Made once, since reading the authorities takes longer than a connection. */
function commonContext(): ReturnType<typeof createSecureContext> {
  context ??= createSecureContext({ ca: commonAuthorities() });
  return context;
}

function commonAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

function certificateDirectories({ HOME, XDG_CONFIG_HOME }: NodeJS.ProcessEnv): string[] {
  const config = XDG_CONFIG_HOME || join(HOME || homedir(), '.config');
  return ['/etc/docker/certs.d', '/etc/containers/certs.d', join(config, 'containers/certs.d')];
}

async function listing(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    // Most hosts have none, and a user may not be allowed to look into root's.
    if (error instanceof Error && 'code' in error && /^(ENOENT|ENOTDIR|EACCES)$/.test(String(error.code)))
      return [];
    throw error;
  }
}

async function contents(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new SourceError('unreadable', `${escapeControls(path)}: this certificate or key cannot be read`, {
      cause: error,
      hint: 'run as a user who may read it',
    });
  }
}
