import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SYSEXT } from '../../../src/image/extension/kind.ts';
import { readConfiguration } from '../../../src/node/config/read-configuration.ts';
import { type FetchedImage, fetchImage, fetchTarget } from '../../../src/node/download/fetch-image.ts';
import type { HostDirectory } from '../../../src/node/host/host.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';

let root: string;
let directory: HostDirectory;
let server: Server;
/** The requests that came: path and range. */
let requests: string[];
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answers: Record<string, Answer>;

const BODY = Buffer.alloc(3_000_000, 'image ');
const ETAG = '"strong"';

beforeEach(async () => {
  root = fs.mkdtempSync(join(tmpdir(), 'download-'));
  directory = nodeHost({ root, environment: {} }).openDirectory('/store', { create: true })!;
  requests = [];
  answers = {};
  server = createServer((request, response) => {
    const path = request.url!.replace(/\?.*/, '');
    requests.push(`${path} ${request.headers.range ?? ''} ${request.headers['if-range'] ?? ''}`.trim());
    (answers[path] ?? whole)(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  directory[Symbol.dispose]();
  fs.rmSync(root, { recursive: true });
});

/** A server as it should be: the whole, or the part that is asked for if the validator is right. */
const whole: Answer = (request, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start > 0 && request.headers['if-range'] === ETAG) {
    const range = `bytes ${start}-${BODY.length - 1}/${BODY.length}`;
    response.writeHead(206, { etag: ETAG, 'content-range': range, 'content-length': BODY.length - start });
    response.end(BODY.subarray(start));
    return;
  }
  response.writeHead(200, { etag: ETAG, 'content-length': BODY.length });
  response.end(BODY);
};

/** Sends the beginning and breaks the connection off. */
const broken =
  (length: number, headers: Record<string, string> = { etag: ETAG }): Answer =>
  (_, response) => {
    response.writeHead(200, { ...headers, 'content-length': BODY.length });
    response.write(BODY.subarray(0, length), () => setTimeout(() => response.destroy(), 50));
  };

interface FetchOptions {
  readonly signal?: AbortSignal;
  readonly limit?: number;
  readonly onProgress?: (done: number) => void;
}

async function fetch(path: string, { signal, limit, onProgress }: FetchOptions = {}): Promise<FetchedImage> {
  const host = nodeHost({ root, environment: {} });
  const fetched = await fetchImage({
    host,
    kind: SYSEXT,
    ...fetchTarget(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, undefined, SYSEXT),
    directory,
    configuration: { ...(await readConfiguration(host)), downloadLimit: limit },
    architecture: 'amd64',
    wantsDigest: false,
    sleep: async () => undefined,
    onProgress,
    signal,
  });
  if (fetched.partial === undefined) throw new TypeError('nothing was fetched');
  return fetched;
}

/** What was fetched, which is then removed. */
async function fetched(path: string): Promise<{ digest: string; resumed: number }> {
  const { partial, resumed } = await fetch(path);
  const bytes = await partial.content.read(0, partial.size);
  await partial[Symbol.asyncDispose]();
  return { digest: digestOf(bytes), resumed };
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const WHOLE = { digest: digestOf(BODY), resumed: 0 };

test('a file is fetched under a name that nobody looks at, and leaves nothing when it is not taken', async () => {
  const { partial, fileName, source } = await fetch('/a.raw?token=secret');
  expect(fileName).toBe('a.raw');
  expect(source).not.toContain('secret');
  expect(directory.list()).toEqual(['.#a.raw.part']);
  await partial[Symbol.asyncDispose]();
  expect(directory.list()).toEqual([]);
});

describe('after an interruption', () => {
  /** Fetches a part and is interrupted. */
  async function interrupt(path: string): Promise<void> {
    const controller = new AbortController();
    const promise = fetch(path, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('Ctrl-C')),
    });
    await expect(promise).rejects.toThrow('Ctrl-C');
  }

  test('the next download goes on', async () => {
    answers['/a.raw'] = broken(2_000_000);
    await interrupt('/a.raw');
    expect(directory.list()).toEqual(['.#a.raw.from', '.#a.raw.part']);
    delete answers['/a.raw'];
    const { digest, resumed } = await fetched('/a.raw');
    expect(digest).toBe(WHOLE.digest);
    expect(resumed).toBeGreaterThan(0);
    expect(requests[1]).toBe(`/a.raw bytes=${resumed}- ${ETAG}`);
  });

  test.each([
    ['another URI of the same name', '/a.raw', '/other/a.raw', ETAG, undefined],
    ['a file that changed', '/a.raw', '/a.raw', '"new"', `${ETAG}`],
    ['a server with weak validators', '/a.raw', '/a.raw', 'W/"weak"', undefined],
  ])('of %s, it starts anew', async (_, first, second, tag, asked) => {
    const old = tag === 'W/"weak"' ? tag : ETAG;
    answers[first] = (_request, response) => {
      response.writeHead(200, { etag: old, 'content-length': BODY.length });
      response.write(Buffer.alloc(2_000_000, 'old'));
    };
    await interrupt(first);
    answers[second] = (request, response) => {
      if (request.headers['if-range'] === tag) throw new TypeError('a part is asked for');
      response.writeHead(200, { etag: tag, 'content-length': BODY.length });
      response.end(BODY);
    };
    expect(await fetched(second)).toEqual(WHOLE);
    expect(requests[1]).toEqual(asked === undefined ? second : expect.stringContaining(asked));
  });

  test.each<[string, Answer]>([
    [
      'a part of another place',
      (_, response) => {
        response.writeHead(206, { etag: ETAG, 'content-range': `bytes 5-${BODY.length - 1}/${BODY.length}` });
        response.end(BODY.subarray(5));
      },
    ],
    [
      'a part of another file',
      (request, response) => {
        const start = Number(/\d+/.exec(request.headers.range!)![0]);
        response.writeHead(206, {
          etag: '"other"',
          'content-range': `bytes ${start}-${BODY.length - 1}/${BODY.length}`,
        });
        response.end(BODY.subarray(start));
      },
    ],
    [
      'that there is no such part',
      (_, response) => {
        response.writeHead(416).end();
      },
    ],
  ])('a server that answers with %s is asked for the whole', async (_, answer) => {
    answers['/a.raw'] = broken(2_000_000);
    await interrupt('/a.raw');
    answers['/a.raw'] = (request, response) =>
      (request.headers.range === undefined ? whole : answer)(request, response);
    expect(await fetched('/a.raw')).toEqual(WHOLE);
  });
});

describe('a connection that breaks', () => {
  test('is made again, and goes on', async () => {
    let tries = 0;
    answers['/a.raw'] = (request, response) => {
      tries += 1;
      (tries === 1 ? broken(1_500_000) : whole)(request, response);
    };
    expect(await fetched('/a.raw')).toEqual(WHOLE);
    expect(requests[1]).toMatch(/bytes=1500000- "strong"/);
  });

  test('begins again where the server gives no strong validator', async () => {
    let tries = 0;
    answers['/a.raw'] = (request, response) => {
      tries += 1;
      if (tries === 1) broken(1_500_000, {})(request, response);
      else response.writeHead(200, { 'content-length': BODY.length }).end(BODY);
    };
    expect(await fetched('/a.raw')).toEqual(WHOLE);
    expect(requests).toEqual(['/a.raw', '/a.raw']);
  });

  test('again and again ends with an error, and what came is kept', async () => {
    answers['/a.raw'] = (request, response) => {
      if (request.headers.range === undefined) broken(1000)(request, response);
      else response.destroy();
    };
    await expect(fetch('/a.raw')).rejects.toMatchObject({ code: 'unreachable', message: /broke off/ });
    expect(directory.list()).toEqual(['.#a.raw.from', '.#a.raw.part']);
  });
});

describe('is refused', () => {
  test.each<[string, Answer, object]>([
    ['a missing file', (_, response) => response.writeHead(404).end(), { code: 'not-found', exitCode: 4 }],
    [
      'a forbidden one',
      (_, response) => response.writeHead(403).end('secret'),
      { code: 'download-failed', message: /does not allow it \(status 403\)/ },
    ],
    [
      'one that is packed',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      { code: 'download-failed', message: /packs the file \(gzip\)/ },
    ],
    [
      'one that is announced too large',
      (_, response) => void response.writeHead(200, { 'content-length': '10000000000' }).write('x'),
      { code: 'download-failed', message: /more than the 4000000 bytes/ },
    ],
    [
      'one that grows too large',
      (_, response) => {
        const timer = setInterval(() => response.write(Buffer.alloc(500_000)), 1);
        response.on('close', () => clearInterval(timer));
      },
      { code: 'download-failed', message: /more than the 4000000 bytes/ },
    ],
    [
      'a circle of redirects',
      (_, response) => response.writeHead(302, { location: '/a.raw' }).end(),
      { code: 'unreachable', message: /redirects more than 10 times/ },
    ],
    [
      'an answer to what was not asked',
      (_, response) => response.writeHead(206, { 'content-range': 'bytes 0-1/2' }).end('xx'),
      { code: 'download-failed', message: /status 206/ },
    ],
  ])('%s', async (_, answer, error) => {
    answers['/a.raw'] = answer;
    await expect(fetch('/a.raw', { limit: 4_000_000 })).rejects.toMatchObject(
      Object.fromEntries(
        Object.entries(error).map(([key, value]) => [
          key,
          value instanceof RegExp ? expect.stringMatching(value) : value,
        ]),
      ),
    );
    expect(directory.list()).toEqual([]);
  });

  test('what does not fit on the disk, before a byte of it is written', async () => {
    answers['/a.raw'] = (_, response) =>
      void response.writeHead(200, { 'content-length': String(2 ** 50) }).write('x');
    await expect(fetch('/a.raw', { limit: 2 ** 52 })).rejects.toMatchObject({ code: 'no-space' });
  });

  test.each([
    '/a.img',
    '/.hidden.raw',
    '/..%2F..%2Fx.raw',
    '/a%0Ab.raw',
    '/%ff.raw',
    `/${'x'.repeat(250)}.raw`,
    '/a.confext.raw',
    '/.raw',
    '/',
  ])('the name of %s, and nothing is asked for', async (path) => {
    await expect(fetch(path)).rejects.toMatchObject({ exitCode: 2 });
    expect(requests).toEqual([]);
  });
});

test('redirects over HTTP are followed', async () => {
  answers['/a.raw'] = (_, response) => response.writeHead(301, { location: '/mirror/b.raw' }).end();
  const { partial, fileName, source } = await fetch('/a.raw');
  await using _ = partial;
  expect(fileName).toBe('a.raw');
  expect(source).toMatch(/\/mirror\/b\.raw$/);
});

test('two agents do not download the same file at once', async () => {
  let arrived = (): void => undefined;
  const asked = new Promise<void>((done) => {
    arrived = done;
  });
  answers['/a.raw'] = (_, response) => {
    response.writeHead(200, { 'content-length': BODY.length }).write('x');
    arrived();
  };
  const controller = new AbortController();
  const first = fetch('/a.raw', { signal: controller.signal });
  await asked;
  await expect(fetch('/a.raw')).rejects.toMatchObject({ code: 'busy' });
  controller.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  delete answers['/a.raw'];
  expect(await fetched('/a.raw')).toEqual(WHOLE);
});
