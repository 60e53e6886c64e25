import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { HostDirectory } from '../host/host.ts';
import {
  HIDDEN,
  NEW_LINK_SUFFIX,
  PARTIAL_RECORD_SUFFIX,
  PARTIAL_SUFFIX,
  PROFILES,
  removedImage,
} from './layout.ts';
import { leadsToImage } from './store-contents.ts';

/**
 * Finishes and clears away what an agent left that was interrupted: removals that had begun, and links that did not get their
 * place. Called with the store's lock.
 */
export function sweepStore(directory: HostDirectory, kind: ExtensionKind): void {
  const names = directory.list();
  for (const profile of PROFILES) {
    if (directory.status(profile)?.kind !== 'directory') continue;
    using links = directory.openDirectory(profile);
    if (links === undefined) continue;
    let changed = false;
    for (const name of links.list()) {
      const isLeft = name.startsWith(HIDDEN) && name.endsWith(NEW_LINK_SUFFIX);
      if (isLeft && links.status(name)?.kind === 'symlink') changed = links.unlink(name) || changed;
    }
    for (const marker of names) {
      const fileName = removedImage(marker);
      if (fileName === undefined || names.includes(fileName)) continue;
      if (!leadsToImage(readLink(links, fileName), fileName, kind)) continue;
      changed = links.unlink(fileName) || changed;
    }
    if (changed) links.sync();
  }
  // Only when no link is left that an image of the same name would revive.
  for (const name of names) {
    if (removedImage(name) !== undefined && directory.status(name)?.kind === 'file') directory.unlink(name);
  }
}

/** Milliseconds that an interrupted download is kept for, so that it can go on. */
const PARTIAL_AGE_MAX = 24 * 60 * 60 * 1000;

/**
 * Clears away partial images that nobody is downloading: those that cannot be gone on with, and those that nobody went on with
 * for a day. Called with the store's lock.
 */
export async function sweepPartials(directory: HostDirectory, now: Date): Promise<void> {
  const names = directory.list().filter((name) => name.startsWith(HIDDEN));
  for (const name of names) {
    if (name.endsWith(PARTIAL_RECORD_SUFFIX)) {
      const partial = name.slice(0, -PARTIAL_RECORD_SUFFIX.length) + PARTIAL_SUFFIX;
      if (!names.includes(partial)) directory.unlink(name);
      continue;
    }
    const status = name.endsWith(PARTIAL_SUFFIX) ? directory.status(name) : undefined;
    // What is no file was put there by somebody else, and stands in the way of nothing but that one download.
    if (status?.kind !== 'file') continue;
    const record = name.slice(0, -PARTIAL_SUFFIX.length) + PARTIAL_RECORD_SUFFIX;
    const age = now.getTime() - status.modified;
    if (names.includes(record) && age >= 0 && age < PARTIAL_AGE_MAX) continue;
    using lock = await directory.lock(name, 0);
    if (lock === undefined) continue;
    directory.unlink(record);
    directory.unlink(name);
  }
}

function readLink(links: HostDirectory, name: string): string | undefined {
  return links.status(name)?.kind === 'symlink' ? links.readLink(name) : undefined;
}
