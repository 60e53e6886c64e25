import type { ReadOptions, Source } from '../../src/source/source.ts';

/** What the layers of a source hold, lowest first: the content of each file by its path. */
export async function readSource(
  source: Source,
  options: ReadOptions = {},
): Promise<Record<string, Buffer>[]> {
  const layers: Record<string, Buffer>[] = [];
  for (const layer of source.layers) {
    const files: Record<string, Buffer> = {};
    for await (const entry of layer.entries(options)) {
      const parts: Buffer[] = [];
      for await (const piece of entry.content) parts.push(Buffer.from(piece));
      if (entry.type === 'file') files[entry.path.replace(/^\.?\//, '')] = Buffer.concat(parts);
    }
    layers.push(files);
  }
  return layers;
}
