import { createHash } from 'node:crypto';

/** A file that is a layer by itself. */
export interface ArtifactFile {
  readonly title: string;
  readonly content: Uint8Array;
}

/** Pushes an artifact as `oras push` makes them (OCI image-spec 1.1, manifest.md, "Guidelines for Artifact Usage"). */
export async function pushArtifact(
  repository: string,
  tag: string,
  { title, content }: ArtifactFile,
): Promise<void> {
  const put = async (mediaType: string, bytes: Uint8Array): Promise<object> => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const started = await must(`${repository}/blobs/uploads/`, { method: 'POST' });
    const upload = new URL(started.headers.get('location')!, repository);
    upload.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    await must(upload, { method: 'PUT', body: Buffer.from(bytes), headers });
    return { mediaType, digest, size: bytes.length };
  };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = {
    schemaVersion: 2,
    mediaType,
    artifactType: 'application/vnd.example.sysext',
    config: await put('application/vnd.oci.empty.v1+json', Buffer.from('{}')),
    layers: [
      {
        ...(await put('application/octet-stream', content)),
        annotations: { 'org.opencontainers.image.title': title },
      },
    ],
  };
  await must(`${repository}/manifests/${tag}`, {
    method: 'PUT',
    body: JSON.stringify(manifest),
    headers: { 'content-type': mediaType },
  });
}

async function must(url: string | URL, request: RequestInit): Promise<Response> {
  const response = await fetch(url, request);
  if (!response.ok) throw new Error(`${request.method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}
