import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpClient } from '../../../src/source/http/http-client.ts';
import { authorize } from '../../../src/source/registry/authorization.ts';
import { parseChallenges } from '../../../src/source/registry/challenge.ts';
import type { Credentials } from '../../../src/source/registry/credentials.ts';
import { startTestServer, type TestServer } from '../http/test-server.ts';

let server: TestServer;
let http: HttpClient;
beforeEach(async () => {
  server = await startTestServer();
  http = new HttpClient({ environment: {}, tlsOptions: async () => ({}), sleep: async () => undefined });
});
afterEach(async () => {
  http.close();
  await server.stop();
});

const password: Credentials = { kind: 'password', username: 'alice', password: 'secret', origin: 'FILE' };
const BASIC = `Basic ${Buffer.from('alice:secret').toString('base64')}`;

function ask(header: string, credentials?: Credentials, base = 'http://127.0.0.1:5000/'): Promise<string> {
  return authorize(parseChallenges(header), {
    http,
    base: new URL(base),
    registry: 'example.com',
    repository: 'team/app',
    credentials,
    signal: undefined,
  });
}

const bearer = (more = ''): string => `Bearer realm="http://${server.host}/token?x=y",service="s"${more}`;

function answer(body: unknown, status = 200): void {
  server.answer = (_, response) => void response.writeHead(status).end(JSON.stringify(body));
}

describe('a challenge', () => {
  it('of Basic is answered with user and password, or not at all', async () => {
    expect(await ask('Basic realm="r"', password)).toBe(BASIC);
    await expect(ask('Basic realm="r"')).rejects.toMatchObject({
      code: 'unauthorized',
      hint: 'log in with: docker login example.com',
    });
  });

  it('of Bearer comes before Basic', async () => {
    answer({ token: 'abc' });
    expect(await ask(`Basic realm="r", ${bearer()}`, password)).toBe('Bearer abc');
    expect(server.requests[0]!.headers.authorization).toBe(BASIC);
  });

  it('of Bearer asks for what the registry says, else to pull', async () => {
    answer({ access_token: 'abc' });
    expect(await ask(bearer(',scope="repository:a:pull repository:b:pull"'))).toBe('Bearer abc');
    expect(await ask(bearer())).toBe('Bearer abc');
    expect(server.requests.map(({ url }) => decodeURIComponent(url!))).toEqual([
      '/token?x=y&service=s&scope=repository:a:pull&scope=repository:b:pull',
      '/token?x=y&service=s&scope=repository:team/app:pull',
    ]);
  });

  it('needs no token server where the credentials are a token of the registry', async () => {
    expect(await ask(bearer(), { kind: 'registry-token', token: 'abc', origin: 'FILE' })).toBe('Bearer abc');
    expect(server.requests).toEqual([]);
  });

  it.each(['', 'Negotiate', 'Digest realm="x"', 'Bearer service="no realm"'])(
    '%j is not known',
    async (header) => {
      await expect(ask(header, password)).rejects.toMatchObject({ code: 'unauthorized' });
    },
  );

  it('never sends credentials without encryption', async () => {
    answer({ token: 'abc' });
    await expect(ask(bearer(), password, 'https://registry.example/')).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/^registry\.example: it names a token server without encryption/),
    });
    await expect(ask('Bearer realm="http://auth.example/token"', password)).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await expect(ask('Bearer realm="file:///etc/passwd"', password)).rejects.toMatchObject({
      code: 'unauthorized',
    });
    expect(server.requests).toEqual([]);
  });
});

describe('a token server', () => {
  it.each([[{}], [{ token: '' }], [{ token: 5 }], ['abc'], [null]])(
    'that answers %j gives no token',
    async (body) => {
      answer(body);
      await expect(ask(bearer())).rejects.toMatchObject({
        code: 'unreachable',
        message: `${server.host}: it gives no token for 127.0.0.1:5000 (status 200)`,
      });
    },
  );

  it('cannot put more into the header than a token', async () => {
    answer({ token: 'abc\r\nx: y' });
    await expect(ask(bearer())).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('that fails is named', async () => {
    answer({ token: 'abc' }, 500);
    await expect(ask(bearer())).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(`${server.host}: it gives no token`),
    });
  });

  it('gets an identity token in a form, never in the URL', async () => {
    answer({ access_token: 'abc' });
    const credentials: Credentials = { kind: 'identity-token', token: 'refresh', origin: 'FILE' };
    expect(await ask(bearer(), credentials)).toBe('Bearer abc');
    expect(server.requests[0]).toMatchObject({ method: 'POST', url: '/token?x=y' });
  });
});
