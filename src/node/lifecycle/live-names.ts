import type { ByteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { Host } from '../host/host.ts';
import { readExtensionMounts } from '../machine/extension-mounts.ts';
import { defaultHierarchies, type MergedHierarchy, mergedNames, readMerged } from '../machine/merged.ts';

/** What is merged over any hierarchy. Starts no program: what is mounted tells it, not systemd. */
export function readLive(host: Host, kind: ExtensionKind): MergedHierarchy[] {
  const mounts = readExtensionMounts(host, kind);
  const hierarchies = [...defaultHierarchies(kind), ...mounts.map(({ hierarchy }) => hierarchy)];
  return readMerged(host, kind, [...new Set(hierarchies)])
    .filter(({ names }) => names !== undefined)
    .map((merged) => ({
      ...merged,
      // An upper directory that is gone with the merge leaves no mark.
      isMutable:
        merged.isMutable ||
        mounts.some(({ hierarchy, isMutable }) => isMutable && hierarchy === merged.hierarchy),
    }));
}

/** The names of the extensions that are merged. */
export function readLiveNames(host: Host, kind: ExtensionKind): ByteString[] {
  return mergedNames(readLive(host, kind));
}
