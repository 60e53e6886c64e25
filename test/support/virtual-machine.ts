import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FirmwareKeys, makeVariableStore } from './firmware.ts';
import { type GuestFile, guestRun, packGuestFiles, type VirtualMachineRun } from './guest-script.ts';
import { runCommand } from './run-command.ts';

export type { VirtualMachineRun } from './guest-script.ts';

/** What a boot is given. */
export interface VirtualMachineOptions {
  /** Certificates in the firmware's key variables; none when absent. Secure Boot itself stays off unless its firmware is asked for. */
  readonly firmwareKeys?: FirmwareKeys;
  /** Firmware with Secure Boot instead of one that keeps key variables unchecked; without keys it is in setup mode. */
  readonly secureBootFirmware?: boolean;
  /** Files of this machine to put into the guest, at absolute paths. */
  readonly files: readonly GuestFile[];
  /**
   * A shell script that the guest runs as root once basic.target is reached, and after which it powers off. What it wants
   * to report it runs as `step NAME COMMAND [ARGUMENT]...`; the command may be a shell function of its own.
   */
  readonly script: string;
  /** Seconds after which the machine is killed; a boot takes about 15 on an idle machine. */
  readonly timeout: number;
}

const boot = fileURLToPath(new URL('../../lab/boot.sh', import.meta.url));

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
    const disk = await packGuestFiles(directory, options.files, options.script, '/run/lab/script');
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
    return await guestRun(outcome, options.timeout, results, log);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
