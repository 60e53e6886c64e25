import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBlob } from '../../../src/source/registry/read-blob.ts';
import { parseReference } from '../../../src/source/registry/reference.ts';
import { RegistryClient } from '../../../src/source/registry/registry-client.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';

const MB = 1024 * 1024;
const blob = randomBytes(36 * MB + 777);
const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;

let server: TestServer;
let client: RegistryClient;
/** Answers with a range that are being sent at the moment, and the most there were at once. */
let load: { open: number; most: number };

beforeEach(async () => {
  load = { open: 0, most: 0 };
  server = await startTestServer();
  client = await RegistryClient.open(parseReference(`${server.host}/app:1`), {
    environment: {},
    sleep: async () => undefined,
  });
});
afterEach(async () => {
  client.close();
  await server.stop();
});

/** What a request asks for. */
function rangeOf({ headers }: IncomingMessage): { start: number; end: number } {
  const [, start = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  return { start: Number(start), end: last === '' ? blob.length : Number(last) + 1 };
}

/** Waits until more can be written, or nothing any more. */
function drainedOrClosed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const goOn = (): void => {
      response.off('drain', goOn).off('close', goOn);
      resolve();
    };
    response.on('drain', goOn).on('close', goOn);
  });
}

/** Sends a range as a server that gives each connection so many bytes each ten milliseconds. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  share: number,
  { ranges = true, end: cut = Number.POSITIVE_INFINITY } = {},
): Promise<void> {
  const { start, end } = rangeOf(request);
  const headers = {
    'content-length': end - start,
    ...(ranges && { 'accept-ranges': 'bytes' }),
    ...(request.headers.range && { 'content-range': `bytes ${start}-${end - 1}/${blob.length}` }),
  };
  response.writeHead(request.headers.range === undefined ? 200 : 206, headers);
  const own = request.headers.range === undefined ? { open: 0, most: 0 } : load;
  own.open += 1;
  own.most = Math.max(own.most, own.open);
  try {
    for (let at = start; at < end && !response.destroyed; at += share) {
      if (at - start >= cut) {
        response.destroy();
        return;
      }
      if (!response.write(blob.subarray(at, Math.min(at + share, end))) && at + share < end) {
        await drainedOrClosed(response);
      }
      if (at + share < end) await setTimeout(10);
    }
    response.end();
  } finally {
    own.open -= 1;
  }
}

async function read(): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const request = { client, digest, size: blob.length, what: 'layer x' };
  for await (const piece of readBlob(request, {})) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** What a slow connection gets each ten milliseconds: some 6 MB a second. */
const SLOW = 64 * 1024;

describe('a blob', () => {
  it('comes over several connections where one of them is what holds it up', async () => {
    server.answer = (request, response) => void send(request, response, SLOW);
    expect((await read()).equals(blob)).toBe(true);
    expect(load.most).toBe(4);
    const [first, ...rest] = server.requests.map(({ headers }) => headers.range);
    expect(first).toBeUndefined();
    const ranges = rest.map((range) => /^bytes=(\d+)-(\d*)$/.exec(range!)!.slice(1).map(Number));
    ranges.forEach(([start, last], index) => {
      if (index > 0) expect(start).toBe(ranges[index - 1]![1]! + 1);
      if (last !== 0) expect(last! - start! + 1).toBeLessThanOrEqual(4 * MB);
    });
  });

  it('comes over one connection where that is fast', async () => {
    server.answer = (request, response) => void send(request, response, blob.length);
    expect((await read()).equals(blob)).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  it('comes over one connection from a server without ranges', async () => {
    server.answer = (request, response) => void send(request, response, 4 * SLOW, { ranges: false });
    expect((await read()).equals(blob)).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  it('is whole although connections break', async () => {
    let broken = 0;
    server.answer = (request, response) => {
      const isSecond = request.headers.range !== undefined && broken < 3;
      if (isSecond) broken += 1;
      void send(request, response, SLOW, isSecond ? { end: MB } : {});
    };
    expect((await read()).equals(blob)).toBe(true);
    expect(broken).toBe(3);
  });

  it.each([
    ['has no more of it', (response: ServerResponse) => response.writeHead(404).end(), /does not have it/],
    [
      'sends another part',
      (response: ServerResponse) =>
        response.writeHead(206, { 'content-range': `bytes 0-9/${blob.length}` }).end('0123456789'),
      /sent another part than was asked for/,
    ],
    [
      'sends less than the part',
      (response: ServerResponse, { start, end }: { start: number; end: number }) =>
        response
          .writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${blob.length}` })
          .end('0123456789'),
      /sent another part than was asked for/,
    ],
  ] as const)('is refused where the server %s, and nothing is left open', async (_, refuse, message) => {
    let ranges = 0;
    server.answer = (request, response) => {
      if (request.headers.range !== undefined && ++ranges === 3) refuse(response, rangeOf(request));
      else void send(request, response, SLOW);
    };
    await expect(read()).rejects.toMatchObject({ message: expect.stringMatching(message) });
    await expect.poll(() => load.open).toBe(0);
  });

  it('ends with its connections where nothing more is wanted', async () => {
    server.answer = (request, response) => void send(request, response, SLOW);
    const request = { client, digest, size: blob.length, what: 'layer x' };
    for await (const _piece of readBlob(request, {})) if (load.most === 4) break;
    await expect.poll(() => load.open).toBe(0);
  });
});
