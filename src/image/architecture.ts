/**
 * Architectures that have partition types, as systemd names them (systemd 257 src/basic/architecture.c). It is
 * also what `ARCHITECTURE=` in an extension-release file holds.
 */
export type Architecture =
  | 'alpha'
  | 'arc'
  | 'arm'
  | 'arm64'
  | 'ia64'
  | 'loongarch64'
  | 'mips'
  | 'mips-le'
  | 'mips64'
  | 'mips64-le'
  | 'parisc'
  | 'ppc'
  | 'ppc64'
  | 'ppc64-le'
  | 'riscv32'
  | 'riscv64'
  | 's390'
  | 's390x'
  | 'tilegx'
  | 'x86'
  | 'x86-64';

/** Architectures that images are built for, as Go and container images name them, with systemd's name. */
export const ARCHITECTURES_BY_GO_NAME = {
  amd64: 'x86-64',
  arm64: 'arm64',
  riscv64: 'riscv64',
} as const satisfies Readonly<Record<string, Architecture>>;

/** An architecture that images are built for, as Go and container images name it. */
export type GoArchitecture = keyof typeof ARCHITECTURES_BY_GO_NAME;
