import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteString, utf8ByteString } from '../../src/base/byte-string.ts';
import type { ErofsNode } from '../../src/image/erofs/tree.ts';
import { findRelease } from '../../src/image/extension/find-release.ts';
import { CONFEXT, type ExtensionKind, SYSEXT } from '../../src/image/extension/kind.ts';
import { parseRelease } from '../../src/image/extension/release.ts';
import { type ExtensionScope, hostRelease, matchRelease } from '../../src/image/extension/release-match.ts';
import { attributes, directory as directoryNode, TestImage } from '../image/erofs/build-image.ts';
import { mustRunInSystemdRoot } from '../support/systemd-root.ts';

const SEED = 257;
const HOSTS = 50;
/** Extensions for each host: few enough for their names to fit into a page of mount options. */
const EXTENSIONS = 40;

/** A release file of an extension. */
interface TestRelease {
  readonly name: string;
  readonly text: string;
  /** What `user.extension-release.strict` is. */
  readonly strict: string | undefined;
  readonly isLink: boolean;
}

interface TestExtension {
  readonly name: string;
  readonly releases: readonly TestRelease[];
}

interface TestHost {
  readonly kind: ExtensionKind;
  readonly scope: ExtensionScope;
  readonly osRelease: string;
  readonly extensions: readonly TestExtension[];
}

/** Ways to write the same value, all of which systemd reads alike. */
const STYLES: readonly ((value: string) => string)[] = [
  (value) => `"${value}"`,
  (value) => `'${value}'`,
  (value) => `"${value}"  `,
  (value) => `"${value.slice(0, 1)}"'${value.slice(1)}'`,
  (value) => value.replaceAll(' ', '\\ '),
  (value) => `"${value.slice(0, 1)}\\\n${value.slice(1)}"`,
  (value) => ` \t"${value}"\r`,
];

const NOISE = ['', '# ID=none', '  ;x', 'no assignment', '#\\', 'export A=b', 'ID_X="a\nID=none"'];

/** The lines of a file with these fields; the values that are undefined are left out. */
function fileOf(fields: Readonly<Record<string, fc.Arbitrary<string | undefined>>>): fc.Arbitrary<string> {
  const lines = Object.entries(fields).map(([key, values]) =>
    fc.tuple(values, fc.constantFrom(...STYLES), fc.constantFrom(...NOISE)).map(([value, style, noise]) => {
      return value === undefined ? noise : `${noise}\n${key}=${style(value)}`;
    }),
  );
  return fc.tuple(...lines).map((all) => `${all.join('\n')}\n`);
}

const often = (usual: string, ...others: (string | undefined)[]): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  );
const seldom = (...values: string[]): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );

function releaseText(kind: ExtensionKind): fc.Arbitrary<string> {
  return fileOf({
    ID: often('debian', '_any', 'ubuntu', 'arch', '', undefined),
    VERSION_ID: often('13', '13.0', '12', '', undefined),
    [kind.levelField]: seldom('1', '2', ''),
    [kind.scopeField]: seldom('', 'system', 'initrd', 'system initrd', 'portable system', ' initrd '),
    ARCHITECTURE: seldom('', '_any', 'x86-64', 'arm64', 'x86_64'),
  });
}

function extension(kind: ExtensionKind, index: number): fc.Arbitrary<TestExtension> {
  const base = `e${String(index).padStart(2, '0')}`;
  const release = (name: string): fc.Arbitrary<TestRelease> =>
    fc.record({
      name: fc.constant(name),
      text: releaseText(kind),
      strict: fc.constantFrom(undefined, undefined, '0', 'no', '1', 'x'),
      isLink: fc.constantFrom(false, false, false, true),
    });
  return fc.constantFrom('', '', '_1', '+2', '-3').chain((version) =>
    fc.record({
      name: fc.constant(base + version),
      releases: fc
        .constantFrom([base + version], [base + version, base], [base], ['other'], [base, 'other.old'], [])
        .chain((names) => fc.tuple(...[...new Set(names)].map(release))),
    }),
  );
}

const host: fc.Arbitrary<TestHost> = fc.constantFrom(SYSEXT, CONFEXT).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    scope: fc.constantFrom('system' as const, 'system', 'initrd'),
    osRelease: fileOf({
      ID: often('debian', 'ubuntu'),
      ID_LIKE: seldom('debian', 'arch debian'),
      VERSION_ID: often('13', '', undefined),
      [kind.levelField]: seldom('1', ''),
    }),
    extensions: fc.tuple(...Array.from({ length: EXTENSIONS }, (_, index) => extension(kind, index))),
  }),
);

describe('extensions and hosts', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp('/var/tmp/kairos-sysext-oracle-');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it(`match where systemd merges them: ${HOSTS * EXTENSIONS} extensions`, async () => {
    const hosts = fc.sample(host, { seed: SEED, numRuns: HOSTS });
    for (const [index, { kind, osRelease, extensions }] of hosts.entries()) {
      const place = join(directory, String(index));
      for (const { name, releases } of extensions) {
        await plant(join(place, 'extensions', name, kind.releaseDirectory), releases);
      }
      await writeFile(join(place, 'os-release'), osRelease);
      await writeFile(join(place, 'attributes'), attributeDump(kind, extensions));
    }
    const { stdout } = await mustRunInSystemdRoot(directory, [
      'sh',
      '-euc',
      hosts.map(mergeScript).join('\n'),
    ]);
    const merged = stdout
      .trimEnd()
      .split('\n')
      .map((line) => mergedNames(JSON.parse(line)));

    for (const [index, { kind, scope, osRelease, extensions }] of hosts.entries()) {
      const machine = hostRelease(parseRelease(utf8ByteString(osRelease))!, kind, 'x86-64');
      const matching: string[] = [];
      for (const { name, releases } of extensions) {
        const found = await findRelease(await imageOf(kind, releases), kind, name);
        const release = found.outcome === 'found' ? found.file.release : undefined;
        if (matchRelease({ kind, release, host: machine, scope }).matches) matching.push(name);
      }
      expect([index, matching]).toEqual([index, merged[index]]);
    }
    const share = merged.flat().length / (HOSTS * EXTENSIONS);
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.9);
  });
});

async function plant(place: string, releases: readonly TestRelease[]): Promise<void> {
  await mkdir(place, { recursive: true });
  for (const { name, text, isLink } of releases) {
    const path = join(place, `extension-release.${name}`);
    if (isLink) await symlink(`content.${name}`, path);
    await writeFile(isLink ? join(place, `content.${name}`) : path, text);
  }
}

/** For `setfattr --restore`. */
function attributeDump(kind: ExtensionKind, extensions: readonly TestExtension[]): string {
  return extensions
    .flatMap(({ name, releases }) =>
      releases.flatMap(({ name: release, strict, isLink }) => {
        if (strict === undefined || isLink) return [];
        const path = `extensions/${name}/${kind.releaseDirectory}/extension-release.${release}`;
        return [`# file: ${path}\nuser.extension-release.strict="${strict}"\n`];
      }),
    )
    .join('\n');
}

/** Merges the extensions of one host, prints what is merged as a line of JSON, and takes it apart again. */
function mergeScript({ kind, scope }: TestHost, index: number): string {
  const tool = `systemd-${kind.name}`;
  const extensions = kind === SYSEXT ? '/var/lib/extensions' : '/var/lib/confexts';
  return `
    cd ${index}
    if [ -s attributes ]; then setfattr --restore=attributes; fi
    mkdir -p ${extensions}
    mount --bind extensions ${extensions}
    export SYSTEMD_OS_RELEASE="$PWD/os-release" SYSTEMD_IN_INITRD=${scope === 'initrd' ? 1 : 0}
    ${tool} merge >&2
    ${tool} status --json=short
    ${tool} unmerge >&2
    umount ${extensions}
    cd ..`;
}

/** Of systemd-sysext's status: hierarchies have the same extensions, or none. */
function mergedNames(status: readonly { readonly extensions: readonly string[] | 'none' }[]): string[] {
  return status.flatMap(({ extensions }) => (extensions === 'none' ? [] : extensions)).filter(isFirst);
}

function isFirst(name: string, index: number, all: readonly string[]): boolean {
  return all.indexOf(name) === index;
}

/** The same extension as an image. */
async function imageOf(kind: ExtensionKind, releases: readonly TestRelease[]) {
  const image = new TestImage();
  const files = new Map<string, ErofsNode>();
  for (const { name, text, strict, isLink } of releases) {
    const path = `extension-release.${name}`;
    const xattrs = new Map(
      strict === undefined || isLink ? [] : [['user.extension-release.strict', Buffer.from(strict)]],
    );
    const content = byteString(Buffer.from(text));
    if (isLink) files.set(path, { type: 'symlink', ...attributes(), target: `content.${name}` });
    files.set(isLink ? `content.${name}` : path, await image.file(content, { xattrs }));
  }
  const tree = kind.releaseDirectory
    .split('/')
    .reduceRight((child, name) => directoryNode([[name, child]]), directoryNode(files));
  await image.finish(tree);
  return image.open();
}
