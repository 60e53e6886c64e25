import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import type { ErofsNode, InodeAttributes } from '../image/erofs/tree.ts';
import { BuildError } from './error.ts';

/** A path of the tree being folded; it may be a mere mark without a node. */
interface Slot {
  /** Undefined where there was never anything below it. */
  children: Map<ByteString, Slot> | undefined;
  /** What is there; undefined for a mark, or for a directory no entry has stated yet. */
  node: PlacedNode | undefined;
  /** A layer had entries below this path: it is a directory even if no entry states it. */
  implied: boolean;
  /** Layer that gave the node or first implied the directory. */
  layer: number;
  /** Entries at and below this path from layers under this one are hidden: a whiteout stands in it. */
  hiddenUnder: number;
  /** Entries below this path from layers under this one are hidden: the directory is opaque in it. */
  opaqueUnder: number;
}

/** A node as the tree keeps it; a directory's children are in the slots. */
export type PlacedNode =
  | Exclude<ErofsNode, { type: 'directory' }>
  | ({ readonly type: 'directory' } & InodeAttributes);

/** What became of an entry that was offered. */
export type Placement = 'visible' | 'hidden';

/** A directory of the folded tree, for walking it. */
export interface FoldedDirectory {
  /** Undefined where no entry of any layer states the directory, only files in it. */
  readonly attributes: InodeAttributes | undefined;
  readonly children: ReadonlyMap<ByteString, FoldedDirectory | Exclude<PlacedNode, { type: 'directory' }>>;
}

/**
 * The layers of an image folded into one tree, highest layer first.
 *
 * In this order what an upper layer replaces or deletes is known before the lower layer is read, so content
 * that will not be seen is never stored. Whiteouts and opaque marks act on lower layers only (OCI image
 * specification, layer.md). Within one layer a path may be stated once, directories excepted.
 */
export class LayerTree {
  readonly #root = newSlot();

  /**
   * Whether an entry of `layer` at this path is visible, which is so if nothing above replaced or deleted it.
   * If it is, {@link put} must follow. Throws a BuildError where it contradicts another one of the same layer.
   */
  offer(components: readonly ByteString[], layer: number, type: PlacedNode['type']): Placement {
    let slot: Slot | undefined = this.#root;
    for (const [depth, component] of components.entries()) {
      imply(slot, layer);
      if (layer < slot.opaqueUnder) return 'hidden';
      slot = slot.children?.get(component);
      if (slot === undefined) return 'visible';
      if (layer < slot.hiddenUnder) return 'hidden';
      if (depth < components.length - 1 && isLeaf(slot)) {
        if (slot.layer !== layer) return 'hidden';
        throw throughLeaf(components, depth, slot);
      }
    }
    if (!isLeaf(slot) && !isDirectory(slot)) return 'visible';
    if (isDirectory(slot) && type === 'directory') return 'visible';
    if (slot.layer !== layer) {
      // A file that an upper layer replaced by a directory still ends what older layers had at that path.
      if (type !== 'directory') slot.hiddenUnder = Math.max(slot.hiddenUnder, layer);
      return 'hidden';
    }
    const path = displayName(components.join('/'));
    throw new BuildError('conflict', `the layer states '${path}' twice: as ${kindOf(slot)} and as ${type}`, {
      hint: 'list the archive with tar -tv and make it again without the second entry',
    });
  }

  /** Puts a node that was offered and found to be `visible`. */
  put(components: readonly ByteString[], layer: number, node: PlacedNode): void {
    const slot = this.#reach(components, layer);
    if (node.type !== 'directory') {
      slot.layer = layer;
      slot.node = node;
      return;
    }
    // The highest layer that states a directory decides its attributes; within a layer the last entry does.
    if (slot.node === undefined || slot.layer === layer) {
      slot.layer = layer;
      slot.node = node;
    }
    slot.implied = true;
  }

  /** The node an earlier entry of the same layer put at this path, for a hard link to it. */
  nodeOf(components: readonly ByteString[], layer: number): PlacedNode | undefined {
    let slot: Slot | undefined = this.#root;
    for (const component of components) slot = slot?.children?.get(component);
    return slot?.layer === layer ? slot.node : undefined;
  }

  /** What stands at this path in the folded tree, if it is no directory. */
  find(components: readonly ByteString[]): Exclude<PlacedNode, { type: 'directory' }> | undefined {
    let slot: Slot | undefined = this.#root;
    for (const component of components) slot = slot?.children?.get(component);
    return slot?.node?.type === 'directory' ? undefined : slot?.node;
  }

  /**
   * Puts a node over all layers, the topmost being under `layer`. Throws a BuildError where its way there leads
   * through something that is no directory.
   */
  overlay(components: readonly ByteString[], layer: number, node: PlacedNode): void {
    for (let depth = 1; depth < components.length; depth++) {
      const parent = this.find(components.slice(0, depth));
      if (parent === undefined) continue;
      const path = displayName(components.slice(0, depth).join('/'));
      throw new BuildError('conflict', `'${path}' is a ${parent.type} where a directory is needed`, {
        hint: `the directory must hold '${displayName(components.at(-1)!)}': make it one in the source`,
      });
    }
    this.put(components, layer, node);
  }

  /** A whiteout in `layer`: hides this path in the layers under it. */
  hide(components: readonly ByteString[], layer: number): void {
    this.#mark(components, layer, (slot) => {
      slot.hiddenUnder = Math.max(slot.hiddenUnder, layer);
    });
  }

  /** An opaque mark in `layer`: hides what the layers under it have in this directory. */
  makeOpaque(components: readonly ByteString[], layer: number): void {
    this.#mark(components, layer, (slot) => {
      slot.opaqueUnder = Math.max(slot.opaqueUnder, layer);
    });
  }

  /** The finished tree, marks left out. */
  folded(): FoldedDirectory {
    return foldedDirectory(this.#root);
  }

  #reach(components: readonly ByteString[], layer: number): Slot {
    let slot = this.#root;
    for (const component of components) {
      imply(slot, layer);
      slot = childOf(slot, component);
    }
    return slot;
  }

  /** Marks a path without making it exist; what is already hidden needs no mark. */
  #mark(components: readonly ByteString[], layer: number, set: (slot: Slot) => void): void {
    let slot = this.#root;
    for (const component of components) {
      if (layer < slot.opaqueUnder || layer < slot.hiddenUnder) return;
      slot = childOf(slot, component);
    }
    set(slot);
  }
}

function newSlot(): Slot {
  return {
    children: undefined,
    node: undefined,
    implied: false,
    layer: -1,
    hiddenUnder: 0,
    opaqueUnder: 0,
  };
}

/** Makes a slot a directory because an entry lies below it, even if that entry is hidden. */
function imply(slot: Slot, layer: number): void {
  if (slot.implied) return;
  slot.implied = true;
  slot.layer = layer;
}

function childOf(slot: Slot, name: ByteString): Slot {
  slot.children ??= new Map();
  let child = slot.children.get(name);
  if (child === undefined) {
    child = newSlot();
    slot.children.set(name, child);
  }
  return child;
}

function isLeaf(slot: Slot): boolean {
  return slot.node !== undefined && slot.node.type !== 'directory';
}

function isDirectory(slot: Slot): boolean {
  return slot.implied || slot.node?.type === 'directory';
}

function kindOf(slot: Slot): string {
  return slot.node?.type ?? 'directory';
}

function throughLeaf(components: readonly ByteString[], depth: number, slot: Slot): BuildError {
  const path = displayName(components.join('/'));
  const parent = displayName(components.slice(0, depth + 1).join('/'));
  return new BuildError(
    'bad-path',
    `the entry '${path}' passes through '${parent}', which is a ${kindOf(slot)} in the same layer`,
    {
      hint: 'an archive that writes through links is hostile or badly made: list it with tar -tv before using it',
    },
  );
}

function foldedDirectory(root: Slot): FoldedDirectory {
  const children: Map<ByteString, FoldedDirectory | Exclude<PlacedNode, { type: 'directory' }>> = new Map();
  for (const [name, slot] of root.children ?? []) {
    if (slot.node !== undefined && slot.node.type !== 'directory') children.set(name, slot.node);
    else if (isDirectory(slot)) children.set(name, foldedDirectory(slot));
  }
  return { attributes: root.node, children };
}
