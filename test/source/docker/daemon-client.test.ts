import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DaemonClient } from '../../../src/source/docker/daemon-client.ts';
import { readBody } from '../../../src/source/http/exchange.ts';

let server: Server;
let client: DaemonClient;
let answer: RequestListener;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/_ping') response.setHeader('api-version', '1.41').end('OK');
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  client = await DaemonClient.open({ description: 'DAEMON', base, connection: {} }, undefined);
});
afterAll(() => void server.close());

describe('a daemon that takes its time', () => {
  const MINUTE = 60_000;

  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('may do so to gather an image', async () => {
    answer = (_, response) => {
      vi.advanceTimersByTime(59 * MINUTE);
      response.end('archive');
    };
    const saved = await client.save('app:1', 'IMAGE', undefined);
    expect(Buffer.from((await readBody(saved, 100))!).toString()).toBe('archive');
  });

  it.each([
    ['an image for an hour', 60, () => client.save('app:1', 'IMAGE', undefined)],
    [
      'a document for a minute',
      1,
      () => client.getJson('/images/app:1/json', v.object({}), 'IMAGE', undefined),
    ],
  ])('is waited for to send %s', async (_, minutes, ask) => {
    answer = () => void vi.advanceTimersByTime(minutes * MINUTE);
    await expect(ask()).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(`there was no answer within ${minutes * 60} seconds`),
    });
  });
});
