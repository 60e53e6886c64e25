import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FirmwareKeys, makeVariableStore } from './firmware.ts';
import { type GuestFile, guestRun, packGuestFiles, type VirtualMachineRun } from './guest-script.ts';
import { mustRun, runCommand } from './run-command.ts';

const lab = (script: string): string => fileURLToPath(new URL(`../../lab/${script}`, import.meta.url));

/** The virtual node of this checkout, built. */
export interface NodeImage {
  /** Where lab/node-image.sh built it. */
  readonly path: string;
  /** A key pair of its firmware: PK, KEK or db, which has signed what boots. Only with systemd 257. */
  readonly keys: Readonly<
    Record<'PK' | 'KEK' | 'db', { readonly key: string; readonly certificate: string }>
  >;
}

/** Builds the virtual node with the sources of this checkout: with systemd 257 (trixie) or 252 (bookworm). */
export async function buildNode(suite: 'trixie' | 'bookworm' = 'trixie'): Promise<NodeImage> {
  const directory = await mkdtemp('/var/tmp/kairos-sysext-product-');
  try {
    await mustRun(process.execPath, [lab('product.ts'), directory]);
    const { stdout } = await mustRun('sh', [lab('node-image.sh'), directory, suite]);
    const path = stdout.trim();
    const pair = (name: string) => ({
      key: join(path, 'keys', `${name}.key`),
      certificate: join(path, 'keys', `${name}.pem`),
    });
    return { path, keys: { PK: pair('PK'), KEK: pair('KEK'), db: pair('db') } };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** What is on the persistent partition, by path: the content of a file of this machine, a text, or the target of a link. */
export type PersistentFiles = Readonly<
  Record<string, { readonly host: string } | { readonly text: string } | { readonly link: string }>
>;

/** Where the store of system extensions is on the persistent partition. */
export const STORE = '.state/var-lib-kairos.bind/extensions';

/** Where that of configuration extensions is. */
export const CONFEXTS = '.state/var-lib-kairos.bind/confexts';

/** Makes a file system for {@link NodeBoot.persistent}, of a size as mkfs.ext4 takes it. */
export async function makePersistent(output: string, files: PersistentFiles, size = '1G'): Promise<void> {
  const tree = `${output}.tree`;
  for (const name of ['bin', 'include', 'lib', 'sbin', 'share', 'src', '.state/var-lib-kairos.bind']) {
    await mkdir(join(tree, name), { recursive: true });
  }
  for (const [name, content] of Object.entries(files)) {
    const path = join(tree, name);
    await mkdir(join(path, '..'), { recursive: true });
    if ('host' in content) await mustRun('cp', ['--sparse=always', content.host, path]);
    else if ('text' in content) await writeFile(path, content.text);
    else await mustRun('ln', ['-s', content.link, path]);
  }
  await mustRun('mkfs.ext4', ['-q', '-L', 'COS_PERSISTENT', '-d', tree, output, size]);
  await rm(tree, { recursive: true });
}

/** A boot of the virtual node. */
export interface NodeBoot {
  readonly image: NodeImage;
  /** Its boot entry. */
  readonly entry: 'active' | 'passive' | 'recovery' | 'autoreset' | 'live';
  /** Trusted Boot: Secure Boot with these keys besides the image's own. */
  readonly trusted?: Partial<Omit<FirmwareKeys, 'pk' | 'kek'>>;
  /** The file system of the persistent partition, which the boot changes. */
  readonly persistent?: string;
  /** What is put into the EFI system partition in Trusted Boot, a directory. */
  readonly esp?: string;
  /** More arguments of the kernel; not in Trusted Boot, where they are part of what is signed. */
  readonly arguments?: string;
  /** What its clock shows when it is switched on, not before `1998-01-01`; otherwise the time of this machine. */
  readonly clock?: string;
  readonly files?: readonly GuestFile[];
  /** See {@link packGuestFiles}; files are below /run/lab. It runs once multi-user.target is reached. */
  readonly script: string;
  /** Seconds after which the machine is killed. */
  readonly timeout: number;
}

/** Boots the virtual node, runs a script in it, and returns what the script reported when it has powered off. */
export async function bootNode(boot: NodeBoot): Promise<VirtualMachineRun> {
  const { image, entry, trusted, persistent = '-', timeout } = boot;
  const directory = await mkdtemp('/var/tmp/kairos-sysext-node-');
  try {
    const { PK, KEK, db } = image.keys;
    const keys = trusted && {
      pk: PK.certificate,
      kek: KEK.certificate,
      ...trusted,
      db: [db.certificate, ...(trusted.db ?? [])],
    };
    const variables = await makeVariableStore(directory, keys, true);
    const disk = await packGuestFiles(directory, boot.files ?? [], boot.script, '/script');
    const [terminal, results] = [join(directory, 'console'), join(directory, 'results')];
    let esp = '-';
    if (trusted !== undefined) {
      esp = join(directory, 'esp');
      const name = entry === 'autoreset' ? 'statereset' : entry;
      await mustRun('sh', [
        lab('node-esp.sh'),
        image.path,
        name,
        esp,
        ...(boot.esp === undefined ? [] : [boot.esp]),
      ]);
    }
    const outcome = await runCommand(
      'sh',
      [
        lab('node-boot.sh'),
        image.path,
        trusted === undefined ? entry : `uki-${entry}`,
        variables,
        persistent,
        esp,
        boot.arguments ?? '',
        ...['-serial', `file:${terminal}`, '-serial', `file:${results}`],
        ...['-drive', `if=none,id=files,format=raw,readonly=on,file=${disk}`],
        ...['-device', 'virtio-blk-pci,drive=files,serial=files'],
        ...(boot.clock === undefined ? [] : ['-rtc', `base=${boot.clock}`]),
      ],
      { timeout },
    );
    const log = await readFile(terminal, 'utf8').catch(() => '');
    return await guestRun(outcome, timeout, results, log);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Boots several nodes, as many at once as there are pairs of processors, since each keeps one busy and disks another. */
export async function bootNodes<Name extends string>(
  boots: Readonly<Record<Name, () => Promise<VirtualMachineRun>>>,
): Promise<Record<Name, VirtualMachineRun>> {
  const waiting = Object.entries(boots) as [Name, () => Promise<VirtualMachineRun>][];
  const runs = {} as Record<Name, VirtualMachineRun>;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      runs[next[0]] = await next[1]();
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism() >> 1) }, work));
  return runs;
}
