import * as v from 'valibot';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';

/** Largest manifest, index or configuration, in bytes (the limit registries keep). */
export const DOCUMENT_MAX = 4 * 1024 * 1024;
const MANIFESTS_MAX = 1000;
const LAYERS_MAX = 500;

const descriptor = v.object({
  mediaType: v.optional(v.pipe(v.string(), v.maxLength(255)), ''),
  digest: v.pipe(
    v.string(),
    v.regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/, 'must be a sha256 or sha512 digest'),
  ),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

const platform = v.object({
  os: v.optional(v.string(), ''),
  architecture: v.optional(v.string(), ''),
  variant: v.optional(v.string()),
});

const index = v.object({
  mediaType: v.optional(v.string()),
  manifests: v.pipe(
    v.array(
      v.object({
        ...descriptor.entries,
        platform: v.optional(v.nullable(platform)),
        annotations: v.optional(v.nullable(v.record(v.string(), v.string()))),
      }),
    ),
    v.maxLength(MANIFESTS_MAX),
  ),
});

const manifest = v.object({
  mediaType: v.optional(v.string()),
  config: descriptor,
  layers: v.pipe(
    v.array(
      v.object({
        ...descriptor.entries,
        annotations: v.optional(v.nullable(v.record(v.string(), v.string()))),
      }),
    ),
    v.maxLength(LAYERS_MAX),
  ),
});

const config = v.object({
  ...platform.entries,
  rootfs: v.object({
    diff_ids: v.pipe(v.array(descriptor.entries.digest), v.maxLength(LAYERS_MAX)),
  }),
});

/** An image index or a Docker manifest list (OCI image specification, image-index.md). */
export type Index = v.InferOutput<typeof index>;
/** An image manifest, OCI or Docker schema 2 (OCI image specification, manifest.md). */
export type Manifest = v.InferOutput<typeof manifest>;
/** What is needed of an image configuration (OCI image specification, config.md). */
export type Config = v.InferOutput<typeof config>;

/** Parses an index; throws a SourceError that names `what`. */
export function parseIndex(bytes: Uint8Array, what: string): Index {
  return parse(index, bytes, what);
}

/** Parses a manifest; throws a SourceError that names `what`. */
export function parseManifest(bytes: Uint8Array, what: string): Manifest {
  const document = parseJson(bytes, what);
  if (
    typeof document === 'object' &&
    document !== null &&
    'schemaVersion' in document &&
    document.schemaVersion === 1
  ) {
    throw new SourceError(
      'unsupported',
      `${what} is a Docker manifest of schema 1, which holds no digests of layers`,
      {
        hint: 'push the image again with a current tool, which writes schema 2 or OCI',
      },
    );
  }
  return check(manifest, document, what);
}

/** Parses an image configuration; throws a SourceError that names `what`. */
export function parseConfig(bytes: Uint8Array, what: string): Config {
  return parse(config, bytes, what);
}

/** The media type a document states of itself, or the kind its fields show. */
export function statedMediaType(bytes: Uint8Array, what: string): string {
  const document = parseJson(bytes, what) as { mediaType?: unknown; manifests?: unknown } | null;
  if (typeof document?.mediaType === 'string') return document.mediaType;
  return Array.isArray(document?.manifests)
    ? 'application/vnd.oci.image.index.v1+json'
    : 'application/vnd.oci.image.manifest.v1+json';
}

function parse<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array, what: string): T {
  return check(schema, parseJson(bytes, what), what);
}

function check<T>(schema: v.GenericSchema<unknown, T>, document: unknown, what: string): T {
  const result = v.safeParse(schema, document);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new SourceError(
    'malformed',
    `${what} is not what the OCI image specification allows: ${path === null ? '' : `${path}: `}${escapeControls(issue.message.slice(0, 200))}`,
  );
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new SourceError('malformed', `${what} is not JSON`, { cause: error });
  }
}
