import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';
import type { Host, HostDirectory } from '../host/host.ts';
import type { Profile } from '../store/layout.ts';
import { HIDDEN, newLinkName, PROFILES, runLinkTarget, runPath, storePath } from '../store/layout.ts';
import type { RunLink } from './plan.ts';

/** A link in /run that leads to an image of the store, and that image. */
export interface NamedRunLink extends RunLink {
  /** The name of the link. */
  readonly name: ByteString;
  readonly fileName: ByteString;
}

/**
 * The links in /run/extensions or /run/confexts that lead to images of the store. The name of a link may differ from the
 * image's: for a systemd that knows no `.sysext.raw`.
 */
export function readRunLinks(host: Host, kind: ExtensionKind): NamedRunLink[] {
  using directory = host.openDirectory(runPath(kind));
  return directory === undefined ? [] : runLinksIn(directory, kind);
}

function runLinksIn(directory: HostDirectory, kind: ExtensionKind): NamedRunLink[] {
  const links: NamedRunLink[] = [];
  for (const name of directory.list()) {
    // One that an interrupted agent did not give its name is not seen by systemd, either.
    if (name.startsWith(HIDDEN) || directory.status(name)?.kind !== 'symlink') continue;
    const target = linkedImage(directory.readLink(name), kind);
    if (target !== undefined) links.push({ name, ...target, resolves: directory.resolves(name) });
  }
  return links;
}

/** Whether a link in /run leads to an image of the store, by its own path or a profile's. */
export function isStoreLink(target: ByteString | undefined, kind: ExtensionKind): boolean {
  return linkedImage(target, kind) !== undefined;
}

/** The image of the store that a target names. */
function linkedImage(
  target: ByteString | undefined,
  kind: ExtensionKind,
): { readonly fileName: ByteString; readonly profile: Profile | undefined } | undefined {
  const prefix = `${storePath(kind)}/`;
  if (target?.startsWith(prefix) !== true) return undefined;
  const parts = target.slice(prefix.length).split('/');
  const fileName = parts.pop()!;
  if (fileName === '' || fileName === '.' || fileName === '..') return undefined;
  if (parts.length === 0) return { fileName, profile: undefined };
  const profile = PROFILES.find((name) => name === parts[0]);
  return parts.length === 1 && profile !== undefined ? { fileName, profile } : undefined;
}

/** The links in /run of a class, for changes. Made durable by nobody: they are gone with the next boot. */
export class RunLinks implements Disposable {
  readonly #kind: ExtensionKind;
  readonly #directory: HostDirectory;

  private constructor(kind: ExtensionKind, directory: HostDirectory) {
    this.#kind = kind;
    this.#directory = directory;
  }

  /** Opens the directory, which is made if need be. */
  static open(host: Host, kind: ExtensionKind): RunLinks {
    const path = runPath(kind);
    const directory = host.openDirectory(path, { create: true });
    if (directory === undefined) throw new NodeError('io', `${path}: it was removed meanwhile`);
    return new RunLinks(kind, directory);
  }

  /** Where the link of a name leads; undefined where there is none. Throws 'unsafe-path' for what is nobody's of ours. */
  target(name: ByteString): ByteString | undefined {
    const status = this.#directory.status(name);
    if (status === undefined) return undefined;
    const target = status.kind === 'symlink' ? this.#directory.readLink(name) : undefined;
    if (target !== undefined && linkedImage(target, this.#kind) !== undefined) return target;
    throw new NodeError(
      'unsafe-path',
      `${displayName(`${this.#directory.path}/${name}`)}: it is not a link that kairos-agent made`,
      { hint: 'find out who put it there, and remove it' },
    );
  }

  /** Links a name to an image, replacing the link that is there in one step. */
  link(name: ByteString, fileName: ByteString, profile: Profile | undefined): void {
    const target =
      profile === undefined
        ? `${storePath(this.#kind)}/${fileName}`
        : runLinkTarget(this.#kind, profile, fileName);
    this.restore(name, target);
  }

  /** Gives a name the target that it had; undefined removes the link. */
  restore(name: ByteString, target: ByteString | undefined): void {
    this.target(name);
    if (target === undefined) {
      this.#directory.unlink(name);
      return;
    }
    const made = newLinkName(name);
    this.#directory.unlink(made);
    this.#directory.symlink(target, made);
    try {
      this.#directory.rename(made, name);
    } catch (error) {
      this.#directory.unlink(made);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}
