import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { authFilePaths, readAuthFile, storedCredentials } from '../../../src/source/registry/auth-file.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'auth-file-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const entry = (name: string): { auth: string } => ({ auth: base64(`${name}:secret`) });

/** The user whose credentials a file with these entries gives for a repository. */
function userFor(
  auths: Record<string, object | null>,
  registry: string,
  repository = 'team/app',
): string | undefined {
  const found = storedCredentials({ path: 'FILE', auths } as never, registry, repository);
  return found?.kind === 'password' ? found.username : found?.kind;
}

describe('the files with credentials', () => {
  const home = ['/h/.config/containers/auth.json', '/h/.docker/config.json'];

  it.each([
    [1000, { HOME: '/h' }, home],
    [0, { HOME: '/h' }, ['/run/containers/0/auth.json', ...home]],
    [undefined, { HOME: '/h' }, home],
    [0, { HOME: '/h', XDG_RUNTIME_DIR: '/run/user/0' }, ['/run/user/0/containers/auth.json', ...home]],
    [
      1000,
      { HOME: '/h', XDG_RUNTIME_DIR: '/run/user/1', XDG_CONFIG_HOME: '/c', DOCKER_CONFIG: '/d' },
      ['/run/user/1/containers/auth.json', '/c/containers/auth.json', '/d/config.json'],
    ],
    [0, { HOME: '/h', REGISTRY_AUTH_FILE: '/a.json', DOCKER_CONFIG: '/d' }, ['/a.json']],
  ])('are, for user %s, named by %j', (userId, environment, paths) => {
    const getuid = vi.spyOn(process, 'getuid').mockReturnValue(userId as never);
    expect(authFilePaths(environment)).toEqual(paths);
    getuid.mockRestore();
  });

  it('may be missing or empty', async () => {
    expect(await readAuthFile(join(directory, 'gone'))).toBeUndefined();
    writeFileSync(join(directory, 'empty'), '');
    expect(
      storedCredentials((await readAuthFile(join(directory, 'empty')))!, 'quay.io', 'a'),
    ).toBeUndefined();
  });

  it.each([
    '{"auths": {"quay.io": {"auth": "hidden-secret"',
    '{"auths": ["hidden-secret"]}',
    '"hidden-secret"',
    '{"auths": {"quay.io": "hidden-secret"}}',
  ])('that are damaged are errors that show nothing of them: %s', async (content) => {
    const path = join(directory, 'damaged');
    writeFileSync(path, content);
    const error = await readAuthFile(path).catch((reason) => reason);
    expect(error).toMatchObject({
      code: 'unreadable',
      message: `${path}: it is no JSON file of credentials`,
    });
    expect(error.cause).toBeUndefined();
  });

  it('that cannot be read are errors', async () => {
    await expect(readAuthFile(directory)).rejects.toMatchObject({ code: 'unreadable' });
  });
});

describe('an entry', () => {
  it.each([
    ['quay.io', true],
    ['https://quay.io', true],
    ['https://quay.io/', true],
    ['https://quay.io/v1/', true],
    ['http://quay.io/v2/any/path', true],
    ['quay.io/v2/', true],
    ['quay.io/', true],
    ['quay.io/team', true],
    ['quay.io/team/app', true],
    ['quay.io/team/app/part', false],
    ['quay.io/other', false],
    ['quay.io/tea', false],
    ['quay.io:443', false],
    ['quay.iox', false],
    ['https://quay.io.example/', false],
    ['xquay.io', false],
  ])('of %s is for quay.io/team/app: %s', (key, isFor) => {
    expect(userFor({ [key]: entry('alice') }, 'quay.io')).toBe(isFor ? 'alice' : undefined);
  });

  it.each([
    'docker.io',
    'https://index.docker.io/v1/',
    'index.docker.io',
    'registry-1.docker.io',
    'docker.io/team',
  ])('of %s is for Docker Hub', (key) => {
    expect(userFor({ [key]: entry('alice') }, 'docker.io')).toBe('alice');
  });

  it('counts before those of less of the path, whatever their order', () => {
    const auths = {
      'quay.io': entry('host'),
      'quay.io/team/app': entry('app'),
      'https://quay.io/': entry('scheme'),
      'quay.io/team': entry('team'),
    };
    expect(userFor(auths, 'quay.io', 'team/app')).toBe('app');
    expect(userFor(auths, 'quay.io', 'team/other')).toBe('team');
    expect(userFor(auths, 'quay.io', 'other')).toBe('host');
  });

  it.each([
    [{ auth: base64('alice:a:b') }, { kind: 'password', username: 'alice', password: 'a:b' }],
    [
      { auth: base64(`alice:${'\0'.repeat(1_000_000)}x\0`) },
      { kind: 'password', username: 'alice', password: `${'\0'.repeat(1_000_000)}x` },
    ],
    [{ auth: base64('alice:secret\0\0') }, { kind: 'password', username: 'alice', password: 'secret' }],
    [{ auth: base64('älice:ß') }, { kind: 'password', username: 'älice', password: 'ß' }],
    [
      { username: 'alice', password: 'b' },
      { kind: 'password', username: 'alice', password: 'b' },
    ],
    [
      { auth: base64('alice:'), identitytoken: 'x' },
      { kind: 'identity-token', token: 'x' },
    ],
    [{ registrytoken: 'x' }, { kind: 'registry-token', token: 'x' }],
    [{}, undefined],
    [{ auth: '' }, undefined],
    [null, undefined],
  ])('of %j is understood', (value, expected) => {
    const found = storedCredentials({ path: 'FILE', auths: { h: value } } as never, 'h', 'a');
    expect(found).toEqual(expected && { ...expected, origin: 'FILE' });
  });

  it('that is not base 64 of a pair is an error', () => {
    expect(() => userFor({ h: { auth: base64('hidden') } }, 'h')).toThrow(
      expect.objectContaining({
        code: 'unreadable',
        message: 'FILE: an "auth" in it is not USER:PASSWORD in base 64',
      }),
    );
  });

  it('of one host is never for another', () => {
    const host = fc.stringMatching(/^[a-z]{1,3}(\.[a-z]{1,3}){0,2}(:[0-9]{1,2})?$/);
    const decorated = fc.tuple(
      fc.constantFrom('', 'http://', 'https://'),
      host,
      fc.constantFrom('', '/', '/v1/', '/a', '/v2'),
    );
    fc.assert(
      fc.property(decorated, host, ([scheme, owner, path], asked) => {
        fc.pre(owner !== asked);
        expect(userFor({ [`${scheme}${owner}${path}`]: entry('alice') }, asked, 'a')).toBeUndefined();
      }),
    );
  });
});
