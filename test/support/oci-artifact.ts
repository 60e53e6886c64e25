import { createHash } from 'node:crypto';

/** A file that is a layer by itself. */
export interface ArtifactFile {
  readonly title: string;
  readonly content: Uint8Array;
  /** The type of the layer; that of any file if absent. */
  readonly mediaType?: string;
}

/** What was pushed, as an index names it. */
export interface PushedManifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Pushes an artifact as `oras push` makes them (OCI image-spec 1.1, manifest.md, "Guidelines for Artifact Usage"). */
export async function pushArtifact(
  repository: string,
  tag: string,
  { title, content, mediaType: layerType = 'application/octet-stream' }: ArtifactFile,
): Promise<PushedManifest> {
  const put = async (mediaType: string, bytes: Uint8Array): Promise<PushedManifest> => {
    const started = await must(`${repository}/blobs/uploads/`, { method: 'POST' });
    const upload = new URL(started.headers.get('location')!, repository);
    upload.searchParams.set('digest', digestOf(bytes));
    const headers = { 'content-type': 'application/octet-stream' };
    await must(upload, { method: 'PUT', body: Buffer.from(bytes), headers });
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return pushManifest(repository, tag, {
    schemaVersion: 2,
    mediaType,
    artifactType: 'application/vnd.example.sysext',
    config: await put('application/vnd.oci.empty.v1+json', Buffer.from('{}')),
    layers: [
      {
        ...(await put(layerType, content)),
        annotations: { 'org.opencontainers.image.title': title },
      },
    ],
  });
}

/** Pushes an index of what there is for each architecture, in Go's terms. */
export function pushIndex(
  repository: string,
  tag: string,
  manifests: Readonly<Record<string, PushedManifest>>,
): Promise<PushedManifest> {
  return pushManifest(repository, tag, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: Object.entries(manifests).map(([architecture, manifest]) => ({
      ...manifest,
      platform: { os: 'linux', architecture },
    })),
  });
}

async function pushManifest(
  repository: string,
  tag: string,
  manifest: { readonly mediaType: string; readonly [key: string]: unknown },
): Promise<PushedManifest> {
  const { mediaType } = manifest;
  const body = JSON.stringify(manifest);
  await must(`${repository}/manifests/${tag}`, {
    method: 'PUT',
    body,
    headers: { 'content-type': mediaType },
  });
  return { mediaType, digest: digestOf(Buffer.from(body)), size: body.length };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function must(url: string | URL, request: RequestInit): Promise<Response> {
  const response = await fetch(url, request);
  if (!response.ok) throw new Error(`${request.method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}
