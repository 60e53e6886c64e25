import { type ByteString, utf8ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { Layer, Source } from '../../source/source.ts';
import { NodeError } from '../error.ts';
import type { OnProgress } from './http-image.ts';
import type { PartialFile } from './partial-file.ts';

/** Opens the partial file of an image, once its name is known. */
export type OpenPartial = (fileName: ByteString) => Promise<PartialFile>;

/** What is looked for in a container image. */
export interface OciRequest {
  readonly source: Source;
  /** The name of the file, where it was given. */
  readonly name: ByteString | undefined;
  readonly openPartial: OpenPartial;
  readonly onProgress: OnProgress | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Names of images that are listed in a message. */
const NAMES_MAX = 20;

/**
 * Takes the disk image out of a container image, or of an artifact whose layer is the disk image: out of the last layer that has
 * one. Nothing else of the layer is written anywhere.
 *
 * @returns The partial file, whose bytes were checked against every digest that the image states.
 * @throws NodeError ('not-found' where there is none, 'ambiguous' for several), SourceError, the reason of the abort.
 */
export async function takeDiskImage(request: OciRequest): Promise<PartialFile> {
  const { source } = request;
  for (const layer of source.layers.toReversed()) {
    const partial =
      layer.file === undefined
        ? await fromArchive(layer, request)
        : await fromFile(layer, layer.file, request);
    if (partial !== undefined) return partial;
  }
  throw new NodeError(
    'not-found',
    `${source.description}: there is no disk image (*.raw) in any of its layers`,
    {
      hint: 'a layer must hold the file NAME.raw, or be the disk image itself with its name as title',
    },
  );
}

async function fromFile(
  layer: Layer,
  file: NonNullable<Layer['file']>,
  { name, openPartial, onProgress, signal }: OciRequest,
): Promise<PartialFile | undefined> {
  const title = file.title === undefined ? undefined : baseName(utf8ByteString(file.title));
  const fileName = name ?? title;
  if (fileName === undefined || (name === undefined && !fileName.endsWith('.raw'))) return undefined;
  const partial = await openPartial(fileName);
  try {
    await partial.begin(undefined, layer.size);
    for await (const piece of file.open(signal === undefined ? {} : { signal })) {
      await partial.write(piece);
      onProgress?.(partial.size, layer.size);
    }
    await partial.flush();
    return partial;
  } catch (error) {
    await partial[Symbol.asyncDispose]();
    throw error;
  }
}

/** The disk image in a layer. The layer is read to its end, since its digest tells only then whether it is right. */
async function fromArchive(
  layer: Layer,
  { source, name, openPartial, onProgress, signal }: OciRequest,
): Promise<PartialFile | undefined> {
  let partial: PartialFile | undefined;
  const names: ByteString[] = [];
  let wanted: ByteString | undefined;
  try {
    for await (const entry of layer.entries(signal === undefined ? {} : { signal })) {
      const base = baseName(entry.path);
      if (entry.type !== 'file' || !base.endsWith('.raw') || base.startsWith('.')) continue;
      names.push(base);
      // The first one, or the one of the name that was asked for.
      if (wanted !== undefined && (wanted === name || base !== name)) continue;
      wanted = base;
      partial ??= await openPartial(name ?? base);
      await partial.begin(undefined, entry.size);
      for await (const piece of entry.content) {
        await partial.write(piece);
        onProgress?.(partial.size, entry.size);
      }
      await partial.flush();
    }
    if (names.length > 1 && wanted !== name) throw several(source, names);
    return partial;
  } catch (error) {
    await partial?.[Symbol.asyncDispose]();
    throw error;
  }
}

function several({ description }: Source, names: readonly ByteString[]): NodeError {
  const shown = names.slice(0, NAMES_MAX).map(displayName).join(', ');
  return new NodeError('ambiguous', `${description}: there are ${names.length} disk images in it: ${shown}`, {
    hint: 'choose one with --name',
  });
}

function baseName(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1);
}
