import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRegistryImage } from '../../../src/source/registry/open.ts';
import { parseReference } from '../../../src/source/registry/reference.ts';
import { RegistryClient } from '../../../src/source/registry/registry-client.ts';
import type { Source } from '../../../src/source/source.ts';
import { readSource } from '../../support/read-source.ts';
import { tarArchive } from '../../support/tar-archive.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';

const content = randomBytes(300_000);
const layer = await tarArchive([{ name: 'usr/app', content }]);
const digestOf = (bytes: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const config = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  rootfs: { diff_ids: [digestOf(layer)] },
});
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(config),
    size: config.length,
  },
  layers: [
    {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: digestOf(layer),
      size: layer.length,
    },
  ],
});

let server: TestServer;
/** Answers requests for the layer; the tests set it. */
let answerBlob: (request: IncomingMessage, response: ServerResponse) => void;
let manifestHeaders: Record<string, string>;

beforeEach(async () => {
  manifestHeaders = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
  server = await startTestServer();
  server.answer = (request, response) => {
    const { url = '' } = request;
    if (url === '/v2/app/manifests/1') response.writeHead(200, manifestHeaders).end(manifest);
    else if (url === `/v2/app/blobs/${digestOf(config)}`) response.end(config);
    else if (url === `/v2/app/blobs/${digestOf(layer)}`) answerBlob(request, response);
    else response.writeHead(404).end();
  };
});
afterEach(() => server.stop());

function open(environment: NodeJS.ProcessEnv = {}): Promise<Source> {
  return openRegistryImage(parseReference(`${server.host}/app:1`), {
    architecture: 'amd64',
    environment: { HOME: '/nowhere', ...environment },
    sleep: async () => undefined,
  });
}

async function readApp(): Promise<Buffer | undefined> {
  const source = await open();
  try {
    return (await readSource(source))[0]!['usr/app'];
  } finally {
    await source.close();
  }
}

/** Sends a part of the layer that breaks off before its announced end. */
function breakOff(response: ServerResponse, from: number, to: number, status = 200): void {
  const headers =
    status === 206 ? { 'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}` } : {};
  response.writeHead(status, { 'content-length': layer.length - from, ...headers });
  response.write(layer.subarray(from, to), () => response.destroy());
}

describe('a layer whose connection breaks', () => {
  it('goes on where it ended', async () => {
    const ranges: (string | undefined)[] = [];
    answerBlob = ({ headers: { range } }, response) => {
      ranges.push(range);
      const from = Number(/\d+/.exec(range ?? '0')![0]);
      if (from < 200_000) breakOff(response, from, from + 100_000, range === undefined ? 200 : 206);
      else {
        const headers = { 'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}` };
        response.writeHead(206, headers).end(layer.subarray(from));
      }
    };
    expect((await readApp())?.equals(content)).toBe(true);
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  });

  it('goes on although the server sends all of it again', async () => {
    let times = 0;
    answerBlob = (_, response) => {
      if (times++ < 2) breakOff(response, 0, 70_000 * times);
      else response.end(layer);
    };
    expect((await readApp())?.equals(content)).toBe(true);
  });

  it.each(['bytes 5-9/10', 'bytes */10', 'nonsense'])(
    'does not go on with another part: %s',
    async (range) => {
      answerBlob = ({ headers }, response) => {
        if (headers.range === undefined) breakOff(response, 0, 100_000);
        else response.writeHead(206, { 'content-range': range }).end('x');
      };
      await expect(readApp()).rejects.toMatchObject({
        code: 'unreachable',
        message: expect.stringMatching(/sent another part than was asked for/),
      });
    },
  );

  it('is given up when nothing comes any more', async () => {
    let times = 0;
    answerBlob = (_, response) => {
      times += 1;
      breakOff(response, 0, 100_000);
    };
    await expect(readApp()).rejects.toMatchObject({
      code: 'unreachable',
      message: `${server.host}: the connection broke off`,
    });
    expect(times).toBe(5);
  });

  it('is complete when only the end of the connection went wrong', async () => {
    answerBlob = (_, response) => {
      response.writeHead(200, { 'content-length': layer.length + 10 });
      response.write(layer, () => response.destroy());
    };
    expect((await readApp())?.equals(content)).toBe(true);
  });
});

describe('a registry', () => {
  beforeEach(() => {
    answerBlob = (_, response) => void response.end(layer);
  });

  it('that states another digest than the manifest has is refused', async () => {
    manifestHeaders['docker-content-digest'] = `sha256:${'0'.repeat(64)}`;
    await expect(open()).rejects.toMatchObject({
      code: 'digest-mismatch',
      message: `the manifest of docker://${server.host}/app:1 has the digest ${digestOf(manifest)}, not the one that the registry states, sha256:${'0'.repeat(64)}`,
    });
  });

  it.each(['application/json', 'text/plain; charset=utf-8', 'application/octet-stream'])(
    'may call a manifest %s',
    async (type) => {
      manifestHeaders['content-type'] = type;
      expect((await readApp())?.equals(content)).toBe(true);
    },
  );

  it('is asked for every kind of manifest that can be read', async () => {
    await (await open()).close();
    const request = server.requests.find(({ url }) => url === '/v2/app/manifests/1');
    expect(request!.headers.accept!.split(', ').toSorted()).toEqual([
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.oci.image.manifest.v1+json',
    ]);
  });

  it('cannot send a manifest without end', async () => {
    server.answer = (_, response) => void response.end(Buffer.alloc(5_000_000, ' '));
    await expect(open()).rejects.toMatchObject({ code: 'too-large' });
  });

  it('that breaks off a manifest is asked again', async () => {
    const { answer } = server;
    let times = 0;
    server.answer = (request, response) => {
      if (request.url !== '/v2/app/manifests/1' || times++ === 2) {
        answer(request, response);
        return;
      }
      response.writeHead(200, { 'content-length': manifest.length });
      response.write(manifest.slice(0, 50), () => response.destroy());
    };
    await (await open()).close();
    expect(times).toBe(3);
  });

  it.each([
    [401, 'unauthorized', /does not give it without a login|asks for a login/],
    [403, 'unauthorized', /does not give it without a login \(DENIED: go away\\x1b\)$/],
    [404, 'not-found', /does not have it \(DENIED: go away\\x1b\)$/],
    [418, 'unreachable', /answered with status 418/],
    [429, 'unreachable', /got too many requests from here/],
    [500, 'unreachable', /answered with status 500/],
  ])('that answers with status %d is told so', async (status, code, message) => {
    server.answer = (_, response) => {
      const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'go away\x1b' }] });
      response.writeHead(status, { 'retry-after': '0' }).end(body);
    };
    await expect(open()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is never logged in to for another server, which cannot ask for the credentials', async () => {
    const storage = await startTestServer();
    const challenge = { 'www-authenticate': `Bearer realm="http://${storage.host}/token"` };
    storage.answer = (_, response) => void response.writeHead(401, challenge).end();
    answerBlob = (_, response) =>
      void response.writeHead(307, { location: `http://${storage.host}/blob` }).end();
    await expect(readApp()).rejects.toMatchObject({ code: 'unauthorized' });
    expect(storage.requests.map(({ url }) => url)).toEqual(['/blob']);
    await storage.stop();
  });

  it.each([
    ['registry.example', 'https://registry.example/'],
    ['registry.example:80', 'https://registry.example:80/'],
    ['docker.io/library', 'https://registry-1.docker.io/'],
    ['10.0.0.1', 'https://10.0.0.1/'],
  ])('on another machine, %s, is never asked without encryption', async (name, base) => {
    const client = await RegistryClient.open(parseReference(`${name}/app`), { environment: {} });
    expect(client.base.href).toBe(base);
    client.close();
  });

  it('may keep its layers elsewhere, where nobody gets the credentials', async () => {
    const storage = await startTestServer();
    storage.answer = (_, response) => void response.end(layer);
    answerBlob = (_, response) =>
      void response.writeHead(307, { location: `http://${storage.host}/signed?by=registry` }).end();
    const { answer } = server;
    const challenge = { 'www-authenticate': `Bearer realm="http://${server.host}/token"` };
    server.answer = (request, response) => {
      if (request.url?.startsWith('/token')) response.end('{"token": "abc"}');
      else if (request.headers.authorization === 'Bearer abc') answer(request, response);
      else response.writeHead(401, challenge).end();
    };
    expect((await readApp())?.equals(content)).toBe(true);
    expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    await storage.stop();
  });
});
