import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDaemonImage } from '../../src/source/docker/daemon.ts';
import { openReference } from '../../src/source/lookup.ts';
import { parseReference } from '../../src/source/registry/reference.ts';
import type { Source } from '../../src/source/source.ts';
import { pushImage, writeImage } from '../support/oci-image.ts';
import { type Podman, startPodman } from '../support/podman.ts';
import { readSource } from '../support/read-source.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { freePort } from '../support/server-process.ts';
import { tarArchive } from '../support/tar-archive.ts';
import { makeAuthority } from '../support/tls.ts';

let directory: string;
let podman: Podman;
let registry: Registry;

async function image(name: string, text: string, architecture = 'amd64') {
  return writeImage(join(directory, name), {
    architecture,
    layers: [
      await tarArchive([{ name: 'usr/base', content: 'base' }]),
      await tarArchive([{ name: 'usr/app', content: text }]),
    ],
  });
}

beforeAll(async () => {
  // podman takes the path for a name of an image, which may have no capital letters.
  directory = join(tmpdir(), `daemon-test-${randomUUID()}`);
  mkdirSync(directory);
  podman = await startPodman();
  registry = await startRegistry();
  const own = await image('own', 'from the daemon');
  for (const name of ['docker.io/library/app:1', 'docker.io/library/app:latest', `${registry.host}/both:1`]) {
    const id = (await podman.run('pull', '--quiet', `oci:${own.directory}:latest`)).split('\n').at(-1)!;
    await podman.run('tag', id, name);
  }
  await pushImage(await image('pushed', 'from the registry'), `${registry.host}/both:1`);
  await pushImage(await image('arm', 'from the registry, for arm64', 'arm64'), `${registry.host}/both:arm`);
  await pushImage(await image('only', 'from the registry alone'), `${registry.host}/only:1`);
  await podman.run('tag', `${registry.host}/both:1`, `${registry.host}/both:arm`);
});
afterAll(async () => {
  await registry?.stop();
  await podman?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { HOME: directory, DOCKER_HOST: podman.url, ...more };
}

const open = (name: string, env = environment(), architecture = 'amd64'): Promise<Source> =>
  openDaemonImage(parseReference(name), { architecture, environment: env });

/** The files of an image, and what was left in the directory for temporary files once it was closed. */
async function read(opening: Promise<Source>): Promise<Record<string, string>> {
  const source = await opening;
  try {
    const layers = await readSource(source);
    const files = layers.flatMap((layer) => Object.entries(layer));
    return Object.fromEntries(files.map(([path, bytes]) => [path, bytes.toString()]));
  } finally {
    await source.close();
  }
}

const OWN = { 'usr/base': 'base', 'usr/app': 'from the daemon' };

/** Where a link leads; nothing if it is gone. */
function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}

describe('an image in the daemon', () => {
  it.each(['app:1', 'app', 'docker.io/library/app:1', 'docker.io/app'])('is read as %s', async (name) => {
    expect(await read(open(name))).toEqual(OWN);
  });

  it('is read by its ID', async () => {
    const id = await podman.run('image', 'inspect', '--format', '{{.Id}}', 'docker.io/library/app:1');
    expect(await read(open(`sha256:${id.replace('sha256:', '')}`))).toEqual(OWN);
  });

  it('is kept in a temporary file whose name is gone before it is read', async () => {
    // A directory of our own: other tests use the common one at the same time.
    const temporary = mkdtempSync(join(directory, 'temporary-'));
    const { TMPDIR } = process.env;
    process.env.TMPDIR = temporary;
    try {
      const source = await open('app:1');
      const spooled = readdirSync('/proc/self/fd').flatMap((fd) => linkOf(`/proc/self/fd/${fd}`));
      expect(spooled.filter((path) => path.startsWith(temporary))).toHaveLength(1);
      expect(readdirSync(temporary)).toEqual([]);
      await source.close();
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });

  it('that is not there is not found', async () => {
    await expect(open('gone:1')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/^docker-daemon:gone:1: the daemon has no such image/),
    });
  });

  it('of another architecture is not found, and both are named', async () => {
    await expect(open('app:1', environment(), 'arm64')).rejects.toMatchObject({
      code: 'not-found',
      message: 'docker-daemon:app:1: the daemon has it for linux/amd64, not for linux/arm64',
    });
  });
});

describe('the daemon', () => {
  it('is found by a context of the docker command', async () => {
    const config = mkdtempSync(join(directory, 'docker-'));
    const meta = join(config, 'contexts/meta', createHash('sha256').update('rootless').digest('hex'));
    mkdirSync(meta, { recursive: true });
    writeFileSync(
      join(meta, 'meta.json'),
      JSON.stringify({ Name: 'rootless', Endpoints: { docker: { Host: podman.url } } }),
    );
    const env = { HOME: directory, DOCKER_CONFIG: config };
    expect(await read(open('app:1', { ...env, DOCKER_CONTEXT: 'rootless' }))).toEqual(OWN);
    writeFileSync(join(config, 'config.json'), JSON.stringify({ currentContext: 'rootless' }));
    expect(await read(open('app:1', env))).toEqual(OWN);
    await expect(open('app:1', { ...env, DOCKER_CONTEXT: 'gone' })).rejects.toMatchObject({
      code: 'unreadable',
      hint: 'list them with: docker context ls',
    });
  });

  it('is reached by tcp', async () => {
    const server = createServer((client) => relay(client));
    const port = await listen(server);
    expect(await read(open('app:1', environment({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })))).toEqual(OWN);
    server.close();
  });

  it('is reached by TLS, with certificates on both sides', async () => {
    const authority = await makeAuthority(mkdtempSync(join(directory, 'tls-')));
    const [own, client] = [await authority.issue('daemon', '127.0.0.1'), await authority.issue('client')];
    const certificates = mkdtempSync(join(directory, 'certificates-'));
    for (const [name, path] of [
      ['ca.pem', authority.certificate],
      ['cert.pem', client.certificate],
      ['key.pem', client.key],
    ] as const) {
      writeFileSync(join(certificates, name), readFileSync(path));
    }
    const server = createTlsServer(
      {
        key: readFileSync(own.key),
        cert: readFileSync(own.certificate),
        ca: readFileSync(authority.certificate),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (socket) => relay(socket),
    );
    const DOCKER_HOST = `tcp://127.0.0.1:${await listen(server)}`;
    const env = environment({ DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certificates });
    expect(await read(open('app:1', env))).toEqual(OWN);
    rmSync(join(certificates, 'ca.pem'));
    await expect(open('app:1', env)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^tcp:\/\/127.*its TLS certificate is signed by none/),
    });
    server.close();
  });

  it.each([
    [
      'unix:///nowhere/docker.sock',
      'unreachable',
      /^unix:\/\/\/nowhere\/docker\.sock: no Docker daemon listens there$/,
    ],
    [
      'npipe:////./pipe/docker_engine',
      'unsupported',
      /^DOCKER_HOST is 'npipe:.*', which this program cannot reach$/,
    ],
    ['ssh://user@host', 'unsupported', /cannot reach/],
    ['nonsense', 'unsupported', /cannot reach/],
    ['tcp://', 'bad-reference', /no address/],
  ])('at %s is an error', async (DOCKER_HOST, code, message) => {
    await expect(open('app:1', environment({ DOCKER_HOST }))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('that breaks off in the middle of an image leaves an error and nothing else', async () => {
    const server = createServer((client) => relay(client, 8000));
    const DOCKER_HOST = `tcp://127.0.0.1:${await listen(server)}`;
    await expect(open('app:1', environment({ DOCKER_HOST }))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/the connection broke off/),
    });
    server.close();
  });

  it('is not what answers otherwise', async () => {
    const DOCKER_HOST = `tcp://127.0.0.1:${registry.port}`;
    await expect(open('app:1', environment({ DOCKER_HOST }))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/what answers there is no Docker daemon \(status 404\)/),
    });
  });
});

describe('an image without a transport', () => {
  const lookUp = (name: string, env = environment(), architecture = 'amd64'): Promise<Source> =>
    openReference(parseReference(name), { architecture, environment: env });

  it('comes from the daemon where it is there', async () => {
    expect(await read(lookUp(`${registry.host}/both:1`))).toEqual(OWN);
  });

  it.each([
    ['where the daemon does not have it', 'only:1', 'amd64', 'from the registry alone'],
    ['where the daemon has another architecture', 'both:arm', 'arm64', 'from the registry, for arm64'],
  ])('comes from the registry %s', async (_, name, architecture, text) => {
    const files = await read(lookUp(`${registry.host}/${name}`, environment(), architecture));
    expect(files['usr/app']).toBe(text);
  });

  it('comes from the registry where there is no daemon', async () => {
    const DOCKER_HOST = 'unix:///nowhere/docker.sock';
    const files = await read(lookUp(`${registry.host}/both:1`, environment({ DOCKER_HOST })));
    expect(files['usr/app']).toBe('from the registry');
  });

  it('that is nowhere is told from both', async () => {
    await expect(lookUp(`${registry.host}/gone:1`)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(
        /gone:1 is in neither place: in the Docker daemon: .*has no such image.*; in the registry: .*does not have it/,
      ),
    });
    const host = `127.0.0.1:${await freePort()}`;
    await expect(lookUp(`${host}/gone:1`)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/no such image.*; in the registry: .*: the connection was refused/),
    });
  });
});

/** Joins a connection with podman's socket, and cuts it after so many bytes of answers. */
function relay(
  client: NodeJS.ReadWriteStream & { destroy(): unknown },
  limit = Number.POSITIVE_INFINITY,
): void {
  const upstream = connect(podman.socket);
  for (const stream of [client, upstream]) {
    stream.on('error', () => undefined);
    stream.on('close', () => {
      client.destroy();
      upstream.destroy();
    });
  }
  client.pipe(upstream);
  let passed = 0;
  upstream.on('data', (piece: Buffer) => {
    client.write(piece.subarray(0, Math.max(0, limit - passed)));
    passed += piece.length;
    if (passed > limit) upstream.destroy();
  });
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
