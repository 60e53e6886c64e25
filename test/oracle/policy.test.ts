import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dissectImage } from '../../src/image/dissection.ts';
import { compareVersions } from '../../src/image/extension/version-compare.ts';
import { PARTITION_DESIGNATORS } from '../../src/image/gpt/read-partition-type.ts';
import { ImagePolicyError } from '../../src/image/policy/error.ts';
import { evaluatePolicy } from '../../src/image/policy/evaluate.ts';
import type { PolicyFindingCode } from '../../src/image/policy/findings.ts';
import { FLAG, USE_MASK } from '../../src/image/policy/flags.ts';
import { formatImagePolicy, formatShortFlags, simplifyImagePolicy } from '../../src/image/policy/format.ts';
import { parseImagePolicy } from '../../src/image/policy/parse.ts';
import { defaultPolicy, effectiveFlags, type ImagePolicy } from '../../src/image/policy/policy.ts';
import { type PolicySubject, policySubject } from '../../src/image/policy/subject.ts';
import { verityHasher } from '../../src/platform/verity-hashers.ts';
import { memorySource } from '../image/memory-image.ts';
import { mustRunInSystemdRoot } from '../support/systemd-root.ts';
import {
  arbitraryPartitions,
  arbitraryPolicy,
  plainPartition,
  type TestPartition,
  writePolicyImage,
} from './policy-images.ts';

const SEED = 257;
const RANDOM_PAIRS = 1000;

const FIXED_POLICIES = [
  '',
  '-',
  '*',
  '~',
  'root=verity',
  'root=signed',
  'root=signed+absent:usr=signed+absent',
  'root=verity+signed',
  'root=unprotected',
  'root=encrypted+verity',
  'root=unused+absent:=open',
  'usr=signed',
  'root-verity=unused:root=open',
  'root=signed+read-only-on',
  'root=signed+growfs-on',
  ...(['sysext', 'confext'] as const).flatMap((kind) =>
    [false, true].map((strict) => formatImagePolicy(defaultPolicy(kind, strict))),
  ),
];

const trio = (data: 'root' | 'usr', given: Partial<TestPartition> = {}): TestPartition[] => [
  plainPartition(data, { content: 'erofs', ...given }),
  plainPartition(`${data}-verity`, given),
  plainPartition(`${data}-verity-sig`, { ...given, readOnly: false }),
];

const FIXED_IMAGES: Readonly<Record<string, readonly TestPartition[]>> = {
  empty: [],
  signed: trio('root'),
  'signed-usr': trio('usr'),
  verity: trio('root').slice(0, 2),
  plain: trio('root').slice(0, 1),
  writable: trio('root', { readOnly: false, growFileSystem: true }),
  'signature-without-hash': [trio('root')[0]!, trio('root')[2]!],
  'hash-without-data': trio('root').slice(1),
  'two-trees': [...trio('root'), ...trio('usr')],
  'root-with-verity-and-usr': [...trio('root'), ...trio('usr').slice(0, 1)],
  'root-and-usr-of-other-architecture': [
    plainPartition('root'),
    plainPartition('usr', { architecture: 'arm64' }),
  ],
  encrypted: [plainPartition('root', { content: 'luks' })],
  'encrypted-with-verity': [plainPartition('root', { content: 'luks' }), plainPartition('root-verity')],
  generic: [plainPartition('linux-generic', { content: 'erofs' })],
  'two-generic': [plainPartition('linux-generic'), plainPartition('linux-generic')],
  'generic-and-usr': [plainPartition('linux-generic'), plainPartition('usr')],
  'two-versions': [
    plainPartition('root', { label: 'os_2', growFileSystem: true }),
    plainPartition('root', { label: 'os_10' }),
    plainPartition('root', { label: 'os_10~rc1', growFileSystem: true }),
  ],
  'two-architectures': [
    plainPartition('root', { architecture: 'arm64', label: 'z' }),
    plainPartition('root', { architecture: 'x86', label: 'y', growFileSystem: true }),
    plainPartition('root', { architecture: 'x86-64', label: 'a' }),
  ],
  others: [...trio('root'), plainPartition('home'), plainPartition('swap', { content: 'luks' })],
};

/** The words with which systemd-dissect refuses an image, and our codes for that. */
const REASONS: readonly (readonly [string, readonly PolicyFindingCode[]])[] = [
  [
    'Image does not match image policy.',
    ['policy-partition-forbidden', 'policy-protection', 'policy-attribute'],
  ],
  ['No root partition for specified root hash found.', ['policy-structure']],
  ['Multiple suitable root partitions found in image.', ['policy-structure']],
  ['No suitable partitions found.', ['policy-nothing-used']],
  ["Couldn't identify a suitable partition table or file system.", ['policy-nothing-used']],
];

/** Images of other makers, by their fixtures. */
const FOREIGN_IMAGES: Readonly<Record<string, string>> = {
  'repart-signed': 'fixtures/repart/one-block.raw.gz',
  'repart-unsigned': 'fixtures/repart/unsigned.raw.gz',
  'repart-arm64': 'fixtures/repart/arm64-p384.raw.gz',
  'bare-erofs': 'image/erofs/fixtures/plain.erofs.gz',
};

async function unpack(fixture: string): Promise<Uint8Array> {
  return gunzipSync(await readFile(new URL(`../${fixture}`, import.meta.url)));
}

/** What policies see of an image, on a machine like the one systemd-dissect runs on. */
async function lookAt(image: Uint8Array): Promise<PolicySubject> {
  const machine = { architecture: 'x86-64', secondaryArchitecture: 'x86', compareVersions } as const;
  return policySubject(await dissectImage(memorySource(image), { ...machine, hasherFor: verityHasher }));
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-oracle-');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('image policies', () => {
  it(`allow and refuse what systemd-dissect does, in ${RANDOM_PAIRS} random pairs and all fixed ones`, async () => {
    const images = new Map<string, PolicySubject>();
    for (const [name, fixture] of Object.entries(FOREIGN_IMAGES)) {
      const image = await unpack(fixture);
      await writeFile(join(directory, name), image);
      images.set(name, await lookAt(image));
    }
    const erofs = await unpack('image/erofs/fixtures/plain.erofs.gz');
    const random = fc.sample(arbitraryPartitions, { seed: SEED, numRuns: 200 });
    for (const [name, partitions] of [
      ...Object.entries(FIXED_IMAGES),
      ...random.map((partitions, index) => [`random-${index}`, partitions] as const),
    ]) {
      images.set(name, await lookAt(await writePolicyImage(join(directory, name), partitions, erofs)));
    }

    const fixed = [...Object.keys(FOREIGN_IMAGES), ...Object.keys(FIXED_IMAGES)].flatMap((image) =>
      FIXED_POLICIES.map((policy) => ({ image, policy })),
    );
    const pairs = [
      ...fixed,
      ...fc.sample(fc.record({ image: fc.constantFrom(...images.keys()), policy: arbitraryPolicy }), {
        seed: SEED,
        numRuns: RANDOM_PAIRS,
      }),
    ];
    const answers = await validate(pairs);

    const different: string[] = [];
    let allowed = 0;
    for (const [index, { image, policy }] of pairs.entries()) {
      const verdict = evaluatePolicy(parseImagePolicy(policy), images.get(image)!);
      if (verdict.allowed) allowed++;
      const answer = answers[index]!;
      const codes = REASONS.find(([words]) => answer.endsWith(words))?.[1];
      const errors = verdict.findings.filter(({ level }) => level === 'error');
      const agrees = codes === undefined ? verdict.allowed : errors.some(({ code }) => codes.includes(code));
      if (!agrees || verdict.allowed !== (answer === 'OK')) {
        const ours = verdict.findings.map(({ code, designator }) => `${code} ${designator}`).join(', ');
        different.push(`${image} ${policy}: systemd says ${answer}; here ${ours || 'allowed'}`);
      }
    }
    expect(different).toEqual([]);
    expect(answers.filter((answer) => /policy argument|Failed to parse/.test(answer))).toEqual([]);
    // Neither verdict is the answer to everything.
    expect(allowed / pairs.length).toBeGreaterThan(0.15);
    expect(allowed / pairs.length).toBeLessThan(0.85);
  });

  it('are read, filled in, derived and written as systemd-analyze does', async () => {
    const policies = [
      ...FIXED_POLICIES,
      ...UNUSUAL_POLICIES,
      ...fc.sample(arbitraryPolicy, { seed: SEED, numRuns: 300 }),
    ];
    const reports = await analyze(policies);
    for (const [index, text] of policies.entries()) {
      const report = reports[index]!;
      let policy: ImagePolicy | undefined;
      try {
        policy = parseImagePolicy(text);
      } catch (error) {
        if (!(error instanceof ImagePolicyError)) throw error;
      }
      expect([text, policy === undefined]).toEqual([text, report === '']);
      if (policy !== undefined) expect([text, ...describePolicy(policy)]).toEqual([text, ...rows(report)]);
    }
  });
});

const UNUSUAL_POLICIES = [
  ' root = verity + signed : = absent ',
  'root=',
  'root=-',
  'root',
  ':',
  '=',
  '==',
  'root=verity+',
  'root=+',
  'root=verity:',
  ':root=verity',
  'root=verity:root=signed',
  '=open:=open',
  'root=Verity',
  'ROOT=verity',
  'root=btrfs',
  ' ',
  '**',
  'root=*',
  'root=verity,signed',
  'root=verity signed',
  '\troot=verity\t',
  'root=encryptedwithintegrity',
];

/** What systemd-dissect says to each pair: `OK`, or its error. One run, since the root takes a while to enter. */
async function validate(pairs: readonly { image: string; policy: string }[]): Promise<string[]> {
  await writeFile(
    join(directory, 'pairs'),
    pairs.map(({ image, policy }) => `${image}\t${policy}\n`).join(''),
  );
  const { stdout } = await mustRunInSystemdRoot(directory, [
    'sh',
    '-c',
    `while IFS='\t' read -r image policy; do systemd-dissect --validate "--image-policy=$policy" "$image" 2>&1 || :; done <pairs`,
  ]);
  const answers = stdout.trimEnd().split('\n');
  expect(answers).toHaveLength(pairs.length);
  return answers;
}

/** What systemd-analyze says to each policy; empty for those that it refuses. */
async function analyze(policies: readonly string[]): Promise<string[]> {
  await writeFile(join(directory, 'policies'), policies.map((policy) => `${policy}\0`).join(''));
  const { stdout } = await mustRunInSystemdRoot(directory, [
    'sh',
    '-c',
    `xargs -0 -n 1 sh -c 'systemd-analyze --no-pager image-policy -- "$0" 2>/dev/null; echo END' <policies`,
  ]);
  return stdout.split('END\n').slice(0, -1);
}

/** Short and long form, and a row for every partition. */
function describePolicy(policy: ImagePolicy): string[] {
  const row = (name: string, flags: number): string => {
    const bit = (attribute: 'read-only' | 'growfs'): string => {
      const on = (flags & FLAG[`${attribute}-on`]) !== 0;
      const off = (flags & FLAG[`${attribute}-off`]) !== 0;
      if (on === off) return '-';
      return on ? 'yes' : 'no';
    };
    return [name, formatShortFlags(flags & USE_MASK), bit('read-only'), bit('growfs')].join(' ');
  };
  return [
    simplifyImagePolicy(policy),
    formatImagePolicy(policy),
    ...PARTITION_DESIGNATORS.map((designator) => row(designator, effectiveFlags(policy, designator))),
  ];
}

/** The same from the words of systemd-analyze, which shows the long form only where it differs. */
function rows(report: string): string[] {
  const short = /^Analyzing policy: (.*)$/m.exec(report)![1]!;
  const long = /^ *Long form: (.*)$/m.exec(report)?.[1] ?? short;
  const table = report.slice(report.indexOf('GROWFS\n')).split('\n').slice(1);
  const cells = table.map((line) => line.trim().replace(/ +/g, ' '));
  return [short, long, ...cells.filter((line) => line !== '' && !line.startsWith('default '))];
}
