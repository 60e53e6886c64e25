import { escapeControls } from '../../base/display.ts';
import { checkedDigest, checkedDocument, checkedSize } from '../digest-check.ts';
import { SourceError } from '../error.ts';
import type { Layer, Source } from '../source.ts';
import { tarLayer } from '../tar-layer.ts';
import type { ContentStore } from './content-store.ts';
import type { Descriptor } from './descriptor.ts';
import {
  DOCUMENT_MAX,
  type Manifest,
  parseConfig,
  parseIndex,
  parseManifest,
  statedMediaType,
} from './documents.ts';
import { isImageConfig, isIndex, isManifest, layerPacking } from './media-types.ts';
import { checkPlatform, choosePlatform } from './platform.ts';

/** How an image is opened. */
export interface OpenImageOptions {
  /** For messages, such as `docker://registry.example/app:1`. */
  readonly description: string;
  /** The architecture wanted, in Go's terms. */
  readonly architecture: string;
  readonly signal?: AbortSignal;
  /** Frees what the store holds; also called when opening fails. */
  readonly close: () => Promise<void>;
}

/** The name of a file in an artifact (OCI image specification, annotations.md). */
const TITLE_ANNOTATION = 'org.opencontainers.image.title';
/** Indexes may name indexes; real ones do so once. */
const INDEX_DEPTH_MAX = 3;

/**
 * Opens the image that a manifest or an index of several platforms describes.
 *
 * @param root The document, which the caller has checked against the digest it was asked by, if any. `mediaType` is
 * what the store says of it; where it says nothing the document itself does.
 * @throws SourceError, for a platform that is not there and for everything the documents must not be.
 */
export async function openImage(
  store: ContentStore,
  root: { readonly bytes: Uint8Array; readonly mediaType: string | undefined },
  options: OpenImageOptions,
): Promise<Source> {
  try {
    return await open(store, root, options);
  } catch (error) {
    await options.close();
    throw error;
  }
}

async function open(
  store: ContentStore,
  root: { readonly bytes: Uint8Array; readonly mediaType: string | undefined },
  options: OpenImageOptions,
): Promise<Source> {
  const { description, architecture, signal, close } = options;
  const manifest = await findManifest(store, root, options);
  if (!isImageConfig(manifest.config.mediaType)) {
    return {
      description,
      architecture: undefined,
      warnings: [],
      layers: artifactLayers(store, manifest, description),
      close,
    };
  }
  const config = parseConfig(
    await readDocument(store, manifest.config, `the configuration of ${description}`, signal),
    `the configuration of ${description}`,
  );
  checkPlatform(config, architecture, description);
  return {
    description,
    architecture: config.architecture === '' ? undefined : config.architecture,
    warnings: [],
    layers: layersOf(store, manifest, config.rootfs.diff_ids, description),
    close,
  };
}

async function findManifest(
  store: ContentStore,
  root: { readonly bytes: Uint8Array; readonly mediaType: string | undefined },
  { description, architecture, signal }: OpenImageOptions,
): Promise<Manifest> {
  let { bytes } = root;
  let mediaType = root.mediaType;
  for (let depth = 0; depth <= INDEX_DEPTH_MAX; depth++) {
    const type =
      mediaType === undefined || mediaType === '' ? statedMediaType(bytes, description) : mediaType;
    if (isManifest(type)) return parseManifest(bytes, `the manifest of ${description}`);
    if (!isIndex(type)) {
      throw new SourceError(
        'unsupported',
        `${description} is of the type '${escapeControls(type)}', which is no container image`,
        {
          hint: 'give the reference of an image (OCI, or Docker schema 2)',
        },
      );
    }
    const chosen = choosePlatform(
      parseIndex(bytes, `the index of ${description}`),
      architecture,
      description,
    );
    bytes = await readDocument(store, chosen, `the manifest of ${description}`, signal);
    mediaType = chosen.mediaType;
  }
  throw new SourceError('malformed', `${description}: its indexes name each other without end`);
}

async function readDocument(
  store: ContentStore,
  descriptor: Descriptor,
  what: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (descriptor.size > DOCUMENT_MAX) {
    throw new SourceError(
      'too-large',
      `${what} has ${descriptor.size} bytes; ${DOCUMENT_MAX} is the most a registry allows`,
    );
  }
  return checkedDocument(await store.readDocument(descriptor, signal), descriptor, what);
}

function layersOf(
  store: ContentStore,
  { layers }: Manifest,
  diffIds: readonly string[],
  description: string,
): Layer[] {
  if (layers.length === 0) {
    throw new SourceError('unsupported', `${description} has no layers`, {
      hint: 'it is an empty image, or an artifact that is no container image',
    });
  }
  if (diffIds.length !== layers.length) {
    throw new SourceError(
      'malformed',
      `${description}: its manifest lists ${layers.length} layers, its configuration ${diffIds.length}`,
    );
  }
  return layers.map((layer, index) => {
    const what = `layer ${layer.digest.slice(0, 19)} of ${description}`;
    if (layerPacking(layer.mediaType) === undefined) return fileLayer(store, what, layer);
    return tarLayer({
      description: what,
      size: layer.size,
      stored: layer,
      unpackedDigest: diffIds[index]!,
      open: (readOptions) => store.openBlob(layer, readOptions),
    });
  });
}

/** The layers of what is no container image: files. */
function artifactLayers(store: ContentStore, { layers }: Manifest, description: string): Layer[] {
  return layers.map((layer) =>
    fileLayer(store, `layer ${layer.digest.slice(0, 19)} of ${description}`, layer),
  );
}

/**
 * A layer that is a file. To take its entries is an error, but only then: most images are taken by their last layer alone.
 */
function fileLayer(store: ContentStore, description: string, layer: Manifest['layers'][number]): Layer {
  const { size, mediaType, digest, annotations } = layer;
  return {
    description,
    size,
    file: {
      title: annotations?.[TITLE_ANNOTATION],
      size,
      open: (options) =>
        checkedDigest(checkedSize(store.openBlob(layer, options), size, description), digest, description),
    },
    // biome-ignore lint/correctness/useYield: there is nothing to yield
    async *entries() {
      throw new SourceError(
        'unsupported',
        `${description} is of the type '${escapeControls(mediaType)}', which cannot be read`,
        {
          hint: 'layers must be tar archives, plain or packed with gzip or zstd, kept in the registry itself',
        },
      );
    },
  };
}
