import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import type { InodeAttributes, StoredFile, Timestamp } from '../image/erofs/tree.ts';
import type { ErofsWriter } from '../image/erofs/writer.ts';
import { isSharedDirectory } from '../image/extension/shared-directories.ts';
import { type Entry, NO_XATTRS } from '../source/entry.ts';
import type { Layer, ReadOptions } from '../source/source.ts';
import { pathComponents } from './entry-path.ts';
import { BuildError } from './error.ts';
import type { FindingCollector } from './findings.ts';
import { refuseHarmfulInode, refuseHarmfulPlace } from './hazards.ts';
import type { LayerTree, PlacedNode } from './layer-tree.ts';
import { whiteoutAt } from './whiteout.ts';

/** Takes the place of one file's content while its layer is read. */
export interface FileInterceptor {
  readonly path: ByteString;
  /** A larger file is left alone, bytes. */
  readonly sizeMax: number;
  /** The content to store instead of `bytes`. */
  replace(bytes: Uint8Array): Uint8Array;
}

/** What a layer is read into, and by which rules. */
export interface LayerReaderOptions {
  readonly tree: LayerTree;
  readonly erofs: ErofsWriter;
  readonly findings: FindingCollector;
  /** Top directories that are taken, such as `usr`. */
  readonly hierarchies: ReadonlySet<ByteString>;
  /** No modification time is later than this. */
  readonly latestTime: Timestamp | undefined;
  readonly intercept: FileInterceptor;
  /**
   * Files that are not visible themselves but whose content a hard link needs, by {@link hiddenFileKey}.
   */
  readonly wantedHidden: ReadonlySet<string>;
}

/** Names a file in a layer, for content that a hard link needs although the file itself is not taken. */
export function hiddenFileKey(layer: number, path: ByteString): string {
  return `${layer} ${path}`;
}

/** Users and groups below it are the system's (systemd's SYSTEM_UID_MAX, shadow's UID_MIN). */
const FIRST_USER = 1000;

/** Attributes that EROFS has an index for (Linux fs/erofs/xattr.h). */
const XATTR_NAMES = /^(user\.|trusted\.|security\.|system\.posix_acl_(access|default)$)/;

/** The layer being read. */
interface CurrentLayer {
  /** Its place among the layers taken, the lowest being 0. */
  readonly index: number;
  readonly description: string;
  /** Files that are not visible themselves but were wanted for hard links, by path. */
  readonly hidden: Map<ByteString, PlacedNode>;
}

/** Reads the layers of a source, highest first, into one tree; file content goes to the image as it arrives. */
export class LayerReader {
  readonly #options: LayerReaderOptions;
  /** Hard links whose target was not kept, by key; reading again with them wanted resolves those that exist. */
  readonly missing = new Map<string, { readonly link: ByteString; readonly target: ByteString }>();

  constructor(options: LayerReaderOptions) {
    this.#options = options;
  }

  /** Reads one layer whole. `index` is its place among the layers taken, the lowest being 0. */
  async read(layer: Layer, index: number, options: ReadOptions): Promise<void> {
    const current: CurrentLayer = { index, description: layer.description, hidden: new Map() };
    for await (const entry of layer.entries(options)) {
      const components = pathComponents(entry.path, layer.description);
      if (components.length === 0) continue;
      const taking = this.#take(components, entry, current);
      if (taking instanceof Promise) await taking;
    }
  }

  /** Takes an entry, without waiting if it can: most are small files. */
  #take(components: readonly ByteString[], entry: Entry, current: CurrentLayer): void | Promise<void> {
    const { tree, findings, hierarchies } = this.#options;
    if (this.#applyWhiteout(components, current.index)) return;
    if (!hierarchies.has(components[0]!)) {
      findings.countOutside(components);
      return this.#keepIfWanted(components, entry, current);
    }
    const resolved = entry.type === 'hardlink' ? this.#linked(components, entry, current) : undefined;
    if (entry.type === 'hardlink' && resolved === undefined) return;
    const type = resolved?.type ?? (entry.type as PlacedNode['type']);
    if (tree.offer(components, current.index, type) === 'hidden') {
      return this.#keepIfWanted(components, entry, current);
    }
    refuseHarmfulPlace(components, type);
    const path = components.join('/');
    if (type !== 'directory' && isSharedDirectory(path)) findings.count('hides-directory', displayName(path));
    const put = (node: PlacedNode): void => tree.put(components, current.index, node);
    const node = resolved ?? this.#node(components, path, entry);
    return node instanceof Promise ? node.then(put) : put(node);
  }

  /** Acts on a whiteout, wherever it stands; whether the entry was one. */
  #applyWhiteout(components: readonly ByteString[], index: number): boolean {
    const { tree, findings, hierarchies } = this.#options;
    const whiteout = whiteoutAt(components);
    if (whiteout === undefined) return false;
    if (whiteout.kind === 'bookkeeping') return true;
    if (whiteout.kind === 'deleted') tree.hide(whiteout.path, index);
    else tree.makeOpaque(whiteout.path, index);
    if (whiteout.path.length === 0 || hierarchies.has(whiteout.path[0]!)) {
      findings.count('whiteouts-dropped', displayName(`/${whiteout.path.join('/')}`));
    } else {
      findings.countOutside(components);
    }
    return true;
  }

  /** The node a hard link is another name of; undefined, and noted as missing, where it was not kept. */
  #linked(
    components: readonly ByteString[],
    entry: Entry,
    { index, description, hidden }: CurrentLayer,
  ): PlacedNode | undefined {
    const target = pathComponents(entry.linkTarget, description);
    const path = target.join('/');
    const node = this.#options.tree.nodeOf(target, index) ?? hidden.get(path);
    if (node?.type === 'directory') {
      throw new BuildError(
        'bad-path',
        `${description}: '${displayName(components.join('/'))}' is a hard link to the directory '${displayName(path)}'`,
        { hint: 'the archive is hostile or badly made: list it with tar -tv before using it' },
      );
    }
    if (node === undefined) {
      this.missing.set(hiddenFileKey(index, path), { link: components.join('/'), target: path });
    }
    return node;
  }

  async #keepIfWanted(components: readonly ByteString[], entry: Entry, current: CurrentLayer): Promise<void> {
    const path = components.join('/');
    if (!this.#options.wantedHidden.has(hiddenFileKey(current.index, path)) || entry.type === 'directory')
      return;
    const node =
      entry.type === 'hardlink'
        ? this.#linked(components, entry, current)
        : await this.#node(components, path, entry);
    if (node !== undefined) current.hidden.set(path, node);
  }

  /** @param path The components, joined. */
  #node(components: readonly ByteString[], path: ByteString, entry: Entry): PlacedNode | Promise<PlacedNode> {
    refuseHarmfulInode(components, entry);
    const attributes = this.#attributes(path, entry);
    switch (entry.type) {
      case 'directory':
        return { type: 'directory', ...attributes };
      case 'file': {
        const placed = (data: StoredFile): PlacedNode => ({ type: 'file', ...attributes, data });
        const data = this.#store(path, entry, attributes);
        return data instanceof Promise ? data.then(placed) : placed(data);
      }
      case 'symlink':
        return { type: 'symlink', ...attributes, target: entry.linkTarget };
      case 'character-device':
      case 'block-device':
        return { type: entry.type, ...attributes, major: entry.major, minor: entry.minor };
      case 'fifo':
      case 'socket':
        return { type: entry.type, ...attributes };
      case 'hardlink':
        throw new TypeError('a hard link has no node of its own');
    }
  }

  #store(path: ByteString, entry: Entry, { xattrs }: InodeAttributes): StoredFile | Promise<StoredFile> {
    const { erofs, intercept } = this.#options;
    if (path === intercept.path && entry.size <= intercept.sizeMax)
      return this.#storeReplacement(entry, xattrs);
    return erofs.storeFile(entry.size, xattrs, entry.content, () => displayName(path));
  }

  async #storeReplacement(entry: Entry, xattrs: InodeAttributes['xattrs']): Promise<StoredFile> {
    const { erofs, intercept } = this.#options;
    const bytes = new Uint8Array(entry.size);
    let filled = 0;
    for await (const piece of entry.content) {
      bytes.set(piece, filled);
      filled += piece.length;
    }
    const replacement = intercept.replace(bytes);
    return erofs.storeFile(replacement.length, xattrs, [replacement]);
  }

  #attributes(path: ByteString, entry: Entry): InodeAttributes {
    const { latestTime, findings } = this.#options;
    if (entry.uid >= FIRST_USER || entry.gid >= FIRST_USER) {
      findings.count('foreign-owner', `${displayName(path)} (${entry.uid}:${entry.gid})`);
    }
    return {
      mode: entry.mode,
      uid: entry.uid,
      gid: entry.gid,
      mtime: clamp(entry.mtime, latestTime),
      xattrs: entry.xattrs.size === 0 ? NO_XATTRS : this.#xattrs(path, entry),
    };
  }

  #xattrs(path: ByteString, entry: Entry): ReadonlyMap<ByteString, Uint8Array> {
    const xattrs = new Map<ByteString, Uint8Array>();
    for (const [name, value] of entry.xattrs) {
      if (XATTR_NAMES.test(name)) xattrs.set(name, value);
      else this.#options.findings.count('attribute-dropped', `${displayName(path)} (${displayName(name)})`);
    }
    return xattrs;
  }
}

/** EROFS stores no time before 1970; SOURCE_DATE_EPOCH bounds the other end. */
function clamp(time: Timestamp, latest: Timestamp | undefined): Timestamp {
  if (time.seconds < 0) return { seconds: 0, nanoseconds: 0 };
  return latest !== undefined && time.seconds >= latest.seconds ? latest : time;
}
