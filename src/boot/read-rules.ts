import { ImagePolicyError } from '../image/policy/error.ts';
import { parseImagePolicy } from '../image/policy/parse.ts';
import type { ImagePolicy } from '../image/policy/policy.ts';
import type { Configuration } from '../node/config/configuration.ts';
import { readConfiguration } from '../node/config/read-configuration.ts';
import { NodeError } from '../node/error.ts';
import type { Host } from '../node/host/host.ts';
import { type MachineTrust, machineTrust, type TrustPlaces } from '../node/machine-trust.ts';
import { TrustError } from '../trust/error.ts';
import type { BootLog } from './log.ts';

/** The configuration where nothing is configured. */
const NOTHING: Configuration = {
  certificateFiles: [],
  certificates: [],
  requireSignatures: false,
  imagePolicy: undefined,
  hierarchies: undefined,
  mutable: undefined,
  proxy: undefined,
  caFile: undefined,
  downloadLimit: undefined,
  bootTimeout: undefined,
};

/**
 * Reads the configuration of the system that is booted. One that cannot be understood could demand signatures: then they are
 * demanded, and nobody is trusted by it.
 */
export async function readBootConfiguration(
  system: Host,
  problem: (text: string) => void,
): Promise<Configuration> {
  try {
    return await readConfiguration(system);
  } catch (error) {
    const message = error instanceof NodeError ? error.message : `unexpected: ${String(error)}`;
    problem(`${message}; as long as the configuration cannot be understood, signatures are required`);
    return { ...NOTHING, requireSignatures: true };
  }
}

/** As {@link machineTrust}, without the certificates of the configuration that cannot be read. */
export async function readBootTrust(
  places: TrustPlaces,
  isTrustedBoot: boolean,
  configuration: Configuration,
  problem: (text: string) => void,
): Promise<MachineTrust> {
  const { requireSignatures, certificateFiles, certificates } = configuration;
  const request = { isTrustedBoot, requireSignatures, certificateFiles, certificates };
  try {
    return await machineTrust(places, request);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
  }
  const isReadable = async (one: Partial<typeof request>): Promise<boolean> => {
    try {
      // Of this one only: neither the firmware's nor those of verity.d.
      const none = { ...places, verityDirectories: [], efivars: '/nonexistent' };
      await machineTrust(none, {
        ...request,
        requireSignatures: true,
        certificateFiles: [],
        certificates: [],
        ...one,
      });
      return true;
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      problem(error.message);
      return false;
    }
  };
  const readable = { files: [] as string[], written: [] as (typeof certificates)[number][] };
  for (const file of certificateFiles) {
    if (await isReadable({ certificateFiles: [file] })) readable.files.push(file);
  }
  for (const written of certificates) {
    if (await isReadable({ certificates: [written] })) readable.written.push(written);
  }
  return machineTrust(places, {
    ...request,
    certificateFiles: readable.files,
    certificates: readable.written,
  });
}

/** An image policy; undefined where it is none, as one may be that is written for a newer systemd. */
export function readBootPolicy(text: string | undefined, log: BootLog): ImagePolicy | undefined {
  if (text === undefined) return undefined;
  try {
    return parseImagePolicy(text);
  } catch (error) {
    if (!(error instanceof ImagePolicyError)) throw error;
    log.warning(
      `the image policy ${text} cannot be understood, so images are not held against it: ${error.message}`,
    );
    return undefined;
  }
}
