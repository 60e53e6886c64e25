import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';
import type { Configuration } from './configuration.ts';
import type { WrittenConfiguration } from './schema.ts';

const FILE = '/etc/kairos/sysext.yaml';
/** Directories of cloud-config files, those first that others win over. */
const FRAGMENT_DIRECTORIES = ['/oem', '/usr/local/cloud-config'];
const FRAGMENT_KEY = 'sysext';
const FILE_MAX = 1024 * 1024;

/**
 * Reads the configuration of a machine: the `sysext:` keys of its cloud-config files, in the order of their names, and then
 * /etc/kairos/sysext.yaml. What comes later wins; certificates add up. What is set nowhere is left to systemd and to defaults.
 *
 * @throws NodeError ('configuration') that says where and what is wrong.
 */
export async function readConfiguration(host: Host): Promise<Configuration> {
  const parts: { readonly source: ByteString; readonly written: WrittenConfiguration }[] = [];
  for (const [source, bytes, key] of configurationFiles(host)) {
    // Most machines have none, and need not load what parses it.
    const { parseConfiguration } = await import('./parse-configuration.ts');
    const written = parseConfiguration(bytes, source, key);
    if (written !== undefined) parts.push({ source, written });
  }
  return merge(parts);
}

function* configurationFiles(
  host: Host,
): Generator<[source: ByteString, bytes: Uint8Array, key: string | undefined]> {
  for (const path of FRAGMENT_DIRECTORIES) {
    using directory = host.openDirectory(path);
    for (const name of directory?.list() ?? []) {
      if (!/\.ya?ml$/.test(name)) continue;
      const source = `${path}/${name}`;
      const bytes = readFile(host, source);
      // Looked for before anything is parsed: these files are mostly about other things.
      if (bytes !== undefined && Buffer.from(bytes).includes(`${FRAGMENT_KEY}:`))
        yield [source, bytes, FRAGMENT_KEY];
    }
  }
  const bytes = readFile(host, FILE);
  if (bytes !== undefined) yield [FILE, bytes, undefined];
}

function readFile(host: Host, path: ByteString): Uint8Array | undefined {
  try {
    return host.readFile(path, FILE_MAX);
  } catch (cause) {
    if (!(cause instanceof NodeError)) throw cause;
    throw new NodeError('configuration', `${displayName(path)}: ${cause.message}`, {
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
