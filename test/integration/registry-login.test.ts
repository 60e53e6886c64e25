import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRegistryImage } from '../../src/source/registry/open.ts';
import { parseReference } from '../../src/source/registry/reference.ts';
import { makeKeyPair } from '../support/key-pair.ts';
import { pushImage, type WrittenImage, writeImage } from '../support/oci-image.ts';
import { readSource } from '../support/read-source.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { mustRun } from '../support/run-command.ts';
import { tarArchive } from '../support/tar-archive.ts';
import { type Authority, makeAuthority } from '../support/tls.ts';
import { startTokenServer, type TokenJudge, type TokenServer } from '../support/token-server.ts';

const user = { name: 'alice', password: 'pass: wörd' };
const auth = Buffer.from(`${user.name}:${user.password}`).toString('base64');

let directory: string;
let home: string;
let authority: Authority;
let image: WrittenImage;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'login-test-'));
  authority = await makeAuthority(directory);
  image = writeImage(join(directory, 'image'), {
    layers: [await tarArchive([{ name: 'usr/app', content: 'app' }])],
  });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => {
  home = mkdtempSync(join(directory, 'home-'));
});

/** Reads the image as a person with this home directory would; the content of its file. */
async function read(registry: Registry, environment: Record<string, string> = {}): Promise<string> {
  const source = await openRegistryImage(parseReference(`${registry.host}/app:1`), {
    architecture: 'amd64',
    environment: { HOME: home, PATH: process.env.PATH, ...environment },
    sleep: async () => undefined,
  });
  try {
    return (await readSource(source))[0]!['usr/app']!.toString();
  } finally {
    await source.close();
  }
}

/** Makes this person trust the authority when talking to a registry. */
function trust(registry: Registry, inDirectory = join(home, '.config/containers/certs.d')): string {
  const certificates = join(inDirectory, registry.host);
  mkdirSync(certificates, { recursive: true });
  copyFileSync(authority.certificate, join(certificates, 'ca.crt'));
  return certificates;
}

function writeDockerConfig(config: object): string {
  mkdirSync(join(home, '.docker'), { recursive: true });
  const path = join(home, '.docker/config.json');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

describe('a registry with a certificate of a private authority', () => {
  let registry: Registry;
  beforeAll(async () => {
    const tls = await authority.issue('server', 'localhost', '127.0.0.1');
    registry = await startRegistry({ tls });
    await pushImage(image, `${registry.host}/app:1`);
  });
  afterAll(() => registry?.stop());

  it('is not trusted by itself, and not asked without encryption', async () => {
    await expect(read(registry)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/TLS certificate is signed by none of the authorities/),
      hint: `for a private authority, put its certificate into /etc/docker/certs.d/${registry.host}/ca.crt, or name it in SSL_CERT_FILE`,
    });
  });

  it('is trusted by a certificate for this host', async () => {
    trust(registry);
    expect(await read(registry)).toBe('app');
  });

  it.each(['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])('is trusted by %s', async (variable) => {
    const modules = ['open', 'reference'].map(
      (name) => new URL(`../../src/source/registry/${name}.ts`, import.meta.url),
    );
    const program = `
      const [{ openRegistryImage }, { parseReference }] = await Promise.all([import('${modules[0]}'), import('${modules[1]}')]);
      const source = await openRegistryImage(parseReference('${registry.host}/app:1'), { architecture: 'amd64', environment: process.env });
      console.log(source.layers.length);
      await source.close();`;
    const { stdout } = await mustRun(process.execPath, ['--input-type=module', '--eval', program], {
      env: { HOME: home, SSL_CERT_FILE: '', NODE_EXTRA_CA_CERTS: '', [variable]: authority.certificate },
    });
    expect(stdout).toBe('1\n');
  });
});

describe('a registry that asks for client certificates', () => {
  let registry: Registry;
  beforeAll(async () => {
    const tls = await authority.issue('strict-server', '127.0.0.1');
    registry = await startRegistry({ tls, clientAuthority: authority.certificate });
    const pair = await authority.issue('pusher');
    const certificates = join(directory, 'pusher-certificates');
    mkdirSync(certificates);
    await mustRun('cp', [pair.certificate, join(certificates, 'client.cert')]);
    await mustRun('cp', [pair.key, join(certificates, 'client.key')]);
    await pushImage(image, `${registry.host}/app:1`, '--dest-cert-dir', certificates);
  });
  afterAll(() => registry?.stop());

  it('lets in those that have one', async () => {
    const certificates = trust(registry);
    await expect(read(registry)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/client certificate/),
    });
    const pair = await authority.issue('client');
    await mustRun('cp', [pair.certificate, join(certificates, 'client.cert')]);
    await expect(read(registry)).rejects.toMatchObject({
      code: 'unreadable',
      message: expect.stringMatching(/client\.key, is not beside it/),
    });
    await mustRun('cp', [pair.key, join(certificates, 'client.key')]);
    expect(await read(registry)).toBe('app');
  });

  it('is refused under a name that its certificate does not have', async () => {
    const other = { ...registry, host: `localhost:${registry.port}` };
    trust(other);
    await expect(read(other)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/its TLS certificate is made for other names/),
    });
  });
});

describe('a registry with users and passwords', () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry({ user });
    await pushImage(image, `${registry.host}/app:1`, '--dest-creds', `${user.name}:${user.password}`);
  });
  afterAll(() => registry?.stop());

  it('lets nobody in without', async () => {
    await expect(read(registry)).rejects.toMatchObject({
      code: 'unauthorized',
      message: `${registry.host}: it asks for a user name and a password`,
      hint: `log in with: docker login ${registry.host}`,
    });
  });

  it('lets in who logged in with podman, by REGISTRY_AUTH_FILE and by XDG_RUNTIME_DIR', async () => {
    const file = join(home, 'containers/auth.json');
    mkdirSync(join(home, 'containers'));
    const login = ['login', '--authfile', file, '--tls-verify=false', '-u', user.name, '-p', user.password];
    await mustRun('skopeo', [...login, registry.host]);
    expect(await read(registry, { REGISTRY_AUTH_FILE: file })).toBe('app');
    expect(await read(registry, { XDG_RUNTIME_DIR: home })).toBe('app');
  });

  it('lets in by Docker’s config.json', async () => {
    writeDockerConfig({ auths: { [registry.host]: { auth } } });
    expect(await read(registry)).toBe('app');
  });

  it('is shown only what is kept for it', async () => {
    writeDockerConfig({ auths: { 'example.com': { auth }, [`${registry.host}0`]: { auth } } });
    await expect(read(registry)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('rejects a wrong password, which no message shows', async () => {
    const secret = Buffer.from('alice:wrong-secret').toString('base64');
    const path = writeDockerConfig({ auths: { [registry.host]: { auth: secret } } });
    const error = await read(registry).catch((reason) => reason);
    expect(error).toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining(`does not give it for the credentials in ${path}`),
    });
    expect(`${error.message} ${error.hint}`).not.toMatch(/wrong-secret/);
    expect(`${error.message} ${error.hint}`).not.toContain(secret);
  });

  describe('and a credential helper', () => {
    /** Puts a helper that runs this shell script into PATH. */
    function helper(script: string): Record<string, string> {
      const file = join(home, 'docker-credential-test');
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
      return { PATH: `${home}:${process.env.PATH}` };
    }

    it.each([
      ['credHelpers', () => ({ credHelpers: { [registry.host]: 'test' } })],
      ['credsStore', () => ({ credsStore: 'test' })],
    ])('named in %s lets in', async (_, config) => {
      writeDockerConfig(config());
      const environment = helper(
        `server=$(cat); [ "$1 $server" = "get ${registry.host}" ] || exit 1
        printf '{"ServerURL":"%s","Username":"${user.name}","Secret":"${user.password}"}' "$server"`,
      );
      expect(await read(registry, environment)).toBe('app');
    });

    it('that has none leaves the login to the file', async () => {
      writeDockerConfig({ credsStore: 'test', auths: { [registry.host]: {} } });
      const environment = helper('cat >/dev/null; echo "credentials not found in native keychain"; exit 1');
      await expect(read(registry, environment)).rejects.toMatchObject({
        message: `${registry.host}: it asks for a user name and a password`,
      });
      writeDockerConfig({ credHelpers: { [registry.host]: 'test' }, auths: { [registry.host]: { auth } } });
      expect(await read(registry, environment)).toBe('app');
    });

    it.each([
      [
        'that is not installed',
        undefined,
        /docker-credential-test, named in .*config\.json: this credential helper is not installed/,
      ],
      [
        'that fails',
        'echo "the key ring is locked"; exit 3',
        /failed \(exit status 3\): the key ring is locked/,
      ],
      ['that answers something else', 'echo hello', /its answer is not what helpers give/],
    ])('%s is an error', async (_, script, message) => {
      writeDockerConfig({ credsStore: 'test' });
      const environment = script === undefined ? {} : helper(script);
      await expect(read(registry, environment)).rejects.toMatchObject({
        code: 'unauthorized',
        message: expect.stringMatching(message),
      });
    });
  });
});

describe('a registry with tokens', () => {
  let registry: Registry;
  let tokens: TokenServer;
  /** Who gets a token; the tests set it. */
  let judge: TokenJudge;

  beforeAll(async () => {
    const pair = await makeKeyPair(directory, 'tokens', 'rsa-2048');
    tokens = await startTokenServer(pair, (request) => judge(request));
    const { realm, issuer } = tokens;
    registry = await startRegistry({
      tokens: { realm, issuer, service: 'test registry', certificate: pair.certificate },
    });
    judge = () => ({ validFor: 300 });
    await pushImage(image, `${registry.host}/app:1`);
  });
  afterAll(async () => {
    await registry?.stop();
    await tokens?.stop();
  });

  it('gives to everybody what is public', async () => {
    judge = ({ authorization }) => (authorization === undefined ? { validFor: 300 } : undefined);
    const before = tokens.requests.length;
    expect(await read(registry)).toBe('app');
    const [request, ...more] = tokens.requests.slice(before);
    expect(more).toEqual([]);
    expect(Object.fromEntries(request!.fields)).toEqual({
      service: 'test registry',
      scope: 'repository:app:pull',
    });
  });

  it('gives to users what is theirs', async () => {
    writeDockerConfig({ auths: { [registry.host]: { auth } } });
    judge = ({ authorization, fields }) =>
      authorization === `Basic ${auth}` && fields.get('account') === user.name
        ? { validFor: 300 }
        : undefined;
    expect(await read(registry)).toBe('app');
  });

  it('takes an identity token in exchange', async () => {
    writeDockerConfig({ auths: { [registry.host]: { auth, identitytoken: 'refresh me' } } });
    judge = ({ method, fields }) =>
      method === 'POST' &&
      fields.get('grant_type') === 'refresh_token' &&
      fields.get('refresh_token') === 'refresh me'
        ? { validFor: 300 }
        : undefined;
    expect(await read(registry)).toBe('app');
  });

  it('is asked for another token when one has expired', async () => {
    // A registry goes on to take a token for a minute: this one is good for two seconds.
    judge = () => ({ validFor: -58 });
    const source = await openRegistryImage(parseReference(`${registry.host}/app:1`), {
      architecture: 'amd64',
      environment: { HOME: home },
    });
    const before = tokens.requests.length;
    judge = () => ({ validFor: 300 });
    await sleep(3000);
    expect((await readSource(source))[0]!['usr/app']!.toString()).toBe('app');
    expect(tokens.requests.length).toBe(before + 1);
    await source.close();
  });

  it('is not asked without end when its tokens are good for nothing', async () => {
    judge = () => ({ validFor: -120 });
    const before = tokens.requests.length;
    await expect(read(registry)).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/does not give it without a login/),
    });
    expect(tokens.requests.length).toBe(before + 1);
  });

  it('says when there is no token', async () => {
    judge = () => undefined;
    await expect(read(registry)).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+: it gives no token without a login$/),
      hint: `log in with: docker login ${registry.host}`,
    });
    const path = writeDockerConfig({ auths: { [registry.host]: { auth } } });
    await expect(read(registry)).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining(`it rejected the credentials in ${path}`),
    });
  });
});
