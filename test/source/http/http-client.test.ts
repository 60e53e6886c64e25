import { readFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readBody } from '../../../src/source/http/exchange.ts';
import { HttpClient, type RequestOptions } from '../../../src/source/http/http-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let other: TestServer;
let client: HttpClient;
let waits: number[];

beforeEach(async () => {
  [server, other] = await Promise.all([startTestServer(), startTestServer()]);
  waits = [];
  client = new HttpClient({
    environment: {},
    tlsOptions: async () => ({}),
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      waits.push(milliseconds);
    },
  });
});
afterEach(async () => {
  client.close();
  await Promise.all([server.stop(), other.stop()]);
});

async function get(path = '/', options: RequestOptions = {}): Promise<{ status: number; text: string }> {
  const response = await client.send(new URL(`http://${server.host}${path}`), options);
  const body = await readBody(response, 1_000_000);
  return { status: response.status, text: Buffer.from(body!).toString() };
}

/** Answers with these statuses in turn, and with 200 after them. */
function statuses(...list: (number | { status: number; headers: Record<string, string> })[]): void {
  server.answer = (_, response) => {
    const next = list.shift() ?? 200;
    if (typeof next === 'number') response.writeHead(next);
    else response.writeHead(next.status, next.headers);
    response.end('body');
  };
}

describe('a request that fails for a moment', () => {
  it('is made again after a growing time', async () => {
    statuses(503, 500, 502, 504);
    expect(await get()).toEqual({ status: 200, text: 'body' });
    expect(waits).toEqual([500, 1000, 2000, 4000]);
  });

  it('is made again after the time that the server asks for', async () => {
    const inAnHour = new Date(Date.now() - 3_600_000).toUTCString();
    statuses(
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 503, headers: { 'retry-after': inAnHour } },
      { status: 429, headers: { 'retry-after': 'soon' } },
    );
    expect((await get()).status).toBe(200);
    expect(waits).toEqual([7000, 0, 2000]);
  });

  it('is not made again when that time is too long', async () => {
    statuses({ status: 429, headers: { 'retry-after': '3600' } });
    expect((await get()).status).toBe(429);
    expect(waits).toEqual([]);
  });

  it('is made five times at most', async () => {
    server.answer = (_, response) => void response.writeHead(500).end();
    expect((await get()).status).toBe(500);
    expect(server.requests.length).toBe(5);
  });

  it('is made again when the connection breaks off', async () => {
    let broken = 0;
    server.answer = (request, response) => {
      if (broken++ < 2) request.socket.resetAndDestroy();
      else response.end('there');
    };
    expect((await get()).text).toBe('there');
  });

  it('is not made again when the answer will stay the same', async () => {
    statuses(404);
    expect((await get()).status).toBe(404);
    expect(waits).toEqual([]);
  });

  it('is not made again once it is aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    server.answer = (_, response) => {
      controller.abort(reason);
      response.writeHead(503).end();
    };
    await expect(get('/', { signal: controller.signal })).rejects.toBe(reason);
    expect(server.requests.length).toBe(1);
  });
});

describe('a redirect', () => {
  const authorization = 'Bearer secret';

  it('to another server takes no credentials along, nor from there back', async () => {
    server.answer = (request, response) => {
      if (request.url === '/') response.writeHead(307, { location: `http://${other.host}/there` }).end();
      else response.end('home');
    };
    other.answer = (_, response) =>
      void response.writeHead(302, { location: `http://${server.host}/home` }).end();
    expect((await get('/', { headers: { authorization } })).text).toBe('home');
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([authorization, undefined]);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('on the same server takes them along', async () => {
    server.answer = (request, response) => {
      if (request.url === '/a/b') response.writeHead(301, { location: '../c?d' }).end();
      else response.end(request.url);
    };
    expect((await get('/a/b', { headers: { authorization } })).text).toBe('/c?d');
    expect(server.requests[1]!.headers.authorization).toBe(authorization);
  });

  it('keeps the part that was asked for', async () => {
    server.answer = (request, response) => {
      if (request.url === '/') response.writeHead(307, { location: `http://${other.host}/` }).end();
    };
    other.answer = (request, response) => void response.end(request.headers.range);
    expect((await get('/', { headers: { range: 'bytes=5-' } })).text).toBe('bytes=5-');
  });

  it('without end is an error', async () => {
    server.answer = (_, response) => void response.writeHead(302, { location: '/' }).end();
    await expect(get()).rejects.toMatchObject({
      code: 'unreachable',
      message: `${server.host}: it redirects more than 10 times`,
    });
    expect(server.requests.length).toBe(11);
  });

  it.each([
    ['http://example.com/x', /redirects to example\.com without encryption/],
    ['ftp://127.0.0.1/x', /no web address/],
    ['http://', /no web address/],
  ])('to %s is not followed', async (location, message) => {
    server.answer = (_, response) => void response.writeHead(302, { location }).end();
    await expect(get()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(message),
    });
  });

  it('from https to http is not followed, not even on this machine', async () => {
    const fixture = (name: string): Buffer =>
      readFileSync(new URL(`../../fixtures/signature/${name}`, import.meta.url));
    const secure = createHttpsServer({ key: fixture('rsa.key'), cert: fixture('rsa.crt') }, (_, response) => {
      response.writeHead(302, { location: `http://${other.host}/` }).end();
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const trusting = new HttpClient({
      environment: {},
      tlsOptions: async () => ({ rejectUnauthorized: false }) as SecureContextOptions,
    });
    const url = new URL(`https://127.0.0.1:${(secure.address() as AddressInfo).port}/`);
    await expect(trusting.send(url)).rejects.toMatchObject({
      message: expect.stringMatching(/redirects to .* without encryption/),
    });
    expect(other.requests).toEqual([]);
    trusting.close();
    secure.close();
  });

  it('of a form is not followed', async () => {
    server.answer = (_, response) => void response.writeHead(302, { location: '/' }).end();
    expect((await get('/', { method: 'POST', body: 'secret' })).status).toBe(302);
    expect(server.requests.length).toBe(1);
  });
});

describe('a server that', () => {
  it('is not there is said to refuse', async () => {
    const gone = await startTestServer();
    await gone.stop();
    await expect(client.send(new URL(`http://${gone.host}/`))).rejects.toMatchObject({
      code: 'unreachable',
      message: `${gone.host}: the connection was refused`,
    });
  });

  it('has no encryption is said to make no TLS connection', async () => {
    await expect(client.send(new URL(`https://${server.host}/`))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/no TLS connection can be made: wrong version number$/),
      hint: 'check that the port is one for HTTPS',
    });
  });

  it('has a self-signed certificate is not trusted', async () => {
    const fixture = (name: string): Buffer =>
      readFileSync(new URL(`../../fixtures/signature/${name}`, import.meta.url));
    const secure = createHttpsServer({ key: fixture('rsa.key'), cert: fixture('rsa.crt') });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(secure.address() as AddressInfo).port}`;
    await expect(client.send(new URL(`https://${host}/`))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/signed by none of the authorities that this machine trusts/),
      hint: expect.stringContaining(`/etc/docker/certs.d/${host}/ca.crt`),
    });
    secure.close();
  });

  it.each([
    ['speaks another protocol', '220 mail.example ESMTP\r\n', /its answer is not HTTP/],
    ['has too much to say', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`, /too large a header/],
    ['ends at once', '', /the connection broke off/],
  ])('%s is said to', async (_, words, message) => {
    const raw = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(words));
    });
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(raw.address() as AddressInfo).port}/`);
    await expect(client.send(url)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(message),
    });
    raw.close();
  });

  describe('falls silent', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
    afterEach(() => void vi.useRealTimers());

    it('before its answer is given up after a minute', async () => {
      server.answer = () => void vi.advanceTimersByTime(60_000);
      await expect(get()).rejects.toMatchObject({
        code: 'unreachable',
        message: `${server.host}: there was no answer within 60 seconds`,
      });
      expect(server.requests.length).toBe(5);
    });

    it('in the middle of it is given up after a minute', async () => {
      server.answer = (_, response) => void response.writeHead(200, { 'content-length': 10 }).write('half');
      const response = await client.send(new URL(`http://${server.host}/`));
      const pieces = response.body[Symbol.asyncIterator]();
      await pieces.next();
      // While nobody asks for more, its silence is no fault.
      vi.advanceTimersByTime(120_000);
      const next = pieces.next();
      const failed = expect(next).rejects.toMatchObject({
        name: 'TimeoutError',
        message: 'nothing was received for 60 seconds',
      });
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(59_000);
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(2000);
      await failed;
    });
  });
});
