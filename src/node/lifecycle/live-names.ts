import type { ByteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { Host } from '../host/host.ts';
import { defaultHierarchies, type MergedHierarchy, mergedNames, readMerged } from '../machine/merged.ts';

/** The directories over which extensions may be merged on a Kairos node, where /usr as a whole is not. */
const KAIROS_HIERARCHIES: readonly ByteString[] = [
  ...['bin', 'sbin', 'include', 'lib', 'share', 'src'].map((name) => `/usr/local/${name}`),
  ...['bin', 'share', 'lib', 'include', 'src', 'sbin'].map((name) => `/usr/${name}`),
];

/**
 * What is merged over any hierarchy that a node may have. Starts no program, so that it does not ask systemd which they are.
 */
export function readLive(
  host: Host,
  kind: ExtensionKind,
  further: readonly ByteString[] = [],
): MergedHierarchy[] {
  const known = [...defaultHierarchies(kind), ...(kind.name === 'sysext' ? KAIROS_HIERARCHIES : [])];
  return readMerged(host, kind, [...new Set([...known, ...further])]).filter(
    ({ names }) => names !== undefined,
  );
}

/** The names of the extensions that are merged. */
export function readLiveNames(host: Host, kind: ExtensionKind): ByteString[] {
  return mergedNames(readLive(host, kind));
}
