import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FirmwareKeys, makeVariableStore } from './firmware.ts';
import { mustRun, type Outcome, runCommand } from './run-command.ts';

/** What a boot is given. */
export interface VirtualMachineOptions {
  /** Certificates in the firmware's key variables; none when absent. Secure Boot itself stays off unless its firmware is asked for. */
  readonly firmwareKeys?: FirmwareKeys;
  /** Firmware with Secure Boot instead of one that keeps key variables unchecked; without keys it is in setup mode. */
  readonly secureBootFirmware?: boolean;
  /** Files of this machine to put into the guest, at absolute paths. */
  readonly files: readonly { readonly guest: string; readonly host: string }[];
  /**
   * A shell script that the guest runs as root once basic.target is reached, and after which it powers off. What it wants
   * to report it runs as `step NAME COMMAND [ARGUMENT]...`; the command may be a shell function of its own.
   */
  readonly script: string;
  /** Seconds after which the machine is killed; a boot takes about 15 on an idle machine. */
  readonly timeout: number;
}

/** What a boot left behind. */
export interface VirtualMachineRun {
  /** How a step of the script ended. Throws when there was none of that name. */
  step(name: string): Outcome;
  /** Everything the guest's kernel and init printed. */
  readonly console: string;
}

const boot = fileURLToPath(new URL('../../lab/boot.sh', import.meta.url));

/**
 * Defines `step` for the guest's script. Reports are lines of JSON on the second serial port; what a command printed is
 * in base64, so that nothing needs quoting. Firmware writes to that port too, so other lines are possible.
 */
const prelude = `
stty -F /dev/ttyS1 raw -echo
step() {
  local name=$1 status=0
  shift
  "$@" >/run/lab/stdout 2>/run/lab/stderr </dev/null || status=$?
  printf '{"step":"%s","command":"%s","status":%d,"stdout":"%s","stderr":"%s"}\\n' "$name" "$(printf '%s' "$*" | base64 -w0)" \\
    "$status" "$(base64 -w0 /run/lab/stdout)" "$(base64 -w0 /run/lab/stderr)" >/dev/ttyS1
}
`;

/** The second disk as the guest names it; its driver is a module, so it takes a moment to appear. */
const FILES_DISK = '/dev/disk/by-id/virtio-files';

/** Unpacks the second disk, a tar archive, and runs the script that it brought. */
const unpackAndRun = [
  `udevadm wait ${FILES_DISK}`,
  `tar --extract --no-overwrite-dir --file=${FILES_DISK} --directory=/`,
  'exec sh -eu /run/lab/script',
].join(' && ');

const kernelArguments = [
  `systemd.run="/bin/sh -c '${unpackAndRun}'"`,
  'systemd.run_success_action=poweroff-force',
  'systemd.run_failure_action=poweroff-force',
].join(' ');

/** Boots the virtual machine of lab/, runs a script in it, and returns what the script reported when it has powered off. */
export async function bootVirtualMachine(options: VirtualMachineOptions): Promise<VirtualMachineRun> {
  const directory = await mkdtemp('/var/tmp/kairos-sysext-vm-');
  try {
    const variables = await makeVariableStore(directory, options.firmwareKeys);
    const disk = await packFiles(directory, options);
    const [terminal, results] = [join(directory, 'console'), join(directory, 'results')];
    const outcome = await runCommand(
      'sh',
      [
        boot,
        variables,
        kernelArguments,
        ...['-serial', `file:${terminal}`, '-serial', `file:${results}`],
        ...['-drive', `if=none,id=files,format=raw,readonly=on,file=${disk}`],
        ...['-device', 'virtio-blk-pci,drive=files,serial=files'],
      ],
      {
        timeout: options.timeout,
        env: { LAB_FIRMWARE: options.secureBootFirmware === true ? 'secboot' : 'plain' },
      },
    );
    const log = await readFile(terminal, 'utf8').catch(() => '');
    const steps = await readSteps(results);
    const end = steps.get('end');
    if (outcome.status !== 0 || end === undefined) {
      const what =
        outcome.status === 137
          ? `was killed after ${options.timeout} s`
          : `ended with status ${outcome.status}`;
      const reached = [...steps.keys()].join(', ') || 'none';
      throw new Error(
        `the virtual machine ${what}; steps of the script: ${reached}\n${outcome.stderr}${log.slice(-4000)}`,
      );
    }
    return {
      console: log,
      step: (name) => {
        const step = steps.get(name);
        if (step === undefined) throw new Error(`no step ${name}; there are ${[...steps.keys()].join(', ')}`);
        return step;
      },
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A tar archive of the files and the script, to be read by the guest as a disk. Returns its path. */
async function packFiles(
  directory: string,
  { files, script }: Pick<VirtualMachineOptions, 'files' | 'script'>,
): Promise<string> {
  const staging = join(directory, 'files');
  const own = join(directory, 'script');
  await writeFile(own, `${prelude}\n${script}\nstep end true\n`);
  for (const { guest, host } of [...files, { guest: '/run/lab/script', host: own }]) {
    const path = join(staging, guest);
    await mkdir(dirname(path), { recursive: true });
    await symlink(host, path);
  }
  const archive = join(directory, 'files.tar');
  await mustRun('tar', [
    '--create',
    '--sparse',
    '--dereference',
    '--file',
    archive,
    '--directory',
    staging,
    '.',
  ]);
  return archive;
}

async function readSteps(results: string): Promise<Map<string, Outcome>> {
  const text = await readFile(results, 'utf8').catch(() => '');
  const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');
  const steps = new Map<string, Outcome>();
  for (const [line] of text.matchAll(/\{"step":.*\}$/gm)) {
    const report = JSON.parse(line) as Outcome & { step: string };
    steps.set(report.step, {
      command: decode(report.command),
      status: report.status,
      stdout: decode(report.stdout),
      stderr: decode(report.stderr),
    });
  }
  return steps;
}
