import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sampleLayer } from './layer.ts';

const OCI = 'application/vnd.oci.image';
const TOKEN = 'token';

interface Document {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/**
 * A server on this machine for commands that download: a registry with one image, `image:1`, which wants a token as the public ones
 * do, and the files in the directory `images`.
 */
export async function startServer(architecture: string): Promise<{ readonly host: string }> {
  const documents = registryDocuments(architecture);
  const server = createServer(({ url = '', headers }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const host = `http://${headers.host}`;
    if (pathname === '/token') response.end(JSON.stringify({ token: TOKEN }));
    else if (pathname.startsWith('/images/')) {
      const bytes = readFileSync(`.${pathname}`);
      response.writeHead(200, { 'content-length': bytes.length, etag: '"1"' }).end(bytes);
    } else if (headers.authorization !== `Bearer ${TOKEN}`) {
      const challenge = `Bearer realm="${host}/token",service="sample",scope="repository:image:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    } else {
      const document = documents.get(pathname.split('/').at(-1) ?? '');
      if (document === undefined) response.writeHead(404).end();
      else {
        const { mediaType, bytes } = document;
        response
          .writeHead(200, {
            'content-type': mediaType,
            'content-length': bytes.length,
            'accept-ranges': 'bytes',
            'docker-content-digest': digestOf(bytes),
          })
          .end(bytes);
      }
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** What the registry has, by tag and by digest. */
function registryDocuments(architecture: string): Map<string, Document> {
  const documents = new Map<string, Document>();
  const put = (mediaType: string, bytes: Buffer) => {
    documents.set(digestOf(bytes), { mediaType, bytes });
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const putJson = (mediaType: string, value: object) =>
    put(mediaType, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...value })));

  const { archive, packed } = sampleLayer();
  const platform = { architecture, os: 'linux' };
  const config = putJson(`${OCI}.config.v1+json`, {
    ...platform,
    rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
  });
  const layers = [put(`${OCI}.layer.v1.tar+gzip`, packed)];
  const manifest = putJson(`${OCI}.manifest.v1+json`, { config, layers });
  const index = putJson(`${OCI}.index.v1+json`, { manifests: [{ ...manifest, platform }] });
  documents.set('1', documents.get(index.digest)!);
  return documents;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
