import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpClient } from '../../../src/source/http/http-client.ts';

const content = randomBytes(12_345_678);
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let connections: number;
let server: Server;
let client: HttpClient;
let url: URL;

describe.each(['http', 'https'])('%s: a connection that reads into one buffer', (protocol) => {
  beforeEach(async () => {
    const fixture = (name: string): Buffer =>
      readFileSync(new URL(`../../fixtures/signature/${name}`, import.meta.url));
    const answer: RequestListener = (_, response) => void response.end(content);
    server =
      protocol === 'http'
        ? createServer(answer)
        : createHttpsServer({ key: fixture('rsa.key'), cert: fixture('rsa.crt') }, answer);
    connections = 0;
    server.on('connection', () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = new URL(`${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    client = new HttpClient({
      environment: {},
      tlsOptions: async () => ({ rejectUnauthorized: false }) as SecureContextOptions,
    });
  });
  afterEach(async () => {
    client.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('gives pieces that stay as they are while others come', async () => {
    const { body } = await client.send(url);
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(10);
    expect(digest(Buffer.concat(pieces))).toBe(digest(content));
  });

  it('gives pieces to who waits with each of them, and serves several requests', async () => {
    for (let request = 0; request < 3; request++) {
      const hash = createHash('sha256');
      const response = await client.send(url);
      let count = 0;
      await response.consume((piece) => {
        count += 1;
        if (count % 7 !== 0) {
          hash.update(piece);
          return undefined;
        }
        return new Promise((resolve) => setImmediate(resolve)).then(() => void hash.update(piece));
      });
      expect(hash.digest('hex')).toBe(digest(content));
    }
    expect(connections).toBe(1);
  });

  it('frees each piece when it was taken', async () => {
    const response = await client.send(url);
    const pieces: Uint8Array[] = [];
    await response.consume((piece) => {
      pieces.push(piece);
      return undefined;
    });
    expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(0);
  });
});
