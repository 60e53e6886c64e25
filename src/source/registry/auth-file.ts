import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { escapeControls } from '../../base/display.ts';
import { withoutTrailing } from '../../base/without-trailing.ts';
import { SourceError } from '../error.ts';
import { type Credentials, credentialHosts } from './credentials.ts';

/** Most characters of a file; real ones have some hundred. */
const FILE_MAX = 4 * 1024 * 1024;

const text = v.optional(v.nullable(v.string()));
const entry = v.object({
  auth: text,
  username: text,
  password: text,
  identitytoken: text,
  registrytoken: text,
});
const authFile = v.object({
  auths: v.optional(v.nullable(v.record(v.string(), v.nullable(entry)))),
  credHelpers: v.optional(v.nullable(v.record(v.string(), v.string()))),
  credsStore: text,
});

/** What is needed of Docker's config.json and of containers-auth.json(5). */
export interface AuthFile extends v.InferOutput<typeof authFile> {
  readonly path: string;
}

/** Where podman and its kin keep the logins of root when no session gives it a runtime directory (containers/image). */
const ROOT_AUTH_FILE = '/run/containers/0/auth.json';

/** The files that may hold credentials, the first asked first: those of podman and its kin, then Docker's. */
export function authFilePaths(environment: NodeJS.ProcessEnv): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG } = environment;
  if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE];
  const home = environment.HOME || homedir();
  const runtime = XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'containers/auth.json')] : [];
  return [
    // Other users cannot make a directory there, and may not even be allowed to look.
    ...(runtime.length === 0 && process.getuid?.() === 0 ? [ROOT_AUTH_FILE] : runtime),
    join(XDG_CONFIG_HOME || join(home, '.config'), 'containers/auth.json'),
    join(DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
  ];
}

/** Reads such a file; undefined if there is none. Throws a SourceError `unreadable` that never shows its content. */
export async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(
      path,
      'it cannot be read',
      'run as the user it belongs to, or name another in REGISTRY_AUTH_FILE',
    );
  }
  try {
    if (content.length > FILE_MAX) throw new RangeError('too large');
    return { ...v.parse(authFile, content.trim() === '' ? {} : JSON.parse(content)), path };
  } catch {
    // The cause stays away: parsers quote what they read, which is secret here.
    throw unreadable(
      path,
      'it is no JSON file of credentials',
      'make it again with docker login or podman login',
    );
  }
}

/**
 * The credentials that a file itself holds for a repository. Keys may be hosts, as Docker writes them also with scheme
 * and path, or hosts with a part of the repository's path, as podman does; the longest counts.
 */
export function storedCredentials(
  file: AuthFile,
  registry: string,
  repository: string,
): Credentials | undefined {
  const entries = new Map(Object.entries(file.auths ?? {}));
  const hosts = credentialHosts(registry);
  const components = repository.split('/');
  for (let length = components.length; length > 0; length--) {
    for (const host of hosts) {
      const found = credentialsOf(entries.get([host, ...components.slice(0, length)].join('/')), file.path);
      if (found !== undefined) return found;
    }
  }
  for (const [key, value] of entries) {
    if (!hosts.includes(hostOf(key))) continue;
    const found = credentialsOf(value, file.path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The host of a key, where the key stands for the whole host: `https://HOST/v1/`, `HOST/v2/`, `HOST`. */
function hostOf(key: string): string {
  const withoutScheme = key.replace(/^https?:\/\//, '');
  return withoutScheme === key ? key.replace(/\/(v[12]\/?)?$/, '') : withoutScheme.replace(/\/.*$/s, '');
}

/** Undefined for an empty entry, such as Docker leaves behind where a helper keeps the rest. */
function credentialsOf(
  value: v.InferOutput<typeof entry> | null | undefined,
  origin: string,
): Credentials | undefined {
  if (value === null || value === undefined) return undefined;
  if (value.registrytoken) return { kind: 'registry-token', token: value.registrytoken, origin };
  if (value.identitytoken) return { kind: 'identity-token', token: value.identitytoken, origin };
  if (value.username && value.password) {
    return { kind: 'password', username: value.username, password: value.password, origin };
  }
  if (!value.auth) return undefined;
  const decoded = Buffer.from(value.auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 1) {
    throw unreadable(
      origin,
      'an "auth" in it is not USER:PASSWORD in base 64',
      'make it again with docker login',
    );
  }
  // Docker pads what it writes with NUL bytes.
  const password = withoutTrailing(decoded.slice(colon + 1), '\0');
  return { kind: 'password', username: decoded.slice(0, colon), password, origin };
}

function unreadable(path: string, reason: string, hint: string): SourceError {
  return new SourceError('unreadable', `${escapeControls(path)}: ${reason}`, { hint });
}
