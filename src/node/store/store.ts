import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';
import type { Host, HostDirectory } from '../host/host.ts';
import {
  LOCK_NAME,
  LOCK_WAIT,
  newLinkName,
  type Profile,
  profileLinkTarget,
  removedName,
  storePath,
} from './layout.ts';
import { leadsToImage, readContents, type StoreContents } from './store-contents.ts';
import { sweepPartials, sweepStore } from './sweep.ts';

/**
 * The store of a class, locked for changes. Every change is one rename or one removal of a link that is made durable, so
 * that after a power cut it happened or did not; what takes several is finished by whoever opens the store next.
 */
export class Store implements Disposable {
  readonly kind: ExtensionKind;
  /** Where images are written before they have their name. */
  readonly directory: HostDirectory;
  readonly #lock: Disposable;

  private constructor(kind: ExtensionKind, directory: HostDirectory, lock: Disposable) {
    this.kind = kind;
    this.directory = directory;
    this.#lock = lock;
  }

  /**
   * Opens the store of a class for changes, makes it if need be, waits for whoever is changing it, and clears away what an
   * agent left that was interrupted.
   *
   * @throws NodeError ('busy', 'io', 'unsafe-path', 'unsupported').
   */
  static async open(host: Host, kind: ExtensionKind): Promise<Store> {
    const directory = openStoreDirectory(host, kind);
    try {
      const lock = await directory.lock(LOCK_NAME, LOCK_WAIT);
      if (lock === undefined) {
        throw new NodeError('busy', `another kairos-agent has been changing ${directory.path} for too long`, {
          hint: 'wait until it is done, or find out what it waits for',
        });
      }
      try {
        sweepStore(directory, kind);
        await sweepPartials(directory, host.now());
        return new Store(kind, directory, lock);
      } catch (error) {
        lock[Symbol.dispose]();
        throw error;
      }
    } catch (error) {
      directory[Symbol.dispose]();
      throw error;
    }
  }

  /** What is in the store now. */
  contents(): StoreContents {
    return readContents(this.directory, this.kind);
  }

  /**
   * Gives a file of {@link directory}, complete and durable, the name of an image, replacing the image that had it. Who uses
   * that one keeps it.
   */
  add(partial: ByteString, fileName: ByteString): void {
    this.directory.rename(partial, fileName);
    this.directory.sync();
  }

  /** Checks that an image can be enabled or disabled for a profile. Throws a NodeError 'unsafe-path' for what somebody else put there. */
  checkReplaceable(fileName: ByteString, profile: Profile): void {
    using links = this.#openProfile(profile, { create: false });
    if (links !== undefined) this.#checkReplaceable(links, fileName);
  }

  /** Enables an image for a profile. */
  enable(fileName: ByteString, profile: Profile): void {
    using links = this.#openProfile(profile, { create: true })!;
    this.#checkReplaceable(links, fileName);
    const made = newLinkName(fileName);
    links.unlink(made);
    links.symlink(profileLinkTarget(fileName), made);
    try {
      links.rename(made, fileName);
    } catch (error) {
      links.unlink(made);
      throw error;
    }
    links.sync();
  }

  /** Disables an image for a profile. Returns whether it was enabled. */
  disable(fileName: ByteString, profile: Profile): boolean {
    using links = this.#openProfile(profile, { create: false });
    if (links === undefined) return false;
    this.#checkReplaceable(links, fileName);
    const wasThere = links.unlink(fileName);
    links.sync();
    return wasThere;
  }

  /** Removes an image and its links. It is gone from the first rename on; the rest is done now or by who comes next. */
  remove(fileName: ByteString): void {
    this.directory.rename(fileName, removedName(fileName));
    this.directory.sync();
    sweepStore(this.directory, this.kind);
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
    this.directory[Symbol.dispose]();
  }

  #openProfile(profile: Profile, options: { readonly create: boolean }): HostDirectory | undefined {
    const status = this.directory.status(profile);
    if (status !== undefined && status.kind !== 'directory') {
      throw new NodeError(
        'unsafe-path',
        `${displayName(this.directory.path)}/${profile}: it is no directory, so it was not made by kairos-agent`,
        { hint: 'find out who put it there, and remove it' },
      );
    }
    return this.directory.openDirectory(profile, options);
  }

  /** Nothing that somebody else put into a profile is taken away. */
  #checkReplaceable(links: HostDirectory, fileName: ByteString): void {
    const status = links.status(fileName);
    if (status === undefined) return;
    if (status.kind === 'symlink' && leadsToImage(links.readLink(fileName), fileName, this.kind)) return;
    throw new NodeError(
      'unsafe-path',
      `${displayName(`${links.path}/${fileName}`)}: it is not a link that kairos-agent made`,
      { hint: 'find out who put it there, and remove it' },
    );
  }
}

/** The directory of a class's store, made if need be. Links above it are followed, it itself is none. */
export function openStoreDirectory(host: Host, kind: ExtensionKind): HostDirectory {
  const path = storePath(kind);
  const slash = path.lastIndexOf('/');
  using parent = host.openDirectory(path.slice(0, slash), { create: true });
  const directory = parent?.openDirectory(path.slice(slash + 1), { create: true });
  if (directory === undefined) throw new NodeError('io', `${displayName(path)}: it was removed meanwhile`);
  return directory;
}
