import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host, RunResult } from '../../../src/node/host/host.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';

/** A machine in a scratch directory, with a systemd that does as little as the agent needs; faults can be set. */
export class SimulatedMachine {
  readonly root = fs.mkdtempSync(join(tmpdir(), 'machine-'));
  readonly host: Host;
  /** Programs that were run. */
  readonly commands: string[] = [];
  /** Names that systemd leaves out, and says so. */
  ignored: string[] = [];
  /** What systemd fails with, instead of refreshing. */
  failure: string | undefined;
  /** How often systemd is killed in the middle of a refresh, when nothing is merged any more. */
  kills = 0;
  version = 257;
  /** What `systemctl show` prints. */
  unit = '';

  constructor(sentinel = 'active_mode') {
    this.write('etc/os-release', 'ID=debian\nVERSION_ID=13\n');
    this.write('proc/cmdline', 'console=ttyS0');
    this.write(`run/cos/${sentinel}`, '1');
    fs.mkdirSync(join(this.root, 'usr/bin'), { recursive: true });
    const host = nodeHost({ root: this.root, environment: process.env });
    this.host = { ...host, isRunning: true, run: (program, args) => this.#run(program, args) };
  }

  write(path: string, content: string | Uint8Array): void {
    const whole = join(this.root, path);
    fs.mkdirSync(join(whole, '..'), { recursive: true });
    fs.writeFileSync(whole, content);
  }

  /** Puts an image into the store by hand. */
  put(image: string, name: string): void {
    this.write(`var/lib/kairos/extensions/${name}`, fs.readFileSync(image));
  }

  /** The links in a directory. */
  links(path: string): Record<string, string> {
    const directory = join(this.root, path);
    if (!fs.existsSync(directory)) return {};
    return Object.fromEntries(
      fs.readdirSync(directory).map((name) => [name, fs.readlinkSync(join(directory, name))]),
    );
  }

  /** The names that are merged. */
  get live(): string[] {
    const path = join(this.root, 'usr/.systemd-sysext/extensions');
    return fs.existsSync(path) ? fs.readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  }

  /** A boot: what is in /run is gone. */
  reboot(): void {
    fs.rmSync(join(this.root, 'run/extensions'), { recursive: true, force: true });
    fs.rmSync(join(this.root, 'usr/.systemd-sysext'), { recursive: true, force: true });
  }

  remove(): void {
    fs.rmSync(this.root, { recursive: true });
  }

  async #run(program: string, args: readonly string[]): Promise<RunResult> {
    this.commands.push([program, ...args].join(' '));
    if (program === 'systemctl' && args[0] === '--version') {
      return { status: 0, stdout: `systemd ${this.version} (test)\n`, stderr: '' };
    }
    if (program === 'systemctl') return { status: 0, stdout: this.unit, stderr: '' };
    return this.#refresh();
  }

  #refresh(): RunResult {
    if (this.kills > 0) {
      this.kills -= 1;
      fs.rmSync(join(this.root, 'usr/.systemd-sysext'), { recursive: true, force: true });
      return { status: undefined, stdout: '', stderr: '' };
    }
    if (this.failure !== undefined) return { status: 1, stdout: '', stderr: `${this.failure}\n` };
    const directory = join(this.root, 'run/extensions');
    const names = fs.existsSync(directory)
      ? fs
          .readdirSync(directory)
          .filter((name) => this.host.openDirectory('/run/extensions')?.resolves(name))
          .map((name) => name.replace(/(\.sysext)?\.raw$/, ''))
      : [];
    const merged = names.filter((name) => !this.ignored.includes(name));
    const stderr = names
      .filter((name) => this.ignored.includes(name))
      .map((name) => `Extension for '${name}' is ignored: it does not match\n`);
    fs.rmSync(join(this.root, 'usr/.systemd-sysext'), { recursive: true, force: true });
    if (merged.length > 0) {
      const { dev } = fs.statSync(join(this.root, 'usr'));
      this.write('usr/.systemd-sysext/dev', `${Math.floor(dev / 256) % 4096}:${dev % 256}\n`);
      this.write('usr/.systemd-sysext/extensions', `${merged.sort().join('\n')}\n`);
    }
    return { status: 0, stdout: '', stderr: stderr.join('') };
  }
}
