import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import { hexText } from '../base/hex.ts';
import type { Architecture } from '../image/architecture.ts';
import { type DdiSummary, DdiWriter } from '../image/ddi.ts';
import type { Compression } from '../image/erofs/compressed-files.ts';
import type { CompressionSettings } from '../image/erofs/compression-settings.ts';
import type { Timestamp } from '../image/erofs/tree.ts';
import { ErofsWriter } from '../image/erofs/writer.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import type { Signer } from '../image/signature/signer.ts';
import { BUFFERS_ON_THE_WAY, BUFFERS_SIZE } from '../image/write-pipeline.ts';
import { hmacSha256, sha256 } from '../platform/hash.ts';
import { HelpedHasher } from '../platform/helped-hasher.ts';
import { ScratchFile } from '../platform/scratch-file.ts';
import type { Layer, Source } from '../source/source.ts';
import { BuildError } from './error.ts';
import { checkExtensionName } from './extension-name.ts';
import { checkReleaseFields, type ReleaseFields } from './extension-release.ts';
import type { Finding } from './finding.ts';
import { FindingCollector } from './findings.ts';
import { commonTime, imageTree } from './image-tree.ts';
import { LayerReader } from './layer-reader.ts';
import { type FoldedDirectory, LayerTree } from './layer-tree.ts';
import { OutputFile } from './output-file.ts';
import { ReleaseFile } from './release-file.ts';

/** How an extension is built. */
export interface BuildOptions {
  readonly kind: ExtensionKind;
  /** Name of the extension; the file is this and the kind's suffix. */
  readonly name: string;
  readonly architecture: Architecture;
  /** Take `/opt` beside the hierarchies of the kind. */
  readonly withOpt: boolean;
  /** How many layers are taken from the top; `all` of them are flattened. */
  readonly layers: number | 'all';
  readonly release: ReleaseFields;
  /** 16 bytes from which every identifier of the image is derived. */
  readonly seed: Uint8Array;
  /** Seconds since 1970: the image's build time and the upper bound of every modification time. */
  readonly sourceDateEpoch: number | undefined;
  /** How the content of files is compressed; undefined: not at all. */
  readonly compression: CompressionSettings | undefined;
  /** Undefined: verity without signature. */
  readonly signer: Signer | undefined;
  readonly outputDirectory: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: BuildEvent) => void;
}

/** What happens during a build, for a progress display. */
export type BuildEvent =
  /** Layers are being read and their content is being written. `total` is undefined where a size is not known. */
  | { readonly type: 'reading'; readonly total: number | undefined }
  /** More bytes came from the source. */
  | { readonly type: 'progress'; readonly bytes: number }
  /** The tree is complete; metadata, hash tree, signature and partition tables are written. */
  | { readonly type: 'packing' };

/** An extension that was built. */
export interface BuildResult {
  /** Absolute path of the image. */
  readonly path: string;
  readonly image: DdiSummary;
  readonly inodes: number;
  readonly findings: readonly Finding[];
}

/**
 * Builds an extension image from a source: one pass over the layers, file content going straight to its place.
 *
 * The output appears under its name only when it is complete and durable. On any error, and when the signal
 * aborts, what was written is removed and the error is thrown: a CodedError, or whatever the abort brought up.
 */
export async function buildExtension(source: Source, options: BuildOptions): Promise<BuildResult> {
  checkExtensionName(options.name, options.kind);
  checkReleaseFields(options.release);
  const layers = layersTaken(source, options.layers);
  const wantedHidden = new Set<string>();
  for (;;) {
    const attempt = await buildOnce(source, layers, options, wantedHidden);
    if ('result' in attempt) return attempt.result;
    for (const [key, { link, target }] of attempt.missing) {
      if (wantedHidden.has(key)) {
        throw new BuildError(
          'dangling-link',
          `'${displayName(link)}' is a hard link to '${displayName(target)}', which the layer does not have`,
          { hint: 'take more layers (--layers), or make the layer again with the file itself in it' },
        );
      }
      wantedHidden.add(key);
    }
  }
}

function layersTaken(source: Source, count: number | 'all'): readonly Layer[] {
  if (count === 'all') return source.layers;
  if (count > source.layers.length) {
    throw new BuildError(
      'bad-argument',
      `${source.description} has ${source.layers.length} layers, not ${count}`,
      { hint: 'give a smaller --layers, or --layers all' },
    );
  }
  return source.layers.slice(-count);
}

type Attempt = { readonly result: BuildResult } | { readonly missing: LayerReader['missing'] };

/** One pass. Where hard links need content that was not kept, nothing is left behind and they are returned. */
async function buildOnce(
  source: Source,
  layers: readonly Layer[],
  options: BuildOptions,
  wantedHidden: ReadonlySet<string>,
): Promise<Attempt> {
  const output = await OutputFile.create(options.outputDirectory, `${options.name}${options.kind.suffix}`);
  const scratch = new ScratchFile(output.scratchPath);
  const compression = options.compression && (await startCompression(options.compression));
  let committed = false;
  try {
    const attempt = await writeImage(source, layers, options, wantedHidden, {
      output,
      scratch,
      compression,
    });
    if ('result' in attempt) {
      options.signal.throwIfAborted();
      await output.commit();
      committed = true;
    }
    return attempt;
  } finally {
    await compression?.compressor[Symbol.asyncDispose]();
    await scratch.close();
    if (!committed) await output.discard();
  }
}

/** What compresses; loaded only where it is needed. */
async function startCompression(
  settings: CompressionSettings,
): Promise<Compression & { readonly compressor: AsyncDisposable }> {
  const { CompressionThreads } = await import('../platform/compression-threads.ts');
  return { settings, compressor: new CompressionThreads(settings) };
}

/** What an image is written with. */
interface ImageTarget {
  readonly output: OutputFile;
  readonly scratch: ScratchFile;
  readonly compression: Compression | undefined;
}

async function writeImage(
  source: Source,
  layers: readonly Layer[],
  options: BuildOptions,
  wantedHidden: ReadonlySet<string>,
  { output, scratch, compression }: ImageTarget,
): Promise<Attempt> {
  const hierarchies = [...options.kind.hierarchies, ...(options.withOpt ? ['opt'] : [])];
  const hasher = new HelpedHasher(BUFFERS_SIZE, BUFFERS_ON_THE_WAY);
  const ddi = new DdiWriter({
    file: output,
    architecture: options.architecture,
    seed: options.seed,
    signer: options.signer,
    hasher,
    hmac: hmacSha256,
    sha256,
  });
  const erofs = new ErofsWriter({
    sink: ddi.sink,
    scratch,
    uuid: ddi.fileSystemUuid,
    fingerprint: (bytes) => hexText(sha256(bytes)),
    compression,
  });
  const findings = new FindingCollector();
  const tree = new LayerTree();
  const release = new ReleaseFile(options, findings);
  const latestTime = epochTime(options.sourceDateEpoch);
  const reader = new LayerReader({
    tree,
    erofs,
    findings,
    hierarchies: new Set(hierarchies),
    latestTime,
    intercept: release,
    wantedHidden,
  });

  options.onEvent({ type: 'reading', total: totalSize(layers) });
  for (const [index, layer] of [...layers.entries()].reverse()) {
    await reader.read(layer, index, {
      signal: options.signal,
      onBytes: (bytes) => options.onEvent({ type: 'progress', bytes }),
      spareWork: hasher.offer,
    });
  }
  if (reader.missing.size > 0) return { missing: reader.missing };
  options.signal.throwIfAborted();
  options.onEvent({ type: 'packing' });

  refuseEmpty(tree.folded(), release.path, source, hierarchies);
  const buildTime = latestTime ?? commonTime(tree.folded());
  await placeRelease(tree, erofs, release, buildTime, layers.length);
  const { inodes } = await erofs.finish(imageTree(tree.folded(), buildTime, findings), { buildTime });
  const image = await ddi.finish();
  reportSource(source, options, findings);
  return { result: { path: output.path, image, inodes, findings: findings.all(hierarchies) } };
}

/** Adds the extension-release file unless a layer brought it as a file. */
async function placeRelease(
  tree: LayerTree,
  erofs: ErofsWriter,
  release: ReleaseFile,
  buildTime: Timestamp,
  aboveAll: number,
): Promise<void> {
  const components = release.path.split('/');
  const own = tree.find(components);
  if (own?.type === 'file' && own.data.size <= release.sizeMax) return;
  if (own !== undefined)
    release.reportReplaced(`it is ${own.type === 'file' ? 'too large' : `a ${own.type}`}`);
  const xattrs: ReadonlyMap<ByteString, Uint8Array> = new Map();
  const { content } = release;
  const data = await erofs.storeFile(content.length, xattrs, [content]);
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: buildTime, xattrs };
  tree.overlay(components, aboveAll, { type: 'file', ...attributes, data });
}

function refuseEmpty(
  folded: FoldedDirectory,
  releasePath: ByteString,
  source: Source,
  hierarchies: readonly string[],
): void {
  const holdsFile = (directory: FoldedDirectory, path: ByteString): boolean =>
    [...directory.children].some(([name, child]) => {
      const childPath = path === '' ? name : `${path}/${name}`;
      return 'type' in child ? childPath !== releasePath : holdsFile(child, childPath);
    });
  if (holdsFile(folded, '')) return;
  const wanted = hierarchies.map((name) => `/${name}`).join(' or ');
  throw new BuildError(
    'nothing-to-extend',
    `nothing in ${source.description} would extend a host: the layers taken have no file under ${wanted}`,
    {
      hint: 'take more layers (--layers 2, --layers all), or put the files in place in the last step of the Dockerfile',
    },
  );
}

function reportSource(source: Source, options: BuildOptions, findings: FindingCollector): void {
  for (const message of source.warnings) {
    findings.add({ code: 'source', level: 'warning', message, subjects: [] });
  }
  if (options.signer !== undefined) return;
  findings.add({
    code: 'unsigned',
    level: 'warning',
    message:
      'no key was given: the image is protected by verity but not signed, so Trusted Boot will refuse it',
    subjects: [],
  });
}

function epochTime(seconds: number | undefined): Timestamp | undefined {
  return seconds === undefined ? undefined : { seconds, nanoseconds: 0 };
}

function totalSize(layers: readonly Layer[]): number | undefined {
  let total = 0;
  for (const { size } of layers) {
    if (size === undefined) return undefined;
    total += size;
  }
  return total;
}
