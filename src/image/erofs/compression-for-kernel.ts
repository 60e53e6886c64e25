import { isOlderKernel, type KernelVersion } from '../kernel-requirement.ts';
import {
  CLUSTER_SIZES,
  COMPRESSION_METHODS,
  type CompressionMethodName,
  type CompressionSettings,
  hasBigClusters,
} from './compression-settings.ts';
import { SINCE } from './kernel-features.ts';

/** The oldest Linux that has EROFS. */
export const OLDEST_KERNEL: KernelVersion = SINCE.erofs;

const SMALLEST_CLUSTER = CLUSTER_SIZES[0];
const LARGEST_CLUSTER = CLUSTER_SIZES.at(-1)!;

/** The oldest Linux that surely reads what is written by some settings; undefined: not compressed, and with holes where zeros are. */
export function kernelFor(settings: CompressionSettings | undefined): KernelVersion {
  if (settings === undefined) return SINCE.chunkedFiles;
  const { algorithm } = COMPRESSION_METHODS[settings.method];
  if (algorithm !== 'lz4') return SINCE[algorithm];
  if (settings.tailPacking) return SINCE.tailPacking;
  return hasBigClusters(settings) ? SINCE.bigClusters : SINCE.erofs;
}

/**
 * What makes an image small that this kernel and all later ones read.
 *
 * @param kernel Undefined for any of this decade: then the settings are those that all distributions read.
 * @param method Another one than the best.
 */
export function compressionFor(
  kernel: KernelVersion | undefined,
  method: CompressionMethodName = bestMethod(kernel),
): CompressionSettings {
  const reads = (since: KernelVersion): boolean => kernel !== undefined && !isOlderKernel(kernel, since);
  const { algorithm, usual } = COMPRESSION_METHODS[method];
  return {
    method,
    level: usual,
    clusterSize: kernel === undefined || reads(SINCE.bigClusters) ? LARGEST_CLUSTER : SMALLEST_CLUSTER,
    // Other methods are younger than it.
    tailPacking: algorithm !== 'lz4' || reads(SINCE.tailPacking),
  };
}

function bestMethod(kernel: KernelVersion | undefined): CompressionMethodName {
  if (kernel === undefined || isOlderKernel(kernel, SINCE.deflate)) return 'lz4hc';
  return isOlderKernel(kernel, SINCE.zstd) ? 'deflate' : 'zstd';
}
