import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegistryImage } from '../../src/source/registry/open.ts';
import { parseReference } from '../../src/source/registry/reference.ts';
import { pushImage, writeImage } from '../support/oci-image.ts';
import { readSource } from '../support/read-source.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { freePort } from '../support/server-process.ts';
import { tarArchive } from '../support/tar-archive.ts';
import { type ProxyServer, startProxy } from '../support/tinyproxy.ts';
import { makeAuthority } from '../support/tls.ts';

const NAME = 'registry.test';

let directory: string;
let registry: Registry;
let open: ProxyServer;
let guarded: ProxyServer;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'proxy-test-'));
  const authority = await makeAuthority(directory);
  registry = await startRegistry({ tls: await authority.issue('server', NAME, '127.0.0.1') });
  for (const host of [NAME, '127.0.0.1']) {
    const certificates = join(directory, `.config/containers/certs.d/${host}:${registry.port}`);
    mkdirSync(certificates, { recursive: true });
    copyFileSync(authority.certificate, join(certificates, 'ca.crt'));
  }
  const layers = [await tarArchive([{ name: 'usr/app', content: 'app' }])];
  await pushImage(writeImage(join(directory, 'image'), { layers }), `${registry.host}/app:1`);
  open = await startProxy([NAME]);
  guarded = await startProxy([NAME], { name: 'user', password: 'secret' });
});
afterAll(async () => {
  await guarded?.stop();
  await open?.stop();
  await registry?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function read(environment: Record<string, string>, host = NAME): Promise<string> {
  const source = await openRegistryImage(parseReference(`${host}:${registry.port}/app:1`), {
    architecture: 'amd64',
    environment: { HOME: directory, ...environment },
    sleep: async () => undefined,
  });
  try {
    return (await readSource(source))[0]!['usr/app']!.toString();
  } finally {
    await source.close();
  }
}

describe('a registry behind a proxy', () => {
  it('is reached by HTTPS_PROXY', async () => {
    expect(await read({ HTTPS_PROXY: `http://${open.host}` })).toBe('app');
    expect(open.log()).toContain(`CONNECT ${NAME}:${registry.port}`);
    // The connection is kept: a tunnel for each request would be slow.
    expect(open.log().split('CONNECT registry').length).toBe(2);
  });

  it('is reached by a proxy that wants credentials', async () => {
    expect(await read({ https_proxy: `user:secret@${guarded.host}` })).toBe('app');
    for (const url of [`http://${guarded.host}`, `http://user:wrong-secret@${guarded.host}`]) {
      const error = await read({ HTTPS_PROXY: url }).catch((reason) => reason);
      expect(error).toMatchObject({
        code: 'unreachable',
        message: `${NAME}:${registry.port}: the proxy ${guarded.host} wants other credentials`,
      });
    }
  });

  it.each([NAME, `${NAME}:PORT`, '.test', '*'])(
    'is not asked for by the proxy where NO_PROXY is %s',
    async (exception) => {
      const before = open.log();
      const environment = {
        HTTPS_PROXY: `http://${open.host}`,
        NO_PROXY: exception.replace('PORT', String(registry.port)),
      };
      // Only the proxy knows the name.
      await expect(read(environment)).rejects.toMatchObject({
        code: 'unreachable',
        message: expect.stringMatching(/there is no host of that name|its name cannot be resolved now/),
      });
      expect(open.log()).toBe(before);
    },
  );

  it('on this machine is reached without it', async () => {
    expect(await read({ HTTPS_PROXY: 'http://127.0.0.1:9' }, '127.0.0.1')).toBe('app');
  });

  it('is not reached by a proxy that is not there, or does not connect', async () => {
    const gone = `127.0.0.1:${await freePort()}`;
    await expect(read({ HTTPS_PROXY: `http://${gone}` })).rejects.toMatchObject({
      code: 'unreachable',
      message: `${NAME}:${registry.port}: the proxy ${gone} refused the connection`,
    });
    await expect(read({ HTTPS_PROXY: `http://${open.host}` }, 'elsewhere.test')).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(`the proxy ${open.host} does not connect to it \\(status 5\\d\\d\\)`),
    });
  });
});
