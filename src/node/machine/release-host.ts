import { arch } from 'node:os';
import { byteString } from '../../base/byte-string.ts';
import type { ReleaseHost } from '../../image/extension/check-release.ts';
import { parseRelease, RELEASE_FILE_MAX } from '../../image/extension/release.ts';
import type { Host } from '../host/host.ts';

/** systemd's names of architectures, by Node's. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'x86-64',
  ia32: 'x86',
  arm64: 'arm64',
  arm: 'arm',
  riscv64: 'riscv64',
  loong64: 'loongarch64',
  s390x: 's390x',
  ppc64: 'ppc64-le',
};

/** systemd's name of this machine's architecture; undefined where it has none that is known here. */
export function machineArchitecture(): string | undefined {
  return ARCHITECTURES[arch()];
}

/**
 * The release of the machine that extensions must fit; undefined where it has none that can be read.
 *
 * @param systemdVersion Undefined where nobody knows: then it is a new one.
 */
export function readReleaseHost(host: Host, systemdVersion: number | undefined): ReleaseHost | undefined {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const bytes = host.readFile(path, RELEASE_FILE_MAX);
    if (bytes === undefined) continue;
    const osRelease = parseRelease(byteString(bytes));
    return (
      osRelease && {
        osRelease,
        architecture: machineArchitecture(),
        // Which of its point releases runs is not known: the last one accepts most.
        ...(systemdVersion !== undefined && { systemdVersion: `${systemdVersion}.99` }),
      }
    );
  }
  return undefined;
}

/** The architecture of container images for this machine, in Go's terms. */
export function containerArchitecture(): string {
  return CONTAINER_ARCHITECTURES[arch()] ?? arch();
}

const CONTAINER_ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
};
