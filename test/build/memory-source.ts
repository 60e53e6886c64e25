import type { Entry } from '../../src/source/entry.ts';
import type { Layer, Source } from '../../src/source/source.ts';

/** An entry of a layer in memory; what is not said is that of a plain file of root. */
export type MemoryEntry = Partial<Omit<Entry, 'content' | 'size'>> & {
  readonly path: string;
  readonly content?: string | Uint8Array;
};

/** A source whose layers are lists of entries, lowest first. */
export function memorySource(...layers: readonly (readonly MemoryEntry[])[]): Source {
  return {
    description: 'test source',
    architecture: undefined,
    warnings: [],
    layers: layers.map((entries, index) => memoryLayer(entries, index)),
    close: async () => undefined,
  };
}

function memoryLayer(entries: readonly MemoryEntry[], index: number): Layer {
  return {
    description: `layer ${index + 1}`,
    size: undefined,
    async *entries({ signal, onBytes }) {
      for (const entry of entries) {
        signal?.throwIfAborted();
        onBytes?.(512);
        yield completeEntry(entry);
      }
    },
  };
}

function completeEntry({ content = '', ...given }: MemoryEntry): Entry {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    type: 'file',
    mode: given.type === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 1_700_000_000, nanoseconds: 0 },
    linkTarget: '',
    major: 0,
    minor: 0,
    xattrs: new Map(),
    ...given,
    size: bytes.length,
    content: [bytes],
  };
}
