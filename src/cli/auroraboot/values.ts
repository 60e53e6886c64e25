import { readFile } from 'node:fs/promises';
import { byteString } from '../../base/byte-string.ts';
import { escapeControls } from '../../base/display.ts';
import { ARCHITECTURES_BY_GO_NAME } from '../../image/architecture.ts';
import { compressionFor, kernelFor, OLDEST_KERNEL } from '../../image/erofs/compression-for-kernel.ts';
import {
  CLUSTER_SIZES,
  COMPRESSION_METHODS,
  type CompressionMethodName,
  type CompressionSettings,
} from '../../image/erofs/compression-settings.ts';
import { ImageError } from '../../image/error.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { parseRelease, RELEASE_FILE_MAX, type Release } from '../../image/extension/release.ts';
import { uuidBytes } from '../../image/guid.ts';
import { defaultSeed } from '../../image/identifiers.ts';
import {
  isOlderKernel,
  type KernelVersion,
  kernelVersionText,
  parseKernelRelease,
} from '../../image/kernel-requirement.ts';
import { sha1 } from '../../platform/hash.ts';
import { fileError } from '../../source/file-error.ts';
import { UsageError } from '../failure.ts';

/** Highest SOURCE_DATE_EPOCH: the last second of the year 9999, beyond which dates have no common form. */
const LATEST_EPOCH = 253_402_300_799;

/** The value of `--layers`. */
export function parseLayers(text: string): number | 'all' {
  if (text === 'all') return 'all';
  if (text === 'last') return 1;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new UsageError(`--layers '${text}' is none of: last, all, a number from 1 on`);
}

/** The flags that say how files are compressed. */
export interface CompressionFlags {
  readonly compression?: string;
  readonly clusterSize?: string;
  readonly kernel?: string;
}

/** The values of `--compression`, `--cluster-size` and `--kernel`: how files are compressed, undefined for not at all. */
export function parseCompression(flags: CompressionFlags): CompressionSettings | undefined {
  const { kernel: kernelText, compression } = flags;
  const kernel = kernelText === undefined ? undefined : parseKernel(kernelText);
  const settings = compression === undefined ? compressionFor(kernel) : parseMethod(compression, kernel);
  const clusterSize = flags.clusterSize === undefined ? undefined : parseClusterSize(flags.clusterSize);
  const chosen =
    settings === undefined || clusterSize === undefined ? settings : { ...settings, clusterSize };
  const needed = kernelFor(chosen);
  if (kernel !== undefined && isOlderKernel(kernel, needed)) {
    const what =
      chosen === undefined
        ? 'files with holes'
        : `${chosen.method} in clusters of ${chosen.clusterSize / 1024}K`;
    throw new UsageError(
      `--kernel ${kernelVersionText(kernel)} does not read ${what}, which take Linux ${kernelVersionText(needed)} or later`,
      'leave out --compression and --cluster-size, to have what that kernel reads',
    );
  }
  return chosen;
}

function parseKernel(text: string): KernelVersion {
  const version = parseKernelRelease(text);
  if (version === undefined)
    throw new UsageError(
      `--kernel '${escapeControls(text)}' is no version of Linux`,
      'write it as 6.1, or as uname -r prints it',
    );
  if (isOlderKernel(version, OLDEST_KERNEL)) {
    throw new UsageError(
      `--kernel ${kernelVersionText(version)} reads no EROFS, which takes Linux ${kernelVersionText(OLDEST_KERNEL)} or later`,
    );
  }
  return version;
}

function parseClusterSize(text: string): number {
  const clusterSize = CLUSTER_SIZES.find((size) => `${size / 1024}K` === text.toUpperCase());
  if (clusterSize !== undefined) return clusterSize;
  const sizes = CLUSTER_SIZES.map((size) => `${size / 1024}K`).join(', ');
  throw new UsageError(`--cluster-size '${text}' is none of: ${sizes}`);
}

function parseMethod(text: string, kernel: KernelVersion | undefined): CompressionSettings | undefined {
  if (text === 'none') return undefined;
  const [name = '', levelText, ...rest] = text.split(':');
  const method = METHOD_NAMES.find((known) => known === name);
  if (method === undefined || rest.length > 0) {
    throw new UsageError(
      `--compression '${text}' is none of: none, ${METHOD_NAMES.join(', ')}`,
      'a level goes behind a colon, as in zstd:9',
    );
  }
  const { lowest, highest, usual } = COMPRESSION_METHODS[method];
  const level = levelText === undefined ? usual : Number(levelText);
  if (!/^\d{1,2}$/.test(levelText ?? '0') || level < lowest || level > highest) {
    throw new UsageError(
      `--compression '${text}': ${method} has ${lowest === highest ? `level ${lowest} only` : `levels from ${lowest} to ${highest}`}`,
    );
  }
  return { ...compressionFor(kernel, method), level };
}

const METHOD_NAMES = Object.keys(COMPRESSION_METHODS) as CompressionMethodName[];

/** The value of `--seed`, or the seed auroraboot uses for that class of extension. */
export function parseSeed(text: string | undefined, kind: ExtensionKind): Uint8Array {
  if (text === undefined) return defaultSeed(kind.name, sha1);
  try {
    return uuidBytes(text);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new UsageError(`--seed: ${error.message}`, error.hint);
  }
}

/** The value of SOURCE_DATE_EPOCH, seconds since 1970 (reproducible-builds.org/specs/source-date-epoch). */
export function parseSourceDateEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const seconds = Number(text);
  if (/^\d{1,12}$/.test(text) && seconds <= LATEST_EPOCH) return seconds;
  throw new UsageError(`SOURCE_DATE_EPOCH is '${text}'`, 'set it to whole seconds since 1970, or unset it');
}

/** The value of `--arch` where any architecture will do: systemd's name of it, or Go's. */
export function parseArchitecture(text: string): string {
  if (!/^[a-z0-9-]{1,32}$/.test(text)) throw new UsageError(`--arch '${text}' is no name of an architecture`);
  return Object.hasOwn(ARCHITECTURES_BY_GO_NAME, text)
    ? ARCHITECTURES_BY_GO_NAME[text as keyof typeof ARCHITECTURES_BY_GO_NAME]
    : text;
}

/** The os-release file of a host (os-release(5)). */
export async function readOsRelease(path: string): Promise<Release> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw fileError(error, path);
  }
  const release = bytes.length > RELEASE_FILE_MAX ? undefined : parseRelease(byteString(bytes));
  if (release === undefined) {
    throw new UsageError(`--os-release ${escapeControls(path)} is not in the form of os-release(5)`);
  }
  return release;
}
