import { createHash } from 'node:crypto';
import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import { CodedError } from '../base/error.ts';
import type { ByteSource } from '../image/byte-source.ts';
import { CONFEXT, type ExtensionKind, SYSEXT } from '../image/extension/kind.ts';
import { NodeError } from '../node/error.ts';
import type { Host, HostDirectory } from '../node/host/host.ts';
import { systemError } from '../node/host/system-error.ts';
import { sameContent } from '../node/lifecycle/same-content.ts';
import { imageFileNameProblem } from '../node/store/image-file-name.ts';
import { newLinkName, type Profile, partialName, profileLinkTarget } from '../node/store/layout.ts';
import { Store } from '../node/store/store.ts';
import { keepsReleaseName, keptApartNames } from './kept-apart-name.ts';
import type { TimeLimit } from './time-limit.ts';

/** Where the EFI system partition may be mounted, those first that are asked first. */
const ESP_DIRECTORIES: readonly ByteString[] = ['/efi', '/boot/efi', '/boot'];
/** Where installers put images, beside the unified kernel images that are to use them. */
const PROFILES: readonly Profile[] = ['active', 'passive'];
const directoryOf = (esp: ByteString, profile: Profile): ByteString =>
  `${esp}/EFI/kairos/${profile}.efi.extra.d`;

/** Bytes that are copied at once. */
const PIECE = 1024 * 1024;
/** Bytes that are left free beside a copy. */
const SPARE = 16 * 1024 * 1024;
/** File systems whose files are gone with the next boot (linux/magic.h): tmpfs, ramfs, and overlays, which are over one. */
const VOLATILE = new Set([0x01021994, 0x858458f6, 0x794c7630]);

/** What became of an image beside a unified kernel image. */
export interface Migrated {
  readonly from: ByteString;
  /**
   * `moved` into the store; `shared` with an image there of the same content; `kept-apart` under another name from one of
   * other content; `left` where it is.
   */
  readonly outcome: 'moved' | 'shared' | 'kept-apart' | 'left';
  /** The image in the store; undefined where it was left. */
  readonly file: ByteString | undefined;
  /** Why it was left: a sentence without the final full stop. */
  readonly reason: string | undefined;
}

/**
 * Moves images that an installer put on the EFI system partition into the store, and enables each for the profile beside whose
 * unified kernel image it was. An image leaves its old place last of all, once everything else is durable; done again, whatever
 * was done before is found done.
 */
export async function migrate(system: Host, limit: TimeLimit): Promise<Migrated[]> {
  const done: Migrated[] = [];
  for (const esp of ESP_DIRECTORIES) {
    for (const profile of PROFILES) {
      const path = directoryOf(esp, profile);
      try {
        using directory = system.openDirectory(path);
        for (const name of directory?.list() ?? []) {
          const kind = [SYSEXT, CONFEXT].find(({ suffix }) => name.endsWith(suffix));
          if (directory === undefined || kind === undefined) continue;
          done.push(
            await attempt(`${path}/${name}`, () => move(system, directory, name, { kind, profile, limit })),
          );
        }
      } catch (error) {
        done.push(left(path, error));
      }
    }
  }
  return done;
}

type Outcome = Pick<Migrated, 'outcome' | 'file'>;

async function attempt(from: ByteString, action: () => Promise<Outcome>): Promise<Migrated> {
  try {
    return { from, reason: undefined, ...(await action()) };
  } catch (error) {
    return left(from, error);
  }
}

function left(from: ByteString, error: unknown): Migrated {
  // Errors of reading have no path of their own, and a file that becomes shorter meanwhile is an ImageError.
  const known = systemError('read', from, error);
  if (!(known instanceof CodedError)) throw error;
  return { from, outcome: 'left', file: undefined, reason: known.message };
}

interface Destination {
  readonly kind: ExtensionKind;
  readonly profile: Profile;
  readonly limit: TimeLimit;
}

async function move(
  system: Host,
  directory: HostDirectory,
  name: ByteString,
  { kind, profile, limit }: Destination,
): Promise<Outcome> {
  const problem = imageFileNameProblem(name, kind);
  if (problem !== undefined) {
    throw new NodeError('bad-name', `${displayName(name)} cannot be the name of an image: ${problem}`);
  }
  using reader = directory.openFile(name);
  if (reader === undefined) throw new NodeError('not-found', 'it is not there any more');
  using store = await Store.open(system, kind);
  if (system.isRunning && VOLATILE.has(store.directory.fileSystem())) {
    throw new NodeError(
      'io',
      `${store.directory.path} is in memory: the persistent partition is not mounted there`,
    );
  }
  const content = limit.limited(reader.content);
  const outcome = await limit.within(place(store, content, name, limit));
  enable(store, outcome.file, name, profile);
  directory.unlink(name);
  directory.sync();
  return outcome;
}

type Placed = Outcome & { readonly file: ByteString };

/** Sees to it that the store has an image of this content. */
async function place(store: Store, content: ByteSource, name: ByteString, limit: TimeLimit): Promise<Placed> {
  const kept = await isKept(store, name, content, limit);
  if (kept === undefined) return copy(store, content, name, 'moved', limit);
  if (kept) return { outcome: 'shared', file: name };
  for (const other of keptApartNames(name, store.kind, await digestOf(content))) {
    const isThere = await isKept(store, other, content, limit);
    if (isThere === undefined) return copy(store, content, other, 'kept-apart', limit);
    if (isThere) return { outcome: 'shared', file: other };
  }
  throw new NodeError('exists', 'the store has other images of all names that it could get');
}

/** Whether the store has this content under a name; undefined where it has nothing of that name. */
async function isKept(
  store: Store,
  name: ByteString,
  content: ByteSource,
  limit: TimeLimit,
): Promise<boolean | undefined> {
  if (store.directory.status(name) === undefined) return undefined;
  using reader = store.directory.openFile(name);
  return reader && (await sameContent(content, limit.limited(reader.content)));
}

async function copy(
  store: Store,
  content: ByteSource,
  name: ByteString,
  outcome: Outcome['outcome'],
  limit: TimeLimit,
): Promise<Placed> {
  const free = store.directory.freeSpace();
  if (free < content.size + SPARE) {
    throw new NodeError('no-space', `the store has ${free} bytes free, too few for ${content.size} bytes`);
  }
  const partial = partialName(name);
  try {
    await using writer = store.directory.openWriter(partial, { existing: false });
    for (let offset = 0; offset < content.size; offset += PIECE) {
      limit.check();
      await writer.write(await content.read(offset, Math.min(PIECE, content.size - offset)));
    }
    writer.publish();
    await writer.sync();
  } catch (error) {
    store.directory.unlink(partial);
    throw error;
  }
  store.add(partial, name);
  return { outcome, file: name };
}

async function digestOf(content: ByteSource): Promise<string> {
  const digest = createHash('sha256');
  for (let offset = 0; offset < content.size; offset += PIECE) {
    digest.update(await content.read(offset, Math.min(PIECE, content.size - offset)));
  }
  return digest.digest('hex');
}

/**
 * Enables an image for a profile. One that got another name, and would not be found by its release file under that, is linked
 * by the name that it had: systemd goes by the name of the link.
 */
function enable(store: Store, file: ByteString, name: ByteString, profile: Profile): void {
  if (file === name || keepsReleaseName(name, store.kind)) {
    store.enable(file, profile);
    return;
  }
  using links = store.directory.openDirectory(profile, { create: true });
  const target = profileLinkTarget(file);
  const status = links?.status(name);
  if (links === undefined || (status?.kind === 'symlink' && links.readLink(name) === target)) return;
  if (status !== undefined) {
    throw new NodeError(
      'exists',
      `${displayName(name)} is enabled for the profile ${profile} with other content`,
      {
        hint: 'disable it, and boot again',
      },
    );
  }
  const made = newLinkName(name);
  links.unlink(made);
  links.symlink(target, made);
  links.rename(made, name);
  links.sync();
}
