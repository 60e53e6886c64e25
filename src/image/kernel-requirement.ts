/** A version of Linux: 5.13 is [5, 13]. */
export type KernelVersion = readonly [major: number, minor: number];

/** The oldest Linux that can read a file system, and for which of its features. */
export interface KernelRequirement {
  readonly version: KernelVersion;
  /** As a sentence about the file system goes on: `is compressed with zstd`. */
  readonly reason: string;
}

/** A version as it is written, such as `5.13`. */
export function kernelVersionText([major, minor]: KernelVersion): string {
  return `${major}.${minor}`;
}

/** Whether a version is older than another. */
export function isOlderKernel(one: KernelVersion, other: KernelVersion): boolean {
  return one[0] < other[0] || (one[0] === other[0] && one[1] < other[1]);
}

/** The version in what `uname -r` prints, such as `6.12.57+deb13-amd64`; undefined where there is none. */
export function parseKernelRelease(release: string): KernelVersion | undefined {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})(?!\d)/.exec(release) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}
