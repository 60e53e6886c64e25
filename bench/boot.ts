import { execFileSync } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { veritysetupOf } from './cut-partitions.ts';
import { median } from './measure.ts';
import type { Bench } from './setting.ts';

/** Extensions of a node, and bytes of what is in each. */
const COUNT = 10;
const SIZE = 1_000_000;
/** Bytes of the extension by which hashing is compared. */
const LARGE = 600_000_000;

/** Seconds of runs in turn. */
export interface BootResult {
  /** The boot stage with ten extensions: without and with signatures required; and the mere start of Node. */
  readonly plain: readonly number[];
  readonly signed: readonly number[];
  readonly node: readonly number[];
  /** `veritysetup verify` of the ten, one after the other. */
  readonly tenVerity: readonly number[];
  /** The boot stage with one large extension, and `veritysetup verify` of it. */
  readonly large: readonly number[];
  readonly verity: readonly number[];
}

/** Times the packaged boot stage on a scratch node. */
export async function compareBoot(
  { directory, auroraboot, key, certificate, runs }: Bench,
  immucore: string,
): Promise<BootResult> {
  const scratch = join(directory, 'boot');
  const images: string[] = [];
  const build = (name: string, size: number): string => {
    const tree = join(scratch, `${name}.tree/usr/share`);
    mkdirSync(tree, { recursive: true });
    execFileSync('sh', ['-c', `head -c ${size} /dev/urandom >'${join(tree, name)}'`]);
    const signing = ['--private-key', key, '--certificate', certificate];
    const where = ['--output', scratch, name, `dir:${join(scratch, `${name}.tree`)}`];
    return execFileSync(auroraboot, ['sysext', '--quiet', ...signing, ...where], { encoding: 'utf8' }).trim();
  };
  for (let index = 0; index < COUNT; index++) images.push(build(`extension${index}`, SIZE));
  const large = build('large', LARGE);

  const node = (name: string, stored: readonly string[], demandsSignatures: boolean): string[] => {
    const root = join(scratch, name);
    const store = join(root, 'sysroot/var/lib/kairos/extensions');
    for (const path of ['proc', 'sys/firmware/efi/efivars', 'run', 'sysroot/etc/kairos', 'sysroot/usr/bin']) {
      mkdirSync(join(root, path), { recursive: true });
    }
    mkdirSync(join(store, 'active'), { recursive: true });
    writeFileSync(join(root, 'proc/cmdline'), 'root=LABEL=COS_ACTIVE\n');
    writeFileSync(join(root, 'sysroot/etc/os-release'), 'ID=debian\nVERSION_ID=13\n');
    copyFileSync(certificate, join(root, 'sysroot/etc/kairos/signer.pem'));
    const configuration = demandsSignatures
      ? 'require_signatures: true\ncertificates: [/etc/kairos/signer.pem]\n'
      : 'certificates: [/etc/kairos/signer.pem]\n';
    writeFileSync(join(root, 'sysroot/etc/kairos/sysext.yaml'), configuration);
    for (const image of stored) {
      const file = image.slice(image.lastIndexOf('/') + 1);
      linkSync(image, join(store, file));
      symlinkSync(`../${file}`, join(store, 'active', file));
    }
    return [immucore, '--quiet', '--root', root];
  };
  const verity = await Promise.all([...images, large].map((image) => veritysetupOf(image)));
  const commands = {
    plain: [node('plain', images, false)],
    signed: [node('signed', images, true)],
    node: [[process.execPath, '-e', '0']],
    tenVerity: verity.slice(0, COUNT),
    large: [node('large', [large], true)],
    verity: verity.slice(COUNT),
  };
  const result = Object.fromEntries(Object.keys(commands).map((name) => [name, [] as number[]]));
  for (let run = -1; run < 2 * runs; run++) {
    for (const [name, sequence] of Object.entries(commands)) {
      const start = performance.now();
      for (const [program, ...args] of sequence) {
        const env = { ...process.env, NODE_EXTRA_CA_CERTS: '' };
        execFileSync('taskset', ['--cpu-list', '0,1', program!, ...args], {
          env,
          stdio: ['ignore', 'ignore', 'inherit'],
        });
      }
      if (run >= 0) result[name]!.push((performance.now() - start) / 1000);
    }
  }
  return result as unknown as BootResult;
}

/** The result as a section of the report. */
export function bootReport({ plain, signed, node, tenVerity, large, verity }: BootResult): string[] {
  const milliseconds = (values: readonly number[]): string => `${(median(values) * 1000).toFixed(0)} ms`;
  const ratio = median(large.map((value, index) => verity[index]! / value)).toFixed(2);
  return [
    '## Booting',
    '',
    `\`immucore\`, packaged, on two processors, with ${COUNT} extensions of 1 MB: ${milliseconds(plain)}; where signatures are required, so ` +
      `that every byte is verified: ${milliseconds(signed)}. The start of Node alone: ${milliseconds(node)}; \`veritysetup verify\` of the ` +
      `${COUNT}, one after the other: ${milliseconds(tenVerity)}.`,
    '',
    `With one extension of 600 MB, verified: ${milliseconds(large)}, \`veritysetup verify\` of it: ${milliseconds(verity)}; ratio ${ratio}.`,
  ];
}
