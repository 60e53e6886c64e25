import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bootPlaces } from '../../src/boot/places.ts';
import { type BootResult, runBoot } from '../../src/boot/run-boot.ts';
import type { Host } from '../../src/node/host/host.ts';
import { nodeHost } from '../../src/node/host/node-host.ts';
import type { BootedExtension } from '../../src/node/machine/boot-report.ts';
import { type SignatureList, X509 } from '../../src/trust/efi/signature-list/layout.ts';
import { writeSignatureLists } from '../../src/trust/efi/signature-list/write.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { succeeded } from '../support/run-command.ts';

export const LOADER = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
const GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const SECURITY = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f';
const OWNER = '01234567-89ab-cdef-fedc-ba9876543210';
const ATTRIBUTES = Uint8Array.of(0x27, 0, 0, 0);
const EFIVARS = 'sys/firmware/efi/efivars';

/** A machine that boots, in a scratch directory: the initramfs, and the system under its sysroot. */
export class BootingMachine {
  readonly root = fs.mkdtempSync(join(tmpdir(), 'booting-'));
  /** Lines on the console. */
  readonly console: string[] = [];
  /** Changes the host of a root, to let it fail. */
  change: (host: Host) => Host = (host) => host;
  isUki = false;

  constructor(commandLine = 'root=LABEL=COS_ACTIVE') {
    this.commandLine(commandLine);
    fs.mkdirSync(join(this.root, 'sysroot'));
    this.write('sysroot/etc/os-release', 'ID=debian\nVERSION_ID=13\n');
  }

  commandLine(text: string): void {
    this.write('proc/cmdline', `${text}\n`);
  }

  /** A unified kernel image was booted, by an entry of the boot loader; its initramfs is the system. */
  uki(entry = 'active.conf', arguments_ = ''): void {
    this.isUki = true;
    this.commandLine(`rd.immucore.uki ${arguments_}`);
    this.write('etc/os-release', 'ID=debian\nVERSION_ID=13\n');
    this.loader('LoaderDevicePartUUID', '0f0f');
    this.loader('LoaderEntrySelected', entry);
    this.variable('SecureBoot', Uint8Array.of(1));
    this.variable('SetupMode', Uint8Array.of(0));
  }

  loader(name: string, text: string): void {
    const value = Buffer.from(`${text}\0`, 'utf16le');
    this.write(`${EFIVARS}/${name}-${LOADER}`, Buffer.concat([ATTRIBUTES, value]));
  }

  variable(name: string, value: Uint8Array, attributes = ATTRIBUTES): void {
    const vendor = name.startsWith('db') ? SECURITY : GLOBAL;
    this.write(`${EFIVARS}/${name}-${vendor}`, Buffer.concat([attributes, value]));
  }

  /** Enrols certificates, DER. */
  enrol(name: 'PK' | 'KEK' | 'db' | 'dbx', ...certificates: readonly Uint8Array[]): void {
    const lists = certificates.map(
      (data): SignatureList => ({
        type: X509,
        header: new Uint8Array(),
        signatures: [{ owner: OWNER, data }],
      }),
    );
    this.variable(name, writeSignatureLists(lists));
  }

  write(path: string, content: string | Uint8Array): void {
    const whole = join(this.root, path);
    fs.mkdirSync(dirname(whole), { recursive: true });
    fs.writeFileSync(whole, content);
  }

  read(path: string): string {
    return fs.readFileSync(join(this.root, path), 'utf8');
  }

  /** Where a file of the system is, from the root. */
  system(path: string): string {
    return this.isUki ? path : `sysroot/${path}`;
  }

  /** Puts an image into the store, and enables it for profiles. */
  put(image: string | Uint8Array, name: string, ...profiles: readonly string[]): void {
    const content = typeof image === 'string' ? fs.readFileSync(image) : image;
    const store = this.system(`var/lib/kairos/${/\.confext\.raw$/.test(name) ? 'confexts' : 'extensions'}`);
    this.write(`${store}/${name}`, content);
    for (const profile of profiles) this.link(`${store}/${profile}/${name}`, `../${name}`);
  }

  link(path: string, target: string): void {
    const whole = join(this.root, path);
    fs.mkdirSync(dirname(whole), { recursive: true });
    fs.symlinkSync(target, whole);
  }

  /** The links in a directory. */
  links(path = 'run/extensions'): Record<string, string> {
    const directory = join(this.root, path);
    if (!fs.existsSync(directory)) return {};
    return Object.fromEntries(
      fs.readdirSync(directory).map((name) => [name, fs.readlinkSync(join(directory, name))]),
    );
  }

  list(path: string): string[] {
    const directory = join(this.root, path);
    return fs.existsSync(directory) ? fs.readdirSync(directory).sort() : [];
  }

  get log(): string {
    return this.read('run/immucore/immucore.log');
  }

  host(root = this.root): Host {
    const host = nodeHost({ root, environment: {} });
    return this.change({ ...host, announce: (line) => void this.console.push(line) });
  }

  boot(): Promise<BootResult> {
    return runBoot(bootPlaces(this.host(), (root) => this.host(root)));
  }

  /** Boots, and tells what became of each extension: `linked`, or the code of why it was left out. */
  async outcomes(): Promise<Record<string, string>> {
    const { report } = await this.boot();
    const text = ({ outcome, code }: BootedExtension): string =>
      outcome === 'linked' ? 'linked' : `${code}`;
    return Object.fromEntries(report.extensions.map((one) => [one.file, text(one)]));
  }

  remove(): void {
    fs.rmSync(this.root, { recursive: true });
  }
}

/** Builds an extension that holds one file. Returns the image. */
export async function buildExtension(
  directory: string,
  name: string,
  flags: readonly string[] = [],
  kind: 'sysext' | 'confext' = 'sysext',
): Promise<string> {
  const tree = fs.mkdtempSync(join(directory, 'tree-'));
  const file = kind === 'sysext' ? 'usr/bin/app' : 'etc/app.conf';
  fs.mkdirSync(join(tree, dirname(file)), { recursive: true });
  fs.writeFileSync(join(tree, file), `${name} ${flags.join(' ')}\n`);
  const output = fs.mkdtempSync(join(directory, 'image-'));
  const args = [kind, '--quiet', ...flags, '--output', output, name, `dir:${tree}`];
  return succeeded(await auroraboot(args)).stdout.trim();
}
