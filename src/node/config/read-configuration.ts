import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';
import { errorCode } from '../host/system-error.ts';
import type { Configuration } from './configuration.ts';
import type { WrittenConfiguration } from './schema.ts';

const FILE = '/etc/kairos/sysext.yaml';
/** Directories of cloud-config files, those first that others win over. */
const FRAGMENT_DIRECTORIES = ['/oem', '/usr/local/cloud-config'];
const FRAGMENT_KEY = 'sysext';
/** The key as it may be written, quoted or not. */
const WRITTEN_KEY = new RegExp(`${FRAGMENT_KEY}["']?\\s*:`);
const FILE_MAX = 1024 * 1024;

/**
 * Reads the configuration of a machine: the `sysext:` keys of its cloud-config files, in the order of their names, and then
 * /etc/kairos/sysext.yaml. What comes later wins; certificates add up. What is set nowhere is left to systemd and to defaults.
 *
 * @param onForbidden Told of files and directories that this user may not read, which are then passed over: for who only shows
 * what there is. An error if absent.
 * @throws NodeError ('configuration') that says where and what is wrong.
 */
export async function readConfiguration(host: Host, onForbidden?: OnForbidden): Promise<Configuration> {
  const parts: { readonly source: ByteString; readonly written: WrittenConfiguration }[] = [];
  for (const [source, bytes, key] of configurationFiles(host, onForbidden)) {
    // Most machines have none, and need not load what parses it.
    const { parseConfiguration } = await import('./parse-configuration.ts');
    const written = parseConfiguration(bytes, source, key);
    if (written !== undefined) parts.push({ source, written });
  }
  return merge(parts);
}

/** Told of what this user may not read. */
export type OnForbidden = (path: ByteString) => void;

function* configurationFiles(
  host: Host,
  onForbidden: OnForbidden | undefined,
): Generator<[source: ByteString, bytes: Uint8Array, key: string | undefined]> {
  for (const path of FRAGMENT_DIRECTORIES) {
    for (const name of attempt(path, onForbidden, () => namesIn(host, path)) ?? []) {
      if (!/\.ya?ml$/.test(name)) continue;
      const source = `${path}/${name}`;
      const bytes = attempt(source, onForbidden, () => host.readFile(source, FILE_MAX));
      // Looked for before anything is parsed: these files are mostly about other things.
      if (bytes !== undefined && WRITTEN_KEY.test(byteString(bytes))) yield [source, bytes, FRAGMENT_KEY];
    }
  }
  const bytes = attempt(FILE, onForbidden, () => host.readFile(FILE, FILE_MAX));
  if (bytes !== undefined) yield [FILE, bytes, undefined];
}

function namesIn(host: Host, path: ByteString): ByteString[] {
  using directory = host.openDirectory(path);
  return directory?.list() ?? [];
}

/** Reads something of the configuration; undefined where it is forbidden, and somebody is told. */
function attempt<T>(path: ByteString, onForbidden: OnForbidden | undefined, read: () => T): T | undefined {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof NodeError)) throw cause;
    if (onForbidden !== undefined && errorCode(cause) === 'EACCES') {
      onForbidden(path);
      return undefined;
    }
    throw new NodeError('configuration', cause.message, {
      cause,
      ...(cause.hint !== undefined && { hint: cause.hint }),
    });
  }
}

function merge(
  parts: readonly { readonly source: ByteString; readonly written: WrittenConfiguration }[],
): Configuration {
  const last = <K extends keyof WrittenConfiguration>(key: K): WrittenConfiguration[K] | undefined =>
    parts.findLast(({ written }) => written[key] !== undefined)?.written[key];
  const certificates = parts.flatMap(({ source, written }) =>
    (written.certificates ?? []).map((text) => ({ text, source: displayName(source) })),
  );
  const proxy = last('proxy');
  return {
    certificateFiles: certificates.filter(({ text }) => text.startsWith('/')).map(({ text }) => text),
    certificates: certificates
      .filter(({ text }) => !text.startsWith('/'))
      .map(({ text, source }) => ({ pem: text, source })),
    requireSignatures: last('require_signatures') ?? false,
    imagePolicy: last('image_policy'),
    hierarchies: last('hierarchies'),
    mutable: last('mutable'),
    proxy: proxy && { http: proxy.http, https: proxy.https, no: proxy.no },
    caFile: last('ca_file'),
    downloadLimit: last('download_limit'),
    bootTimeout: last('boot_timeout'),
  };
}
