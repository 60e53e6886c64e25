/** How a layer's tar archive is packed. */
export type Packing = 'none' | 'gzip' | 'zstd';

const INDEXES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
const MANIFESTS: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);
const IMAGE_CONFIGS: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);
const LAYERS: ReadonlyMap<string, Packing> = new Map([
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd'],
]);

/** Media types of the documents a registry is asked for, most wanted first. */
export const DOCUMENT_MEDIA_TYPES: readonly string[] = [...MANIFESTS, ...INDEXES];

/** Whether a manifest with a configuration of this media type is a container image's, and no other artifact's. */
export function isImageConfig(mediaType: string): boolean {
  return mediaType === '' || IMAGE_CONFIGS.has(mediaType);
}

/** Whether documents of this media type list manifests for several platforms. */
export function isIndex(mediaType: string): boolean {
  return INDEXES.has(mediaType);
}

/** Whether documents of this media type list the layers of one image. */
export function isManifest(mediaType: string): boolean {
  return MANIFESTS.has(mediaType);
}

/** How a layer of this media type is packed; undefined where it is no layer that can be read. */
export function layerPacking(mediaType: string): Packing | undefined {
  return LAYERS.get(mediaType);
}
